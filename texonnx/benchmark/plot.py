"""Seconds and memory against pixels, as a picture."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import groupby
from statistics import median

from texonnx.benchmark.cases import Measurement

_MARKERS = "osD^vP*X"
_DOTS_PER_INCH = 120
_FEW, _MANY = (1, 2, 5), tuple(range(1, 10))
"""Where an axis is labelled between two powers of ten: the shorter it is, the more often."""


def plot(measurements: Sequence[Measurement], title: str) -> bytes:
    """Return a PNG file: two panels with logarithmic axes, one line for each series.

    Parameters
    ----------
    measurements
        Those of a series lie beside each other; those that failed are left out.
    title
        Above both panels.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    figure = Figure(figsize=(11, 5), layout="constrained")
    figure.suptitle(title, fontsize="medium")
    panels = figure.subplots(1, 2)
    measured = [one for one in measurements if not one.failure]
    figures: list[tuple[str, Callable[[Measurement], float | None]]] = [
        ("seconds an iteration", lambda one: median(one.seconds)),
        ("peak memory, MB", lambda one: one.megabytes),
    ]
    for axes, (label, figure_of) in zip(panels, figures, strict=True):
        known = [one for one in measured if figure_of(one) is not None]
        if not known:
            axes.set_title(f"{label}: unknown")
            continue
        for number, (series, line) in enumerate(groupby(known, lambda one: one.series)):
            points = list(line)
            axes.plot(
                [point.size.pixels for point in points],
                [figure_of(point) for point in points],
                marker=_MARKERS[number % len(_MARKERS)],
                label=f"{series.engine}, {series.provider}, {series.precision}",
            )
        axes.set(xscale="log", yscale="log", xlabel="pixels", ylabel=label)
        sizes = {one.size.pixels: str(one.size) for one in measured}
        axes.set_xticks(list(sizes), list(sizes.values()))
        axes.xaxis.set_minor_locator(NullLocator())
        lowest, highest = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=_FEW if highest > 10 * lowest else _MANY))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:g}")
        axes.grid(True, alpha=0.3)
    if measured:
        panels[0].legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=_DOTS_PER_INCH)
    return picture.getvalue()
