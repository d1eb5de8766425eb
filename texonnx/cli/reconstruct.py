"""``texonnx reconstruct``: what a layer still knows of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command, without
from texonnx.cli.outputs import OutputOptions, Outputs
from texonnx.cli.parameters import Output, Quiet, Values
from texonnx.errors import OptionError
from texonnx.options import (
    CONTENT_OPTIONS,
    ObjectiveOptions,
    ReconstructionOptions,
    RunOptions,
)


@command
def reconstruct(
    image: Annotated[Path, typer.Argument(help="The image.")],
    output: Output = None,
    *,
    options: Annotated[
        Values,
        Takes(
            ReconstructionOptions,
            without(ObjectiveOptions, "layers", "disc_widths", *CONTENT_OPTIONS),
            without(RunOptions, "disc_steps", "exemplar_size"),
        ),
    ],
    every_layer: Annotated[
        bool,
        typer.Option(
            "--all",
            help="A sheet of all layers, content above and style below.",
            rich_help_panel="What",
        ),
    ] = False,
    outputs: Annotated[Values, Takes(OutputOptions)],
    quiet: Quiet = False,
) -> None:
    """Make an image from noise that a layer of the network takes for IMAGE."""
    from texonnx.cli.running import run_and_write
    from texonnx.functions import reconstruct as reconstruct_image
    from texonnx.images import next_free_path

    layer, style = options["layer"], options["style"]
    what = "all" if every_layer else f"{layer}-style" if style else layer
    written = Outputs(
        output or next_free_path(f"{image.stem}-{what}.png"),
        image.name,
        OutputOptions(**outputs),
        quiet,
    )
    if every_layer:
        if style or any(outputs.values()):
            raise OptionError(
                "--all makes one sheet of many runs; leave out --style, --save-every, --history, "
                "--animate and --plot"
            )
        from texonnx.cli.reconstruction_sheet import write_sheet

        write_sheet(image, written, options)
        return
    run_and_write(lambda **told: reconstruct_image(image, **options, **told), written)
