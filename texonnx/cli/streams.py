"""Standard output and error: they outlive who reads them, and take what their encoding lacks."""

from __future__ import annotations

import errno
import io
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

_GONE = (errno.EPIPE, errno.EIO)
"""Nobody reads the pipe any more; the terminal is closed."""


def forgive() -> None:
    """Make standard output and error such that a reader who goes away costs what he would read.

    What their encoding lacks is replaced.
    """
    sys.stdout = _forgiving(sys.stdout)
    sys.stderr = _forgiving(sys.stderr)


def _forgiving(stream: TextIO) -> TextIO:
    """Return a stream to the same file; `stream` itself where it is none of a file."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return stream
    stream.flush()
    raw = _Outliving(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Outliving(io.FileIO):
    """A file that takes for written what nobody can read any more."""

    def write(self, data: Buffer, /) -> int:
        """Write, and return how many bytes were taken."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _GONE:
                raise
            return memoryview(data).nbytes
