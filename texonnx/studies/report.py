"""What a study leaves for people: table, contact sheet, curves and one page, from result files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from texonnx.studies.cells import Cell
from texonnx.studies.page import page
from texonnx.studies.pictures import write_curves, write_sheet
from texonnx.studies.results import Results, read_results
from texonnx.studies.study import Study
from texonnx.studies.table import results_as_csv
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
    write_text(place / TABLE, results_as_csv(results, place))
    write_sheet(results, place)
    for old in place.glob("curves-*.png"):
        old.unlink()
    curves = write_curves(results, place) if can_plot() else {}
    write_text(place / REPORT, page(results, curves, can_plot()))
    return results
