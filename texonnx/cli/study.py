"""``texonnx study``: a grid of runs from a TOML file, and a report."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from texonnx.cli.parameters import Quiet
from texonnx.errors import OptionError, reason

if TYPE_CHECKING:
    from texonnx.studies import Cell, Outcome
    from texonnx.studies.results import Results

_BROKEN = 1
_NOTHING_TO_SEE = 2
_INTERRUPTED = 130


def study(
    file: Annotated[Path, typer.Argument(help="The study: see studies/README.md.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="The folder for images and report.",
            show_default="FILE without .toml",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A quick look: with the options of [quick].")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(help="Runs at a time.", show_default="one a core; on a graphics card one"),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run every cell of a grid, exemplars by options, and report on them.

    What is done already is not done again: after an interruption the same
    command goes on, and after a change of FILE it runs what the change touches.
    DIR/report.html is the report; DIR/cells has the images.
    """
    from texonnx.cli.progress import RunProgress
    from texonnx.studies import cells_of, default_jobs, load_study, run_cells, write_report
    from texonnx.studies.running import is_done

    if jobs is not None and jobs < 1:
        raise OptionError(f"the number of jobs must be 1 or more, not {jobs}")
    asked = load_study(file)
    cells = cells_of(asked, quick)
    place = _folder(output or Path(file.stem))
    interrupted = False
    progress = _Progress(len(cells), sum(is_done(cell, place) for cell in cells), quiet)
    try:
        with closing(RunProgress(quiet)) as downloads:
            runs = run_cells(cells, place, jobs or default_jobs(cells), downloads.download)
            with closing(runs):
                for cell, outcome in runs:
                    progress.show(cell, outcome)
    except KeyboardInterrupt:
        interrupted = True
    results = write_report(asked, cells, place, quick)
    sys.exit(_conclude(results, place, interrupted, quiet))


class _Progress:
    """One line on standard error for each cell that ends."""

    def __init__(self, cells: int, done: int, quiet: bool) -> None:
        self._cells, self._done, self._quiet = cells, done, quiet
        if done and not quiet:
            print(f"{done} of {cells} are done already", file=sys.stderr, flush=True)

    def show(self, cell: Cell, outcome: Outcome) -> None:
        self._done += 1
        if self._quiet:
            return
        if outcome.has_image and not outcome.message:
            score = f", score {outcome.score.mean:.3f}" if outcome.score else ""
            told = f"{outcome.seconds:.1f} s{score}"
        else:
            told = outcome.message
        print(f"{self._done}/{self._cells} {cell.label}: {told}", file=sys.stderr, flush=True)


def _folder(place: Path) -> Path:
    """Return the output folder, made if need be."""
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"'{place}' cannot be the output folder: {reason(error)}") from error
    return place


def _conclude(results: Results, place: Path, interrupted: bool, quiet: bool) -> int:
    """Say what came of it, and return the exit code."""
    from texonnx.studies.outcome import BROKEN, DIVERGED, DONE, REFUSED
    from texonnx.studies.report import REPORT

    count = Counter(one.outcome.status for one in results)
    whole = sum(count.values())
    for one in results:
        if one.outcome.status == BROKEN:
            print(f"texonnx: {one.cell.label}: {one.failure}", file=sys.stderr)
    failed = [
        f"{count[status]} {words}"
        for status, words in (
            (DIVERGED, "diverged"),
            (REFUSED, "could not be run"),
            (BROKEN, "broke; the tracebacks are in their result.json"),
        )
        if count[status]
    ]
    told = f"{place / REPORT}: {count[DONE]} of {whole} done"
    if failed:
        told += f", {', '.join(failed)}"
    if interrupted:
        print(
            f"texonnx: interrupted; {told}, and the same command goes on from there",
            file=sys.stderr,
        )
        return _INTERRUPTED
    if not quiet or failed:
        print(told, file=sys.stderr if quiet else sys.stdout)
    if count[BROKEN]:
        return _BROKEN
    return 0 if count[DONE] + count[DIVERGED] else _NOTHING_TO_SEE
