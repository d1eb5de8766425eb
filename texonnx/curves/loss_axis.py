"""The axis of a loss: logarithmic where the losses allow it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DECADES = 7
"""The most that is shown below the largest loss: a part that began at zero goes far down."""


def scale_losses(axes: Axes, curves: Iterable[Sequence[float]]) -> bool:
    """Make the y-axis logarithmic unless a loss is negative or none is positive.

    Returns
    -------
    bool
        Whether it is.
    """
    losses = [loss for curve in curves for loss in curve if isfinite(loss)]
    positive = [loss for loss in losses if loss > 0]
    if not positive or min(losses) < 0:
        return False
    highest = max(positive)
    lowest = max(min(positive), highest / 10**_DECADES)
    margin = max(highest / lowest, 2) ** 0.05
    axes.set(yscale="log", ylim=(lowest / margin, highest * margin))
    return True


def drawable(losses: Iterable[float], logarithmic: bool) -> list[float]:
    """Return `losses` with a gap (NaN) for each that a logarithmic axis does not have."""
    return [loss if loss > 0 or not logarithmic else nan for loss in losses]
