"""``-`` for standard input and output: pictures in a pipe."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from texonnx.errors import OptionError

PIPE = Path("-")
_NAME = "stdin"


@contextmanager
def spooled(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Give a file for each path; for ``-`` one with what comes from standard input.

    Raises
    ------
    OptionError
        When it is named twice.
    """
    if PIPE not in paths:
        yield list(paths)
        return
    if paths.count(PIPE) > 1:
        raise OptionError("standard input can be read once; name '-' once")
    with tempfile.TemporaryDirectory(prefix="texonnx-") as folder:
        spool = Path(folder, _NAME)
        with spool.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [spool if path == PIPE else path for path in paths]


@contextmanager
def to_standard_output(suffix: str) -> Iterator[Path]:
    """Give a file to write to; what is in it in the end goes to standard output.

    Raises
    ------
    OptionError
        When that is a terminal.
    """
    if sys.stdout.isatty():
        raise OptionError("standard output is a terminal; lead it to a file or a program")
    with tempfile.TemporaryDirectory(prefix="texonnx-") as folder:
        target = Path(folder, f"stdout{suffix}")
        try:
            yield target
        finally:
            if target.exists():
                with target.open("rb") as file:
                    shutil.copyfileobj(file, sys.stdout.buffer)
                sys.stdout.buffer.flush()
