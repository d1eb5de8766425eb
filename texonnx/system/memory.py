"""The most memory that this process has held, ever or since a moment."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_MACHINE = Path("/proc/meminfo")
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


def memory_bytes() -> int | None:
    """Return how much this machine has, its swap included; ``None`` where it does not tell."""
    try:
        lines = _MACHINE.read_text(encoding="ascii").splitlines()
        kilobytes = {name: rest.split()[0] for name, _, rest in (x.partition(":") for x in lines)}
        return 1024 * (int(kilobytes["MemTotal"]) + int(kilobytes["SwapTotal"]))
    except (OSError, ValueError, KeyError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


def _largest_resident_set() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest * (1 if sys.platform == "darwin" else 1024) / 1e6
