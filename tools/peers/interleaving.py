"""Rounds in which one worker works while the others wait: a drifting machine drifts for all.

Those that do not fit into memory together are measured in groups, each with the reference in it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from peers.candidates import Candidate
from peers.figures import Row, compare, merge
from peers.worker import NotMeasuredError, Worker

PAUSE = 0.2
"""Seconds before each evaluation: the threads of the one before spin for a while."""

Start = Callable[[Candidate], Worker]
Room = Callable[[float], bool]
"""Whether one more worker may start, told the most megabytes that one has taken so far."""


@dataclass
class _Member:
    worker: Worker
    row: Row
    cores: list[float] = field(default_factory=list)

    def evaluate(self) -> None:
        """Evaluate once, and keep what is answered; the first time is for warming up."""
        time.sleep(PAUSE)
        answer = self.worker.ask("run")
        if self.row.first is None:
            self.row.first, self.row.value = answer["seconds"], answer["loss"]
            return
        self.row.seconds.append(answer["seconds"])
        self.cores.append(answer["cores"])
        self.row.cores = statistics.median(self.cores)


def measure(
    candidates: Sequence[Candidate],
    reference: str | None,
    rounds: int,
    start: Start,
    blank: Callable[[Candidate], Row],
    room: Room,
) -> list[Row]:
    """Return a row for each of `candidates`, in their order.

    Parameters
    ----------
    reference
        The name of the one that ratios are to.
    rounds
        How often each is measured, after once to warm up.
    start
        Starts a worker.
    blank
        Makes a row without figures.
    room
        Whether memory is left for one more.
    """
    against = [candidate for candidate in candidates if candidate.name == reference]
    waiting = [candidate for candidate in candidates if candidate.name != reference]
    parts: dict[str, list[Row]] = {candidate.name: [] for candidate in candidates}
    begun = False
    while waiting or not begun:
        begun = True
        group = _Group(start, blank)
        try:
            for candidate in against:
                group.add(candidate)
            taken = 0
            while waiting and (taken == 0 or room(group.most_megabytes)):
                group.add(waiting.pop(0))
                taken += 1
            group.run(rounds)
        finally:
            group.close()
        rows = group.rows
        compare(rows, next((row for row in rows if row.candidate == reference), None))
        for row in rows:
            parts[row.candidate].append(row)
    return [merge(found) for found in parts.values()]


class _Group:
    """Workers that are there at the same time."""

    def __init__(self, start: Start, blank: Callable[[Candidate], Row]) -> None:
        self._start = start
        self._blank = blank
        self._members: list[_Member] = []
        self.rows: list[Row] = []
        self.most_megabytes = 0.0

    def add(self, candidate: Candidate) -> None:
        """Start a worker and let it warm up; or note why not."""
        row = self._blank(candidate)
        self.rows.append(row)
        try:
            member = _Member(self._start(candidate), row)
        except NotMeasuredError as error:
            row.problem = str(error)
            return
        row.versions = member.worker.versions
        self._members.append(member)
        self._do(member, member.evaluate)
        self._do(member, lambda: self._weigh(member))

    def run(self, rounds: int) -> None:
        """Measure everyone once a round, in turn."""
        for _ in range(rounds):
            for member in self._members:
                self._do(member, member.evaluate)
        for member in self._members:
            self._do(member, lambda member=member: self._weigh(member))

    def close(self) -> None:
        """End the workers."""
        for member in self._members:
            member.worker.close()

    def _weigh(self, member: _Member) -> None:
        megabytes = member.worker.ask("memory")["megabytes"]
        member.row.megabytes = megabytes
        self.most_megabytes = max(self.most_megabytes, megabytes)

    @staticmethod
    def _do(member: _Member, what: Callable[[], None]) -> None:
        if member.row.problem is None:
            try:
                what()
            except NotMeasuredError as error:
                member.row.problem = str(error)
