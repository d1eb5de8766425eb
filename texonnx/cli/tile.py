"""``texonnx tile``: an exemplar in, a tile of its texture out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command, only, without
from texonnx.cli.outputs import Output, OutputOptions, run_and_write
from texonnx.cli.parameters import Maps, OutputPath, Quiet, Values
from texonnx.cli.pipes import spooled
from texonnx.options import CONTENT_OPTIONS, ObjectiveOptions, RunOptions, TileOptions
from texonnx.options.text import parse_map

_TILE = only(TileOptions, "tile", "exact_size")
_BY_DEFAULT = {**_TILE, "tile": replace(_TILE["tile"], default="both")}


@command
def tile(
    exemplar: Annotated[Path, typer.Argument(help="The image of a texture.")],
    output: OutputPath = None,
    maps: Maps = None,
    *,
    options: Annotated[
        Values, Takes(without(ObjectiveOptions, *CONTENT_OPTIONS), RunOptions, _BY_DEFAULT)
    ],
    outputs: Annotated[Values, Takes(OutputOptions)],
    quiet: Quiet = False,
) -> None:
    """Make a tile of EXEMPLAR's texture: an image that can be repeated without a seam.

    It is synth, in a size that holds a whole number of the exemplar's periods, if it has any.
    'texonnx score --tile' says how well it closes.
    """
    from texonnx.functions import synthesize

    together = [parse_map(text) for text in maps or []]
    with spooled([exemplar]) as files:
        run_and_write(
            lambda **told: synthesize(files[0], maps=together, **options, **told),
            Output.of(output, f"{exemplar.stem}-tile.png", files, together),
            OutputOptions(**outputs),
            quiet,
        )
