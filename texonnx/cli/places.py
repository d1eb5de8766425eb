"""Where the outputs of a run go: checked before it begins, found elsewhere if that fails."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from texonnx.cli.pipes import PIPE, to_standard_output
from texonnx.errors import ImageError, OptionError
from texonnx.sizes import Size
from texonnx.system.files import free_path

_OURS = (b"texonnx", b"scale,height,width,step", b'"layer_losses"')
"""One of them stands in whatever texonnx writes."""
_LOOKED_AT = 1 << 16
_MARGIN = 1 << 20
"""Bytes for what is written beside the image."""


@contextmanager
def place_for(output: Path | None, name: str, suffix: str) -> Iterator[Path]:
    """Give the file that an output goes to: the one named, else `name`, or the first free like it.

    ``-`` is standard output, in the format of `suffix`.
    """
    with ExitStack() as stack:
        if output is None:
            yield stack.enter_context(free_path(name))
        elif output == PIPE:
            yield stack.enter_context(to_standard_output(suffix))
        else:
            yield output


def check_kept(output: Path, inputs: Sequence[Path], instead: str = "with --force it goes") -> None:
    """Raise :class:`OptionError` where an output would take the place of an input.

    `instead` is what a person can do, in words.
    """
    for one in inputs:
        with suppress(OSError):
            if output.samefile(one):
                raise OptionError(f"'{output}' is what the run is made from; {instead}")


def check_not_foreign(path: Path) -> None:
    """Raise :class:`OptionError` where there is a file that texonnx did not write."""
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
            file.seek(max(0, path.stat().st_size - _LOOKED_AT))
            text = head + file.read()
    except OSError:
        return  # nothing is there; or whoever writes says what is wrong
    if text and not any(mark in text for mark in _OURS):
        raise OptionError(f"'{path}' exists, and texonnx did not write it; replace it with --force")


def check_room(path: Path, size: Size, depth: int, images: int = 1) -> None:
    """Raise :class:`ImageError` where there is no room for so many images of that size."""
    needed = images * size.pixels * 3 * depth // 8 + _MARGIN
    with suppress(OSError):
        free = shutil.disk_usage(path.absolute().parent).free
        if free < needed:
            raise ImageError(
                f"cannot write '{path}': an image of {size} may take {needed / 1e6:.0f} MB, and "
                f"there are {free / 1e6:.0f} MB of room"
            )


def elsewhere(name: str) -> Iterator[Path]:
    """Yield where else an image may go when it cannot be written where it should."""
    for folder in (Path.cwd, Path.home, lambda: Path(tempfile.gettempdir())):
        with suppress(OSError, RuntimeError, OptionError), free_path(folder() / name) as path:
            yield path
