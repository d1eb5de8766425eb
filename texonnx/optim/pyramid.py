"""Coarse to fine: the sizes of the exemplar and of the output at every scale.

Large structures are settled where they are a few pixels wide and everything is cheap; the finer
scales add detail. The idea is as old as Heeger and Bergen 1995; the halving is the simplest.
"""

from __future__ import annotations

from dataclasses import dataclass

from texonnx.errors import OptionError
from texonnx.sizes import Size

COARSEST_SIDE = {"patches": 32, "spectrum": 64}
"""Without a number of scales, sizes are halved while the shorter side stays at least this.

By what a finer scale starts from: patches keep what was laid out where everything is cheapest,
noise does not.
"""


@dataclass(frozen=True)
class Scale:
    """The sizes in pixels, height and width, at one scale."""

    exemplar: Size
    output: Size


def pyramid(
    exemplar: Size, output: Size, scales: int | None, minimum_size: int, coarsest_side: int = 64
) -> list[Scale]:
    """Return the scales from coarsest to finest; each halves the one after it.

    Parameters
    ----------
    exemplar, output
        Height and width in pixels at the finest scale.
    scales
        How many scales; if not given, as many as keep the shorter side at `coarsest_side`.
    minimum_size
        The least side that the layers can look at.
    coarsest_side
        In pixels, at least: what `COARSEST_SIDE` says, or what a verb wants.

    Raises
    ------
    OptionError
        When the coarsest scale would be smaller than that.

    Examples
    --------
    >>> [str(scale.output) for scale in pyramid(Size(256, 256), Size(256, 512), 3, 16)]
    ['128x64', '256x128', '512x256']
    """
    shortest = min(*exemplar, *output)
    if scales is None:
        scales = max(1, (shortest // max(coarsest_side, minimum_size)).bit_length())
    coarsest = shortest >> (scales - 1)
    if coarsest < minimum_size:
        raise OptionError(
            f"{scales} scales shrink {shortest} pixels to {coarsest}, and the chosen layers need "
            f"at least {minimum_size}; take fewer scales, fewer layers or a larger image"
        )
    factors = [2**k for k in reversed(range(scales))]
    return [Scale(shrunk(exemplar, factor), shrunk(output, factor)) for factor in factors]


def shrunk(size: Size, factor: int) -> Size:
    """Return a size divided by `factor`, rounded down, at least one pixel each way."""
    return Size(*(max(1, side // factor) for side in size))
