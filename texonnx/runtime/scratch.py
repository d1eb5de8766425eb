"""Large arrays for a while: in memory, or in a temporary file where they would crowd it."""

from __future__ import annotations

import mmap
import os
import tempfile

import numpy as np
from numpy.typing import NDArray

_LARGE = 2**29
"""Bytes from which an array goes into a file."""


class Scratch:
    """An array that may lie in a file.

    A file is the system's to write out and read again; what of it is mapped counts as the
    process's memory until :meth:`let_go`.

    Parameters
    ----------
    array
        The array itself, float32, to be read and written.
    mapped
        The file's map, if it lies in one.
    """

    def __init__(self, array: NDArray[np.float32], mapped: mmap.mmap | None = None) -> None:
        self.array = array
        self._mapped = mapped

    def let_go(self) -> None:
        """Take it out of the process's memory, if it is a file's; it comes back when touched."""
        if self._mapped is not None:
            self._mapped.madvise(mmap.MADV_DONTNEED)


def room_for(shape: tuple[int, ...], large: int = _LARGE) -> Scratch:
    """Return zeros: in a temporary file from `large` bytes on, where there can be such a file."""
    count = int(np.prod(shape)) * np.dtype(np.float32).itemsize
    mapped = _file_of_zeros(count) if count >= large else None
    if mapped is None:
        return Scratch(np.zeros(shape, np.float32))
    return Scratch(np.frombuffer(mapped, np.float32).reshape(shape), mapped)


def _file_of_zeros(count: int) -> mmap.mmap | None:
    """Map a temporary file of so many bytes, which is gone when the map is; ``None`` if not."""
    if not hasattr(os, "posix_fallocate") or not hasattr(mmap, "MADV_DONTNEED"):
        return None
    try:
        with tempfile.TemporaryFile() as file:
            # Not sparse: room that is missing is an error here, and later the end of the process.
            os.posix_fallocate(file.fileno(), 0, count)
            return mmap.mmap(file.fileno(), count)
    except OSError:
        return None
