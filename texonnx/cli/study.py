"""``texonnx study``: a grid of runs from a TOML file, and a report."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from texonnx.cli.ending import BAD_INPUT, FAILED, complain
from texonnx.cli.parameters import Quiet
from texonnx.cli.signals import exit_code
from texonnx.errors import OptionError, reason

if TYPE_CHECKING:
    from texonnx.studies import Outcome
    from texonnx.studies.results import Results


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
    done = sum(is_done(cell, place) for cell in cells)
    if done and not quiet:
        print(f"{done} of {len(cells)} are done already", file=sys.stderr, flush=True)
    try:
        with closing(RunProgress(quiet)) as downloads:
            runs = run_cells(cells, place, jobs or default_jobs(cells), downloads.download)
            with closing(runs):
                for number, (cell, outcome) in enumerate(runs, start=done + 1):
                    if not quiet:
                        told = f"{number}/{len(cells)} {cell.label}: {_in_words(outcome)}"
                        print(told, file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        interrupted = True
    results = write_report(asked, cells, place, quick)
    sys.exit(_conclude(results, place, interrupted, quiet))


def _in_words(outcome: Outcome) -> str:
    """Return what is told of a cell that has ended."""
    if outcome.message or not outcome.has_image:
        return outcome.message
    score = f", score {outcome.score.mean:.3f}" if outcome.score else ""
    return f"{outcome.seconds:.1f} s{score}"


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
