"""What a command that makes an image writes, and where to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from texonnx.errors import OptionError
from texonnx.options import Option, Options

_PANEL = "Output"


def _one_or_more(what: str, value: int) -> None:
    if value < 1:
        raise OptionError(f"{what} must be 1 or more, not {value}")


@dataclass(frozen=True)
class OutputOptions(Options):
    """What a run writes beside its image."""

    save_every: int | None = Option(
        "Also write the image every so many steps, as OUT-SCALE-STEP.",
        _PANEL,
        "--save-every",
        check=_one_or_more,
    ).default(None)
    history: Path | None = Option("Write every step's losses, as .csv or .json.", _PANEL).default(
        None
    )
    animate: Path | None = Option("Write the run as an animation, .gif or .webp.", _PANEL).default(
        None
    )
    plot: Path | None = Option(
        "Write the loss curves, total and by layer, as .png or .svg.", _PANEL
    ).default(None)


@dataclass(frozen=True)
class Outputs:
    """All that a run writes.

    Attributes
    ----------
    image
        The result.
    source
        The name of what it is made of, noted in the file.
    also
        What is written beside it.
    quiet
        Whether to print nothing.
    """

    image: Path
    source: str
    also: OutputOptions
    quiet: bool = False

    def check(self) -> None:
        """Raise a :class:`TexonnxError` for what could not be written, before any work is done."""
        from texonnx.cli.history import check_history_path
        from texonnx.curves import check_curves_path
        from texonnx.images import check_animation_path, check_writable

        for path in (self.also.animate, self.also.plot):
            if path is not None and path.absolute() == self.image.absolute():
                raise OptionError(f"two of the outputs would be written to '{path}'")
        check_writable(self.image)
        if self.also.history is not None:
            check_history_path(self.also.history)
        if self.also.animate is not None:
            check_animation_path(self.also.animate)
        if self.also.plot is not None:
            check_curves_path(self.also.plot)
