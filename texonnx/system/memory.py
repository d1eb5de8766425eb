"""The memory of this process and of the machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_MACHINE = Path("/proc/meminfo")
_FORGET = Path("/proc/self/clear_refs")
_THE_PEAK = "5"
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of glibc's ``malloc.h``."""


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


def keep_what_is_freed() -> None:
    """Let glibc keep some memory that is freed, for it to be taken again; elsewhere do nothing.

    Dask's workers are told to give it back at once, and then an evaluation in bands takes nearly
    twice as long, half of it in the kernel: see docs/scaling.md.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, 2**25)
        mallopt(_TRIM_THRESHOLD, 2**28)
