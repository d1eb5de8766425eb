"""What is told of the runs of a grid, and how the process ends: of a study or a batch."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.cli.ending import BAD_INPUT, FAILED, complain
from texonnx.cli.signals import exit_code

if TYPE_CHECKING:
    from texonnx.studies import Outcome, Study, Workforce
    from texonnx.studies.results import Results


def _tell(sentence: str, *, quiet: bool) -> None:
    if not quiet:
        print(sentence, file=sys.stderr, flush=True)


def run_grid(
    asked: Study, place: Path, *, quick: bool, workforce: Workforce, quiet: bool
) -> tuple[Results, bool]:
    """Run every cell that is not done, tell of each, and write the report.

    Returns what became of all, and whether it was interrupted.
    """
    from texonnx.cli.progress import RunProgress
    from texonnx.studies import cells_of, write_report
    from texonnx.studies.running import is_done
    from texonnx.system.files import make_folder

    cells = cells_of(asked, quick)
    make_folder(place)
    interrupted = False
    tell = partial(_tell, quiet=quiet)
    done = sum(is_done(cell, place) for cell in cells)
    if done:
        tell(f"{done} of {len(cells)} are done already")
    try:
        with (
            closing(RunProgress(quiet)) as downloads,
            workforce.runs(cells, place, downloads.download, tell) as runs,
        ):
            for number, (cell, outcome) in enumerate(runs, start=done + 1):
                tell(f"{number}/{len(cells)} {cell.label}: {_in_words(outcome)}")
    except KeyboardInterrupt:
        interrupted = True
    return write_report(asked, cells, place, quick), interrupted


def _in_words(outcome: Outcome) -> str:
    """Return what is told of a cell that has ended."""
    if outcome.message or not outcome.has_image:
        return outcome.message
    score = f", score {outcome.score.mean:.3f}" if outcome.score else ""
    return f"{outcome.seconds:.1f} s{score}"


def conclude(results: Results, place: Path, interrupted: bool, quiet: bool) -> int:
    """Say what came of it, and return the exit code."""
    from texonnx.studies.outcome import BROKEN, DIVERGED, DONE, REFUSED
    from texonnx.studies.report import REPORT

    count = Counter(one.outcome.status for one in results)
    for one in results:
        if one.outcome.status == BROKEN:
            complain(f"{one.cell.label}: {one.outcome.message}")
    failed = [
        f"{count[status]} {words}"
        for status, words in (
            (DIVERGED, "diverged"),
            (REFUSED, "could not be run"),
            (BROKEN, "broke; the tracebacks are in their result.json"),
        )
        if count[status]
    ]
    told = ", ".join([f"{place / REPORT}: {count[DONE]} of {count.total()} done", *failed])
    if interrupted:
        complain(f"interrupted; {told}, and the same command goes on from there")
        return exit_code()
    if not quiet or failed:
        print(told, file=sys.stderr if quiet else sys.stdout)
    if count[BROKEN]:
        return FAILED
    return 0 if count[DONE] + count[DIVERGED] else BAD_INPUT
