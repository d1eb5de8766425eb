"""The most memory that this process has held, ever or since a moment."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_FORGET = Path("/proc/self/clear_refs")
_THE_PEAK = "5"


def peak_memory() -> float | None:
    """Return the peak resident memory of this process, in MB (10^6 bytes).

    On Linux the kernel's ``VmHWM``; elsewhere ``ru_maxrss``, which on Linux would also count the
    process that started this one. ``None`` where the system tells neither. The memory of a
    graphics card is not in it.
    """
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        return kilobytes * 1024 / 1e6
    except (OSError, StopIteration):
        return _largest_resident_set()


def forget_peak() -> None:
    """Let the peak begin again from what the process holds now; where it cannot, it goes on."""
    with contextlib.suppress(OSError):
        _FORGET.write_text(_THE_PEAK, encoding="ascii")


def _largest_resident_set() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest * (1 if sys.platform == "darwin" else 1024) / 1e6
