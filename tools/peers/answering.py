"""What every worker does: say that it is ready, then answer each line with one line of JSON.

It runs in virtual environments that have neither texonnx nor PyTorch, so it imports neither.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

Job = dict[str, Any]
Answer = dict[str, Any]
Run = Callable[[], Answer]

_PACKAGES = (
    "onnxruntime",
    "onnxruntime-training",
    "onnxruntime-openvino",
    "onnxruntime-ep-openvino",
    "onnxruntime-gpu",
    "torch",
    "numpy",
    "scipy",
)


class NotHereError(Exception):
    """The candidate cannot run on this machine: no failure, and worth a sentence."""


def serve(make: Callable[[Job], Run]) -> None:
    """Make what the job in the first argument asks for, then answer ``run`` and ``memory``."""
    with _answers() as answers:

        def say(answer: Answer) -> None:
            answers.write(json.dumps(answer) + "\n")
            answers.flush()

        try:
            job = json.loads(sys.argv[1])
            _settle(job.get("processors"))
            run = make(job)
            say({"ready": True, "versions": versions()})
            for line in sys.stdin:
                say({"megabytes": peak_megabytes()} if line.strip() == "memory" else run())
        except NotHereError as error:
            say({"not here": str(error)})
        except Exception as error:
            traceback.print_exc()
            first_line = str(error).strip().partition("\n")[0]
            say({"failed": f"{type(error).__name__}: {first_line}"})


def timed(iterate: Callable[[], float]) -> Run:
    """Return a run of `iterate` that answers its seconds, the cores it kept busy, and its loss."""

    def run() -> Answer:
        busy, start = time.process_time(), time.perf_counter()
        loss = iterate()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "cores": (time.process_time() - busy) / seconds, "loss": loss}

    return run


def median_seconds(work: Callable[[], object], times: int) -> float:
    """Return the median of the seconds that `work` takes."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def peak_megabytes() -> float:
    """Return the largest resident memory that this process has had, in MiB."""
    import resource

    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def versions() -> dict[str, str]:
    """Return the versions of Python and of what computes in this environment."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _answers() -> TextIO:
    """Keep standard output for answers: what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _settle(processors: list[int] | None) -> None:
    """Stay on `processors`, whatever a library makes of a number of threads; be the first to go."""
    if processors and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, processors)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    print(json.dumps(versions()))
