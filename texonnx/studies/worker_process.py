"""A worker at work on one cell: starting it, and telling what came of it or how it died."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from texonnx.studies.cells import Cell
from texonnx.studies.outcome import BROKEN, Outcome, read_outcome, write_outcome
from texonnx.system.machine import cores
from texonnx.system.processes import Worker

WORKER = "texonnx.studies.worker"


@dataclass(frozen=True)
class CellWorker:
    """A process that makes one cell; of :func:`start_worker`."""

    cell: Cell
    folder: Path
    worker: Worker

    def outcome(self) -> Outcome:
        """Return what it left, or how it died, once it has ended."""
        cause = self.worker.end()
        outcome = read_outcome(self.folder)
        if outcome is None:
            hint = "; --jobs 1 takes less" if "memory runs out" in cause else ""
            outcome = Outcome(BROKEN, cause + hint)
            write_outcome(self.folder, outcome, dict(self.cell.settings))
        return outcome


def start_worker(cell: Cell, folder: Path, jobs: int) -> CellWorker:
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
    environment = {}
    if threads and "OPENBLAS_NUM_THREADS" not in os.environ:
        environment["OPENBLAS_NUM_THREADS"] = str(threads)
    return CellWorker(cell, folder, Worker(WORKER, job, environment, answers=False))
