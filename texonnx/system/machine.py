"""The machine that is measured on, in words."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Machine:
    """What a reader of the figures must know.

    Attributes
    ----------
    processor
        Its name.
    cores
        How many logical processors this process may use.
    memory
        Of the machine, in GiB.
    runtime
        Package and version of ONNX Runtime.
    """

    processor: str
    cores: int
    memory: str
    runtime: str

    def __str__(self) -> str:
        return f"{self.processor}, {self.cores} cores, {self.memory} memory; {self.runtime}"


def this_machine(runtime: object) -> Machine:
    """Describe the machine that this process runs on, with the ONNX Runtime that is installed."""
    return Machine(_processor(), cores(), _memory(), str(runtime))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine() or _UNKNOWN


def cores() -> int:
    """Return how many logical processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return _UNKNOWN
    return f"{pages / 1024**3:.1f} GiB"
