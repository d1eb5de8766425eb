"""Writing a figure as a file, and checking first that it can be."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

from texonnx.errors import ImageError
from texonnx.system.files import StrPath, check_target, write_whole
from texonnx.system.plotting import check_can_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES_SUFFIXES = (".png", ".svg")

_DOTS_PER_INCH = 120


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


def save_figure(path: StrPath, figure: Figure) -> None:
    """Write a figure as its suffix says, whole or not at all; the errors are ImageError's."""
    suffix = Path(path).suffix.lower()

    def write(file: IO[bytes]) -> None:
        figure.savefig(file, format=suffix[1:], dpi=_DOTS_PER_INCH)

    write_whole(path, write, CURVES_SUFFIXES, "plot", ImageError)
