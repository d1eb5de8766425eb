"""A study's grid with what became of each cell: what every part of the report is made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from texonnx.studies.cells import Cell
from texonnx.studies.outcome import IMAGE, REFUSED, Outcome, read_outcome
from texonnx.studies.study import Study, Subject

Measure: TypeAlias = Literal["structure", "grain"]

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
    def structure(self) -> float | None:
        """The mean of `plausible` and `covers`, if it has been judged."""
        return self.outcome.score.structure if self.outcome.score else None

    @property
    def grain(self) -> float | None:
        """The mean score of colour, contrast and fine grain, if it has one."""
        return self.outcome.score.mean if self.outcome.score else None


@dataclass(frozen=True)
class Row:
    """What was made from one subject, in the order of the variants."""

    subject: Subject
    results: tuple[Result, ...]

    def figures(self, measure: Measure) -> list[float | None]:
        """Return what `measure` says of each."""
        return [getattr(one, measure) for one in self.results]

    def best(self, measure: Measure) -> Result | None:
        """Return the closest, where there are others to compare."""
        there = [figure for figure in self.figures(measure) if figure is not None]
        return self.results[self.figures(measure).index(min(there))] if len(there) > 1 else None

    def largest(self, measure: Measure) -> float:
        """Return the largest figure; 1 where there is none."""
        return max((one for one in self.figures(measure) if one is not None), default=1.0) or 1.0

    def floor(self, measure: Measure) -> float | None:
        """Return what two halves of the exemplar have against each other."""
        scores = (one.outcome.score for one in self.results if one.outcome.score)
        if measure == "structure":
            return next((1.0 for one in scores if one.structure is not None), None)
        return next((one.floor for one in scores), None)


@dataclass(frozen=True)
class Results:
    """All cells of a study, by row and column, of a quick look or the whole."""

    study: Study
    quick: bool
    rows: tuple[Row, ...]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What there are figures of; structure, where it was judged, is what an eye sees first."""
        judged = any(one.structure is not None for one in self)
        return ("structure", "grain") if judged else ("grain",)

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
