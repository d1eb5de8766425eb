"""What a study leaves for people: table, contact sheet, curves and one page, from result files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from texonnx.studies.cells import Cell
from texonnx.studies.page import page
from texonnx.studies.pictures import write_curves, write_sheet
from texonnx.studies.results import Result, Results, read_results
from texonnx.studies.study import Study
from texonnx.system.files import write_text
from texonnx.system.plotting import can_plot

REPORT = "report.html"
TABLE = "results.csv"


def write_report(study: Study, cells: Sequence[Cell], place: Path, quick: bool = False) -> Results:
    """Write ``results.csv``, ``sheet.png``, ``curves-*.png`` and ``report.html`` into `place`.

    They follow from the result files alone, and the same results give the same files. Cells that
    have not been run are shown as such. Without matplotlib there are no curves.

    Parameters
    ----------
    study, cells
        What was asked: `cells` are all of :func:`cells_of`.
    place
        The folder that :func:`run_cells` wrote into.
    quick
        Whether this was a quick look; the page says so.

    Returns
    -------
    Results
        What became of every cell.
    """
    results = read_results(study, quick, cells, place)
    write_text(place / TABLE, _table(results, place))
    write_sheet(results, place)
    for old in place.glob("curves-*.png"):
        old.unlink()
    curves = write_curves(results, place) if can_plot() else {}
    write_text(place / REPORT, page(results, curves, can_plot()))
    return results


def _table(results: Results, place: Path) -> str:
    """Return the table: one row a cell, one column an option; paths are relative to `place`.

    ``plausible`` to ``used`` are the structure's. ``score`` is the mean over the levels, each of
    which has a column of its own, ``score_1/1`` the finest; ``score_floor`` is that between halves
    of the exemplar. Empty is what a cell has not.
    """
    levels = max((len(one.outcome.score.levels) for one in results if one.outcome.score), default=0)
    rows = [_row(one, place, levels) for one in results]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(one: Result, place: Path, levels: int) -> dict[str, Any]:
    """Return what each column has of a cell; the options are last, and no other has such a name."""
    cell, outcome = one.cell, one.outcome
    losses: list[float | None] = [step.loss for step in outcome.history] or [None]
    score = vars(outcome.score) if outcome.score else {}
    by_level = dict(enumerate(score.get("levels", ())))
    how = vars(outcome) if one.image else {}
    images = [image.name for image in cell.subject.images]
    return {
        **dict(zip(cell.verb.images, images, strict=True)),
        "variant": cell.variant.label,
        "status": outcome.status,
        "message": outcome.message,
        "seconds": f"{outcome.seconds:.3f}" if one.image else None,
        "steps_taken": len(outcome.history) or None,
        "first_loss": losses[0],
        "last_loss": losses[-1],
        **{name: score.get(name) for name in ("plausible", "covers", "copied", "used")},
        "score": score.get("mean"),
        "score_floor": score.get("floor"),
        "spectrum": score.get("spectrum"),
        "spectrum_floor": score.get("spectrum_floor"),
        **{f"score_1/{2**level}": by_level.get(level) for level in range(levels)},
        "engine_used": how.get("engine"),
        "provider_used": how.get("provider"),
        "random_weights": how.get("random_weights"),
        "threads_used": how.get("threads"),
        "jobs": how.get("jobs"),
        "machine": how.get("machine"),
        "image": one.image and one.image.relative_to(place).as_posix(),
        **{name: _as_text(value) for name, value in cell.settings.items()},
    }


def _as_text(value: Any) -> Any:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
