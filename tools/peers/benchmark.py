"""The three benchmarks of ``bench_peers.py``, from jobs to tables."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers.candidates import TEXONNX_ENVIRONMENTS, Candidate
from peers.figures import Row
from peers.growth import grow
from peers.interleaving import measure
from peers.machine import available_megabytes, processors_for
from peers.optimizers import WORKER, Overhead, measure_overheads
from peers.report import Report
from peers.table import comparison_table, growth_table, overhead_table
from peers.worker import Worker, environment, module_command


@dataclass(frozen=True)
class Benchmark:
    """Who is measured, where, on what, and who is told.

    Attributes
    ----------
    pythons
        The Python of each virtual environment.
    folder
        For what workers share; it goes afterwards.
    """

    candidates: Sequence[Candidate]
    pythons: Mapping[str, str]
    folder: Path
    exemplar: str
    rounds: int
    report: Report

    def compare(
        self, loss: str, sizes: Sequence[int], threads: Sequence[int], reference: str
    ) -> None:
        """Report a table a size and number of threads, all candidates in turn."""
        title = next(one.title for one in self.candidates if one.name == reference)
        on_card = any("cuda" in one.settings.values() for one in self.candidates)
        for size in sizes:
            for count in threads:
                rows = self._measure(self.candidates, reference, loss, size, count)
                memory = "peak MB, host" if on_card else "peak MB"
                self._add(comparison_table(rows, title, memory), rows)

    def grow(self, loss: str, sizes: Sequence[int], threads: Sequence[int]) -> None:
        """Report seconds and memory over sizes, each candidate alone."""

        def one(candidate: Candidate, size: int, count: int) -> Row:
            return self._measure([candidate], None, loss, size, count)[0]

        def blank(candidate: Candidate, size: int, count: int) -> Row:
            return _blank(candidate, loss, size, count)

        for found in grow(self.candidates, sizes, threads, one, blank):
            self._add(growth_table(found), found)

    def optimizers(
        self,
        loss: str,
        sizes: Sequence[int],
        threads: Sequence[int],
        optimizers: Sequence[str],
        steps: int,
    ) -> None:
        """Report what optimisers add, a table for each candidate."""
        more = {"optimizers": list(optimizers), "steps": steps}
        for size in sizes:
            for count in threads:
                for candidate in self.candidates:
                    rows = measure_overheads(
                        candidate,
                        optimizers,
                        self.rounds,
                        lambda one, size=size, count=count: self._start(
                            one, loss, size, count, WORKER, more
                        ),
                        lambda one, optimizer, size=size, count=count: Overhead(
                            one.name, one.title, optimizer, loss, size, count
                        ),
                    )
                    self._add(overhead_table(rows), rows)

    def _add(self, table: str, rows: Sequence[Row] | Sequence[Overhead]) -> None:
        self.report.add(table, rows, {row.candidate: row.versions for row in rows})

    def _measure(
        self,
        candidates: Sequence[Candidate],
        reference: str | None,
        loss: str,
        size: int,
        threads: int,
    ) -> list[Row]:
        return measure(
            candidates,
            reference,
            self.rounds,
            lambda one: self._start(one, loss, size, threads),
            lambda one: _blank(one, loss, size, threads),
            room_for_another,
        )

    def _start(
        self,
        candidate: Candidate,
        loss: str,
        size: int,
        threads: int,
        module: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Worker:
        job = {
            "file": str(self._shared(size)),
            "loss": loss,
            "size": size,
            "threads": threads,
            "processors": processors_for(threads),
            "settings": candidate.settings,
            **(more or {}),
        }
        python = self.pythons[candidate.environment]
        return Worker(module_command(python, module or candidate.worker, job), self.folder)

    def _shared(self, size: int) -> Path:
        """Return the file of what workers share at `size`, written the first time."""
        file = self.folder / f"shared-{size}.npz"
        if not file.exists():
            python = next(self.pythons[one] for one in TEXONNX_ENVIRONMENTS if one in self.pythons)
            job = {"file": str(file), "exemplar": self.exemplar, "size": size, "square": True}
            command = module_command(python, "peers.preparation", job)
            subprocess.run(command, check=True, env=environment(self.folder))
        return file


def room_for_another(most_megabytes: float) -> bool:
    """Whether one more worker fits, while one that has given its memory back takes it again."""
    available = available_megabytes()
    return available is None or available > 2 * most_megabytes


def _blank(candidate: Candidate, loss: str, size: int, threads: int) -> Row:
    return Row(candidate.name, candidate.title, loss, size, threads, candidate.tolerance)
