"""A study's grid with what became of each cell: what every part of the report is made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from texonnx.studies.cells import Cell
from texonnx.studies.outcome import IMAGE, REFUSED, Outcome, read_outcome
from texonnx.studies.study import Study, Subject

NOT_YET = Outcome("not run yet", "not run yet")


@dataclass(frozen=True)
class Result:
    """A cell and what became of it.

    Attributes
    ----------
    image
        The file, where there is one.
    """

    cell: Cell
    outcome: Outcome
    image: Path | None

    @property
    def failure(self) -> str:
        """Why there is no image, or why it is not a good one; empty if all went well."""
        return self.outcome.message

    @property
    def absence(self) -> str:
        """Why there is no image, in words for a picture's place."""
        return f"not here: {self.failure}" if self.outcome.status == REFUSED else self.failure

    @property
    def status_in_words(self) -> str:
        """What became of it, for a table."""
        return "not here" if self.outcome.status == REFUSED else self.outcome.status

    @property
    def score(self) -> float | None:
        """The mean score, if it has one."""
        return self.outcome.score.mean if self.outcome.score else None


@dataclass(frozen=True)
class Results:
    """All cells of a study, by row and column.

    Attributes
    ----------
    study
        What was asked.
    quick
        Whether this was a quick look.
    rows
        For each subject its results, in the order of the variants.
    """

    study: Study
    quick: bool
    rows: tuple[tuple[Subject, tuple[Result, ...]], ...]

    def __iter__(self) -> Iterator[Result]:
        for _, row in self.rows:
            yield from row


def read_results(study: Study, quick: bool, cells: Sequence[Cell], place: Path) -> Results:
    """Read what is kept below `place`; a cell without a result has not been run yet."""
    read = [_read(cell, place) for cell in cells]
    width = len(study.variants)
    rows = tuple(
        (subject, tuple(read[number * width : (number + 1) * width]))
        for number, subject in enumerate(study.subjects)
    )
    return Results(study, quick, rows)


def _read(cell: Cell, place: Path) -> Result:
    folder = cell.folder(place)
    outcome = read_outcome(folder) or NOT_YET
    return Result(cell, outcome, folder / IMAGE if outcome.has_image else None)
