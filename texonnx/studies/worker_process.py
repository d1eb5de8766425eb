"""A worker at work on one cell: starting it, and telling what came of it or how it died."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from texonnx.studies.cells import Cell
from texonnx.studies.outcome import BROKEN, Outcome, read_outcome, write_outcome

WORKER = "texonnx.studies.worker"


@dataclass(frozen=True)
class WorkerProcess:
    """A process that makes one cell; of :func:`start_worker`."""

    cell: Cell
    folder: Path
    process: subprocess.Popen[str]
    complaints: IO[bytes]

    @property
    def ended(self) -> bool:
        """Whether it is no longer running."""
        return self.process.poll() is not None

    def outcome(self) -> Outcome:
        """Return what it left, or how it died, once it has ended."""
        cause = self._close()
        outcome = read_outcome(self.folder)
        if outcome is None:
            outcome = Outcome(BROKEN, cause)
            write_outcome(self.folder, outcome, dict(self.cell.settings))
        return outcome

    def kill(self) -> None:
        """End it."""
        self.process.kill()
        self._close()

    def _close(self) -> str:
        """Release what belongs to the ended process, and return the cause of its death."""
        code = self.process.wait()
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        with self.complaints:
            self.complaints.seek(0)
            lines = self.complaints.read().decode("utf-8", "replace").strip().splitlines()
        if code < 0:
            name = signal.Signals(-code).name
            more = ", as when memory runs out; --jobs 1 takes less" if name == "SIGKILL" else ""
            return f"the process was ended by {name}{more}"
        return f"the process ended with code {code}" + (f": {lines[-1]}" if lines else "")


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_worker(cell: Cell, folder: Path, jobs: int) -> WorkerProcess:
    """Start the process that makes `cell` in `folder`, one of `jobs` that share the cores."""
    # With one job, the runtime's own choice: a thread for each physical core.
    threads = 0 if jobs == 1 else max(1, cores() // jobs)
    job = {
        "verb": cell.verb.name,
        "images": [str(image) for image in cell.subject.images],
        "settings": dict(cell.settings),
        "threads": threads,
        "jobs": jobs,
        "folder": str(folder.resolve()),
    }
    environment = dict(os.environ)
    if threads:
        environment.setdefault("OPENBLAS_NUM_THREADS", str(threads))
    complaints = tempfile.TemporaryFile()  # noqa: SIM115  # its own _close does
    process = subprocess.Popen(
        [sys.executable, "-m", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=complaints,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    worker = WorkerProcess(cell, folder, process, complaints)
    assert process.stdin is not None
    # A worker that dies at once is seen, and its death told, as any other.
    with contextlib.suppress(BrokenPipeError):
        # The pipe stays open: the worker ends when it closes, whatever becomes of this process.
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
    return worker
