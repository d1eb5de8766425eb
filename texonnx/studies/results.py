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
    """A cell, what became of it, and the file of its image, where there is one."""

    cell: Cell
    outcome: Outcome
    image: Path | None

    @property
    def absence(self) -> str:
        """Why there is no image, in words for a picture's place."""
        message = self.outcome.message
        return f"not here: {message}" if self.outcome.status == REFUSED else message

    @property
    def status_in_words(self) -> str:
        """What became of it, for a table."""
        return "not here" if self.outcome.status == REFUSED else self.outcome.status

    @property
    def score(self) -> float | None:
        """The mean score, if it has one."""
        return self.outcome.score.mean if self.outcome.score else None


@dataclass(frozen=True)
class Row:
    """What was made from one subject, in the order of the variants."""

    subject: Subject
    results: tuple[Result, ...]

    @property
    def scores(self) -> list[float]:
        """Those that there are."""
        return [one.score for one in self.results if one.score is not None]

    @property
    def best(self) -> Result | None:
        """The closest, where there are others to compare."""
        if len(self.scores) < 2:
            return None
        return next(one for one in self.results if one.score == min(self.scores))

    @property
    def largest(self) -> float:
        """The largest score."""
        return max(self.scores, default=1.0) or 1.0

    @property
    def floor(self) -> float | None:
        """What two halves of the exemplar score against each other."""
        return next((one.outcome.score.floor for one in self.results if one.outcome.score), None)


@dataclass(frozen=True)
class Results:
    """All cells of a study, by row and column, of a quick look or the whole."""

    study: Study
    quick: bool
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Result]:
        for row in self.rows:
            yield from row.results


def read_results(study: Study, quick: bool, cells: Sequence[Cell], place: Path) -> Results:
    """Read what is kept below `place`; a cell without a result has not been run yet."""
    read = [_read(cell, place) for cell in cells]
    width = len(study.variants)
    rows = tuple(
        Row(subject, tuple(read[number * width : (number + 1) * width]))
        for number, subject in enumerate(study.subjects)
    )
    return Results(study, quick, rows)


def _read(cell: Cell, place: Path) -> Result:
    folder = cell.folder(place)
    outcome = read_outcome(folder) or NOT_YET
    return Result(cell, outcome, folder / IMAGE if outcome.has_image else None)
