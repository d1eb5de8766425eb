"""What an optimiser adds: seconds a step of the whole loop against an evaluation alone."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from peers.candidates import Candidate
from peers.worker import NotMeasuredError, Worker

WORKER = "peers.optimizer_worker"


@dataclass
class Overhead:
    """One optimiser on one engine, a number for each round.

    Attributes
    ----------
    alone
        Seconds of loss and gradient with no optimiser around them.
    step
        Seconds of a step of the loop.
    begin
        Seconds until the loop is under way, a session for its steps included.
    """

    candidate: str
    title: str
    optimizer: str
    loss: str
    size: int
    threads: int
    alone: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    begin: list[float] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    problem: str | None = None

    @property
    def percent(self) -> list[float]:
        """What a step takes more than an evaluation, in percent, round by round."""
        pairs = zip(self.step, self.alone, strict=True)
        return [100 * (step / alone - 1) for step, alone in pairs]

    @property
    def failed(self) -> bool:
        """Whether something went wrong, more than that it cannot be had here."""
        return self.problem is not None and self.problem.startswith("failed")

    def as_json(self) -> dict[str, Any]:
        """Return everything, the median overhead too."""
        if self.problem is not None:
            return asdict(self)
        return {**asdict(self), "overhead_percent": statistics.median(self.percent)}


def measure_overheads(
    candidate: Candidate,
    optimizers: Sequence[str],
    rounds: int,
    start: Callable[[Candidate], Worker],
    blank: Callable[[Candidate, str], Overhead],
) -> list[Overhead]:
    """Return a row for each of `optimizers`, measured in one process after a round to warm up."""
    rows = {optimizer: blank(candidate, optimizer) for optimizer in optimizers}
    worker = None
    try:
        worker = start(candidate)
        for round_ in range(rounds + 1):
            answer = worker.ask("run")
            for optimizer, row in rows.items():
                found = answer[optimizer]
                row.versions = worker.versions
                row.problem = found.get("problem")
                if round_ and row.problem is None:
                    row.alone.append(found["alone"])
                    row.step.append(found["step"])
                    row.begin.append(found["begin"])
    except NotMeasuredError as error:
        for row in rows.values():
            row.problem = row.problem or str(error)
    finally:
        if worker is not None:
            worker.close()
    return list(rows.values())
