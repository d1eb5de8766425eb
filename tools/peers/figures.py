"""What is measured of one candidate, and what follows from it: median, spread, ratio, agreement."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Row:
    """One candidate, for one loss, size and number of threads.

    Attributes
    ----------
    seconds
        Of each evaluation of loss and gradient, but for the first.
    first
        Seconds of the first evaluation, compilation included.
    cores
        The median of how many cores an evaluation kept busy.
    value
        The loss that it computes.
    megabytes
        The largest resident memory of its process, in MiB.
    ratio
        Its median against the reference's of the same rounds.
    problem
        Why there are no figures, beginning with ``not here`` or ``failed``.
    """

    candidate: str
    title: str
    loss: str
    size: int
    threads: int
    tolerance: float = 1e-3
    seconds: list[float] = field(default_factory=list)
    first: float | None = None
    cores: float | None = None
    value: float | None = None
    megabytes: float | None = None
    versions: dict[str, str] = field(default_factory=dict)
    ratio: float | None = None
    problem: str | None = None

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)

    @property
    def failed(self) -> bool:
        """Whether something went wrong, more than that this machine cannot run it."""
        return self.problem is not None and self.problem.startswith("failed")

    def as_json(self) -> dict[str, Any]:
        """Return everything, median and spread too."""
        spread: dict[str, float] = {}
        if self.problem is None:
            spread = {"median": self.median, "least": min(self.seconds), "most": max(self.seconds)}
        return {**asdict(self), **spread}


def compare(rows: Iterable[Row], reference: Row | None) -> None:
    """Set the ratios of `rows` to `reference`; a row with another loss than its is no figure."""
    if reference is None or reference.problem is not None or reference.value is None:
        return
    for row in rows:
        if row.problem is not None or row.value is None:
            continue
        tolerance = max(row.tolerance, reference.tolerance)
        if not abs(row.value - reference.value) <= tolerance * abs(reference.value):
            row.problem = (
                f"failed: it computes the loss {row.value:.6g}, and {reference.candidate} "
                f"{reference.value:.6g}"
            )
            continue
        row.ratio = row.median / reference.median


def merge(parts: Sequence[Row]) -> Row:
    """Return one row of the same candidate's rows from several groups of rounds."""
    whole = parts[0]
    for part in parts[1:]:
        whole.seconds += part.seconds
        whole.megabytes = max(filter(None, [whole.megabytes, part.megabytes]), default=None)
        whole.problem = whole.problem or part.problem
    return whole
