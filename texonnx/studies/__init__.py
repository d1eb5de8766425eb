"""Studies: grids of runs, exemplars by options, that can be interrupted and end in a report."""

from texonnx.studies.cells import Cell, cells_of
from texonnx.studies.outcome import Outcome
from texonnx.studies.parsing import load_study
from texonnx.studies.report import write_report
from texonnx.studies.running import default_jobs, run_cells
from texonnx.studies.study import Study, Subject, Variant
from texonnx.studies.workforce import Workforce

__all__ = [
    "Cell",
    "Outcome",
    "Study",
    "Subject",
    "Variant",
    "Workforce",
    "cells_of",
    "default_jobs",
    "load_study",
    "run_cells",
    "write_report",
]
