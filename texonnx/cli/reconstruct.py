"""``texonnx reconstruct``: what a layer still knows of an image, or each of them, on a sheet."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from texonnx.cli.command import Takes, command, without
from texonnx.cli.ending import RANDOM_WEIGHTS, complain, stop
from texonnx.cli.outputs import Output, OutputOptions, run_and_write
from texonnx.cli.parameters import OutputPath, Quiet, Values
from texonnx.cli.pipes import spooled
from texonnx.cli.places import check_kept, place_for
from texonnx.cli.signals import exit_code
from texonnx.errors import OptionError
from texonnx.options import (
    CONTENT_OPTIONS,
    TEXTURE_OPTIONS,
    ObjectiveOptions,
    ReconstructionOptions,
    RunOptions,
)
from texonnx.vgg import layer_names

if TYPE_CHECKING:
    from texonnx.images import Image

_OF_ONE_LAYER = ("layer", "style")


@command
def reconstruct(
    image: Annotated[Path, typer.Argument(help="The image.")],
    output: OutputPath = None,
    *,
    options: Annotated[
        Values,
        Takes(
            ReconstructionOptions,
            without(ObjectiveOptions, "layers", "disc_widths", *CONTENT_OPTIONS, *TEXTURE_OPTIONS),
            without(RunOptions, "disc_steps", "exemplar_size", "quality"),
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
    from texonnx.functions import reconstruct as reconstruct_image

    layer, style = options["layer"], options["style"]
    what = "all" if every_layer else f"{layer}-style" if style else layer
    also = OutputOptions(**outputs)
    with spooled([image]) as [file]:
        name = f"{file.stem}-{what}.png"
        if every_layer:
            if style or also != replace(OutputOptions(), force=also.force, format=also.format):
                raise OptionError(
                    "--all makes one sheet of many runs; leave out --style, --save-every, "
                    "--history, --animate, --plot, --depth and --checkpoint"
                )
            with place_for(output, name, f".{also.format}") as target:
                if not also.force:
                    check_kept(target, [file])
                _write_sheet(file, target, options, quiet)
            return
        run_and_write(
            lambda **told: reconstruct_image(file, **options, **told),
            Output(output, name, file.name, [file]),
            also,
            quiet,
        )


def _write_sheet(image: Path, target: Path, options: Values, quiet: bool) -> None:
    """Reconstruct content and style from every layer, and write the sheet.

    On Ctrl-C, it is written with what is there by then, and the process ends with 130. The layer
    among the options counts for nothing.
    """
    from texonnx.cli.progress import RunProgress
    from texonnx.functions import reconstruct_layers
    from texonnx.images import (
        check_writable,
        contact_sheet,
        load_image,
        save_image,
        scale_shorter_side,
    )

    check_writable(target)
    layers = layer_names(options["arch"])
    original = scale_shorter_side(load_image(image), options["size"])
    rows: list[list[Image | None]] = [[original, *[None] * len(layers)] for _ in range(2)]
    wanted = {name: one for name, one in options.items() if name not in _OF_ONE_LAYER}
    what = [f"{words} {layer}" for words in ("content of", "style up to") for layer in layers]

    def tell_of(number: int) -> None:
        if number < len(what) and not quiet:
            print(f"{number + 1}/{len(what)} {what[number]}", file=sys.stderr, flush=True)

    interrupted = random_weights = False
    with closing(RunProgress(quiet)) as progress:
        try:
            to_come = reconstruct_layers(
                image,
                **wanted,
                on_step=lambda step, _: progress.show(step),
                on_download=progress.download,
            )
            tell_of(0)
            for number, made in enumerate(to_come):
                rows[made.style][1 + layers.index(made.layer)] = made.result.image
                random_weights = made.result.random_weights
                # A bar of its own for each run: the pace of one says nothing about the next.
                progress.close()
                tell_of(number + 1)
        except KeyboardInterrupt:
            if rows[0][1] is None:
                raise
            interrupted = True
    save_image(target, contact_sheet(rows, ["content", "style"], [image.name, *layers]))
    if interrupted:
        stop(f"interrupted; the sheet so far is in {target}", exit_code())
    if not quiet:
        print(target)
        if random_weights:
            complain(RANDOM_WEIGHTS)
