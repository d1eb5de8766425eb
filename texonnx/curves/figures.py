"""What all plots of losses share: the figure, the axis of the loss, and the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from math import isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.errors import ImageError
from texonnx.system.files import StrPath, check_target, write_whole
from texonnx.system.plotting import check_can_plot
from texonnx.version import __version__

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES_SUFFIXES = (".png", ".svg")
LINES = ("-", "--", ":", "-.")

_HEIGHT = 5.5
_DOTS_PER_INCH = 120
_DECADES = 7
"""The most that is shown below the largest loss: a part that began at zero goes far down."""


def check_curves_path(path: StrPath) -> None:
    """Make sure, before any work is done, that curves could be drawn and written to `path`.

    Raises
    ------
    OptionError
        Where matplotlib is not installed.
    ImageError
        For another suffix than .png and .svg, a folder that is missing or cannot be written, or a
        path that is a folder or a read-only file.
    """
    check_can_plot()
    check_target(path, CURVES_SUFFIXES, "plot", ImageError)


def new_figure(width: float, title: str) -> Figure:
    """Return a figure of so many inches' width, its title as it is, if there is matplotlib."""
    check_can_plot()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, _HEIGHT), layout="constrained")
    figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure


def save_figure(path: StrPath, figure: Figure) -> None:
    """Write a figure as its suffix says, whole or not at all; the errors are ImageError's."""
    kind = Path(path).suffix.lower()[1:]
    metadata = {"Creator" if kind == "svg" else "Software": f"texonnx {__version__}"}
    draw = partial(figure.savefig, format=kind, dpi=_DOTS_PER_INCH, metadata=metadata)
    write_whole(path, draw, CURVES_SUFFIXES, "plot", ImageError)


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
