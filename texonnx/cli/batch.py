"""``texonnx batch``: many exemplars by sizes and seeds, and a report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command, without
from texonnx.cli.grid import conclude, run_grid
from texonnx.cli.parameters import Quiet, Scheduler, Values, Workers
from texonnx.cli.places import check_not_foreign
from texonnx.options import CONTENT_OPTIONS, ObjectiveOptions, RunOptions, TileOptions
from texonnx.options.text import parse_ranges, parse_sizes

_OF_THE_GRID = ("seed", "size", "threads")


@command
def batch(
    images: Annotated[
        list[Path], typer.Argument(help="Exemplars, or folders of them.", metavar="IMAGES...")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="The folder for images and report."),
    ],
    seeds: Annotated[
        str, typer.Option(help="Such as 1-8, or 1,2,5-7.", rich_help_panel="Output")
    ] = "0",
    sizes: Annotated[
        str | None,
        typer.Option(
            help="Pixels of the results, each N or WxH, such as 512,1024x512.",
            show_default="the scaled exemplar's",
            rich_help_panel="Output",
        ),
    ] = None,
    keep: Annotated[
        str,
        typer.Option(
            help="Which get plain names in DIR: all, or of the seeds the best by the score.",
            rich_help_panel="Output",
        ),
    ] = "all",
    jobs: Annotated[
        int | None,
        typer.Option(help="Runs at a time.", show_default="one a core; on a graphics card one"),
    ] = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
    *,
    options: Annotated[
        Values,
        Takes(
            without(ObjectiveOptions, *CONTENT_OPTIONS),
            without(RunOptions, *_OF_THE_GRID),
            TileOptions,
        ),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that texonnx did not write.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make a texture of every one of IMAGES, in every size and by every seed.

    What is done already is not done again: after an interruption the same
    command goes on. An image that cannot be read costs its own runs alone.
    DIR has the images, results.csv, a contact sheet and report.html.
    """
    from texonnx.studies import Workforce, cells_of
    from texonnx.studies.batch import batch_of, exemplars_for, name_images, plain_name

    exemplars = exemplars_for(images, output, keep)
    wanted = () if sizes is None else parse_sizes([sizes]) or ()
    asked = batch_of(exemplars, parse_ranges(seeds, "seeds"), wanted, options)
    if not force:
        for cell in cells_of(asked):
            check_not_foreign(output / plain_name(cell))
    workforce = Workforce(jobs, scheduler, workers)
    results, interrupted = run_grid(asked, output, quick=False, workforce=workforce, quiet=quiet)
    name_images(results, output, keep)
    sys.exit(conclude(results, output, interrupted, quiet))
