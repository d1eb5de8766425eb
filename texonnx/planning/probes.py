"""Which sizes are tried out, and how the figures at the larger ones follow from theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from texonnx.objective.source import Traits
from texonnx.optim.pyramid import Scale, pyramid
from texonnx.sizes import Size

MOST_PIXELS = 512 * 512
"""Scales up to here are tried out: some seconds on two cores."""
MOST_PIXELS_IN_PARTS = 4096 * 4096
"""So are these, of which a few parts alone are evaluated, though whole images are moved."""

_LEAST_PROBES = 3
"""Two that give a slope, and a smaller one before them: the first pays for what comes but once."""


@dataclass(frozen=True)
class Probe:
    """What was measured at one scale.

    Attributes
    ----------
    size
        Height and width in pixels of the output.
    pixels
        Of the exemplar or the output, whichever has more.
    start_seconds
        For graphs, sessions and targets, and whatever else the first step pays for.
    step_seconds
        Of a step, optimiser included.
    step_megabytes, megabytes
        Peak memory of the process in MB, at the steps and ever so far; ``None`` where the system
        does not tell. The start of a scale may take more than its steps, and does not grow with
        the pixels as they do.
    """

    size: Size
    pixels: int
    start_seconds: float
    step_seconds: float
    step_megabytes: float | None = None
    megabytes: float | None = None


def pixels_of(scale: Scale) -> int:
    """Return the pixels of the exemplar or of the output, whichever has more."""
    return max(scale.exemplar.pixels, scale.output.pixels)


def scales_to_try(
    scales: Sequence[Scale], traits: Traits, in_parts: Callable[[Size], bool] = lambda size: False
) -> list[Scale]:
    """Return the scales to measure, coarsest first.

    They are those of the run, where none of it is large, or what is large is walked `in_parts`.
    Otherwise they are its small ones, and smaller ones yet until there are enough to extrapolate
    from. Graphs that are for given sizes alone are tried at these: the two smallest of the run.
    """
    finest = scales[-1]
    if pixels_of(finest) <= MOST_PIXELS:
        return list(scales)
    if in_parts(finest.output):
        possible = [
            scale
            for scale in scales
            if pixels_of(scale) <= (MOST_PIXELS_IN_PARTS if in_parts(scale.output) else MOST_PIXELS)
        ]
        if possible:
            return possible
    if traits.fixed_size is not None or traits.training_sizes is not None:
        return list(scales[:2])
    found = list(scales)
    shortest = min(*finest.exemplar, *finest.output)
    while len(_small(found)) < _LEAST_PROBES and shortest >> len(found) >= traits.minimum_size:
        found = pyramid(finest.exemplar, finest.output, len(found) + 1, traits.minimum_size)
    return _small(found) or found[:1]


def _small(scales: Sequence[Scale]) -> list[Scale]:
    return [scale for scale in scales if pixels_of(scale) <= MOST_PIXELS]


def extrapolate(probes: Sequence[Probe], pixels: int, figure: Callable[[Probe], float]) -> float:
    """Return a figure at so many pixels: what was measured there, or else on a straight line.

    The line goes through the two largest probes; with one probe, through it and 0. A figure does
    not fall as the pixels grow, so where noise makes the line fall, it is level.

    Examples
    --------
    >>> probes = [Probe(Size(1, n), n, 0.0, 0.1 + n / 100) for n in (5, 10, 20)]
    >>> round(extrapolate(probes, 80, lambda probe: probe.step_seconds), 6)
    0.9
    """
    for probe in probes:
        if probe.pixels == pixels:
            return figure(probe)
    last = probes[-1]
    if len(probes) == 1:
        return figure(last) * pixels / last.pixels
    before = probes[-2]
    slope = (figure(last) - figure(before)) / (last.pixels - before.pixels)
    return max(0.0, figure(last) + max(0.0, slope) * (pixels - last.pixels))
