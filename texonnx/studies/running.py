"""Running the cells that are not done yet, several at a time, each in a process of its own."""

from __future__ import annotations

import os
import shutil
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from texonnx.errors import OptionError, WeightsError, reason
from texonnx.providers import PROVIDERS
from texonnx.studies.cells import Cell
from texonnx.studies.outcome import BROKEN, REFUSED, Outcome, read_outcome, write_outcome
from texonnx.system.machine import cores
from texonnx.system.processes import Worker
from texonnx.weights import load_weights
from texonnx.weights.sources import Progress

WORKER = "texonnx.studies.worker"

_LOOK_AGAIN = 0.05
"""Seconds between two looks at the processes."""


def run_cells(
    cells: Sequence[Cell], place: Path, jobs: int, on_download: Progress | None = None
) -> Generator[tuple[Cell, Outcome], None, None]:
    """Make every cell whose result is not below `place`, and yield each as it is done.

    A cell that failed before is tried again: what was missing may be there now. However the
    iteration ends, no process is left, and what is done stays.

    Parameters
    ----------
    cells
        Those that share a result are made once.
    place
        The folder that holds the study; it is made where there is none.
    jobs
        How many processes at a time; the cores are shared out among them.
    on_download
        As in :func:`texonnx.synthesize`, should weights be fetched.

    Raises
    ------
    OptionError
        When nothing can be written there.
    """
    undone: dict[str, Cell] = {}
    for cell in cells:
        if not is_done(cell, place):
            undone.setdefault(cell.digest, cell)
    waiting = deque(undone.values())
    absent = _absent_weights(waiting, on_download)
    running: list[CellWorker] = []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                cell = waiting.popleft()
                folder = fresh_folder(cell, place)
                if (sentence := absent.get(_weights_of(cell))) is not None:
                    outcome = Outcome(REFUSED, sentence)
                    write_outcome(folder, outcome, dict(cell.settings))
                    yield cell, outcome
                    continue
                running.append(CellWorker(cell, folder, jobs))
            for one in [one for one in running if one.worker.ended]:
                running.remove(one)
                yield one.cell, one.outcome()
            time.sleep(_LOOK_AGAIN)
    finally:
        for one in running:
            one.worker.end()


def is_done(cell: Cell, place: Path) -> bool:
    """Return whether the cell's image is below `place`, of a run that need not be made again."""
    outcome = read_outcome(cell.folder(place))
    return outcome is not None and outcome.has_image


def default_jobs(cells: Sequence[Cell]) -> int:
    """Return how many cells to run at a time: one a core; on a graphics card, one alone.

    Single threads side by side do more than threads that wait for each other: see
    ``studies/README.md`` for what was measured.
    """
    from texonnx.runtime.tuning import choose_ways

    asked = {(cell.settings["provider"], cell.settings["precision"]) for cell in cells}
    providers = {choose_ways(*one).way.provider for one in asked}
    return min(cores(), len(cells)) if all(PROVIDERS[name].on_host for name in providers) else 1


def fresh_folder(cell: Cell, place: Path) -> Path:
    """Return an empty folder for the cell's result; what a killed run left there is cleared."""
    folder = cell.folder(place)
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise OptionError(f"'{folder}' cannot be written: {reason(error)}") from error
    return folder


class CellWorker:
    """The process that makes `cell` in `folder`, one of `jobs` that share the cores."""

    def __init__(self, cell: Cell, folder: Path, jobs: int) -> None:
        self.cell = cell
        self.folder = folder
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
        self.worker = Worker(WORKER, job, environment, answers=False)

    def outcome(self) -> Outcome:
        """Return what it left, or how it died, once it has ended."""
        cause = self.worker.end()
        outcome = read_outcome(self.folder)
        if outcome is None:
            hint = "; --jobs 1 takes less" if "memory runs out" in cause else ""
            outcome = Outcome(BROKEN, cause + hint)
            write_outcome(self.folder, outcome, dict(self.cell.settings))
        return outcome


def _weights_of(cell: Cell) -> tuple[str, str] | None:
    """Return weights and architecture; ``None`` for an exported folder, which has its own."""
    if cell.settings.get("artifacts") is not None:
        return None
    return cell.settings["weights"], cell.settings["arch"]


def _absent_weights(
    cells: Iterable[Cell], on_download: Progress | None
) -> dict[tuple[str, str] | None, str]:
    """Fetch the weights that are needed, once, and return why some cannot be had."""
    absent: dict[tuple[str, str] | None, str] = {}
    for wanted in dict.fromkeys(_weights_of(cell) for cell in cells):
        # Random ones are always there, and take a while to draw.
        if wanted is None or wanted[0].startswith("random"):
            continue
        try:
            load_weights(*wanted, on_download)
        except WeightsError as error:
            absent[wanted] = str(error)
    return absent
