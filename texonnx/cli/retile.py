"""``texonnx retile``: an image in, the same with edges that meet out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command, without
from texonnx.cli.outputs import Output, OutputOptions, run_and_write
from texonnx.cli.parameters import OutputPath, Quiet, Values
from texonnx.cli.pipes import spooled
from texonnx.options import CONTENT_OPTIONS, ObjectiveOptions, RetileOptions, RunOptions

_OF_THE_IMAGE = ("size", "exemplar_size")


@command
def retile(
    image: Annotated[Path, typer.Argument(help="The image of a texture that does not tile yet.")],
    output: OutputPath = None,
    *,
    options: Annotated[
        Values,
        Takes(
            without(ObjectiveOptions, *CONTENT_OPTIONS),
            without(RunOptions, *_OF_THE_IMAGE),
            RetileOptions,
        ),
    ],
    outputs: Annotated[Values, Takes(OutputOptions)],
    quiet: Quiet = False,
) -> None:
    """Make IMAGE tile: a band along its edges is made anew, the rest stays to the last bit.

    The band has IMAGE's own texture. 'texonnx score IMAGE OUT --tile' says how well it closes.
    """
    from texonnx.functions import retile

    with spooled([image]) as files:
        run_and_write(
            lambda **told: retile(files[0], **options, **told),
            Output(output, f"{image.stem}-retiled.png", image.name, files),
            OutputOptions(**outputs),
            quiet,
        )
