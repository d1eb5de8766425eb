"""The machine that is measured on: what it is, in words, and which of its processors to use."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

_FLAGS = (
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "avx_vnni",
    "amx_tile",
    "amx_bf16",
    "amx_fp16",
    "asimd",
    "bf16",
    "sve",
    "sme",
)
_CPU_INFO = Path("/proc/cpuinfo")
_MEMORY_INFO = Path("/proc/meminfo")
_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def describe_machine() -> dict[str, str]:
    """Return what a reader of the figures must know, each under its name."""
    information = _cpu_information()
    flags = (information.get("flags") or information.get("Features") or "").split()
    described = {
        "processor": information.get("model name") or platform.processor() or platform.machine(),
        "processors": f"{len(_allowed())} of {os.cpu_count()} usable",
        "instructions": " ".join(flag for flag in _FLAGS if flag in flags) or "unknown",
        "memory": _memory(),
        "system": _system(),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }
    cards = _cards()
    return {**described, "graphics": cards} if cards else described


def processors_for(threads: int) -> list[int]:
    """Return as many processors as there are threads: of different cores, while there are any.

    Providers that make nothing of a number of threads are held to it by where they may run.
    """
    allowed = _allowed()
    first_of_core = [number for number in allowed if _siblings(number)[0] == number]
    others = [number for number in allowed if number not in first_of_core]
    return [*first_of_core, *others][:threads]


def available_megabytes() -> float | None:
    """Return the memory that can be had without swapping, in MiB; ``None`` where unknown."""
    kilobytes = _memory_information().get("MemAvailable")
    return None if kilobytes is None else kilobytes / 1024


def _allowed() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _siblings(number: int) -> list[int]:
    """Return the processors of the core that `number` is of, read from a list like ``0,4-5``."""
    try:
        text = Path(_TOPOLOGY.format(number)).read_text(encoding="ascii")
        return [int(part.split("-")[0]) for part in text.strip().split(",")]
    except (OSError, ValueError):
        return [number]


def _cpu_information() -> dict[str, str]:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _memory_information() -> dict[str, int]:
    try:
        lines = _MEMORY_INFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def _memory() -> str:
    kilobytes = _memory_information().get("MemTotal")
    return "unknown" if kilobytes is None else f"{kilobytes / 1024**2:.1f} GiB"


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()
    return f"{name}, {platform.system()} {platform.release()}"


def _cards() -> str:
    if shutil.which("nvidia-smi") is None:
        return ""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    found = subprocess.run(query, capture_output=True, text=True, check=False)
    return "; ".join(found.stdout.strip().splitlines()) if found.returncode == 0 else ""
