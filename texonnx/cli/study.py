"""``texonnx study``: a grid of runs from a TOML file, and a report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.grid import conclude, run_grid
from texonnx.cli.parameters import Quiet, Scheduler, Workers


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
    scheduler: Scheduler = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Run every cell of a grid, exemplars by options, and report on them.

    What is done already is not done again: after an interruption the same
    command goes on, and after a change of FILE it runs what the change touches.
    DIR/report.html is the report; DIR/cells has the images.
    """
    from texonnx.studies import Workforce, load_study

    place = output or Path(file.stem)
    workforce = Workforce(jobs, scheduler, workers)
    results, interrupted = run_grid(
        load_study(file), place, quick=quick, workforce=workforce, quiet=quiet
    )
    sys.exit(conclude(results, place, interrupted, quiet))
