"""The machine that is measured on, in words."""

from __future__ import annotations

import math
import os
import platform
from dataclasses import dataclass
from pathlib import Path

_UNKNOWN = "unknown"
_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")


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


def threads_allowed() -> int:
    """Return how many threads an op may use here; 0 where nothing limits them.

    The least of what OMP_NUM_THREADS says, of the processors that this process may use, and of the
    quota of its control group: a runtime sees neither quota nor variable by itself, and more
    threads than that stand in each other's way.
    """
    limits = [limit for limit in (_told_by_environment(), _quota()) if limit is not None]
    if cores() < (os.cpu_count() or 1):
        limits.append(cores())
    return min(limits, default=0)


def _told_by_environment() -> int | None:
    """Return what OMP_NUM_THREADS says, of a list the first."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and int(first) > 0 else None


def _quota() -> int | None:
    """Return how many processors the control group may keep busy, rounded up, if it is limited."""
    group = _group()
    for folder in (_GROUPS / group.lstrip("/"), _GROUPS):
        try:  # version 2
            most, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        except (OSError, ValueError):
            continue
        if most != "max":
            return max(1, math.ceil(int(most) / int(period)))
    for folder in (_GROUPS / "cpu" / group.lstrip("/"), _GROUPS / "cpu"):
        try:  # version 1
            whole, share = (
                int((folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii"))
                for name in ("quota", "period")
            )
        except (OSError, ValueError):
            continue
        if whole > 0 and share > 0:
            return max(1, math.ceil(whole / share))
    return None


def _group() -> str:
    """Return the path of this process's control group."""
    try:
        lines = _OWN_GROUP.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return ""
    entries = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    return next((path for _, kind, path in entries if kind == "" or "cpu" in kind.split(",")), "")


def _memory() -> str:
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return _UNKNOWN
    return f"{pages / 1024**3:.1f} GiB"
