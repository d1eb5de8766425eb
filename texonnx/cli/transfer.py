"""``texonnx transfer``: the content of one image in the texture of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command, without
from texonnx.cli.outputs import Output, OutputOptions, run_and_write
from texonnx.cli.parameters import OutputPath, Quiet, Values
from texonnx.cli.pipes import spooled
from texonnx.errors import OptionError
from texonnx.options import (
    CONTENT_OPTIONS,
    TEXTURE_OPTIONS,
    ObjectiveOptions,
    RunOptions,
    TransferOptions,
)
from texonnx.options.text import parse_style


@command
def transfer(
    content: Annotated[Path, typer.Argument(help="The image of what it shall show.")],
    style: Annotated[
        Path | None, typer.Argument(help="The image whose texture it shall have.")
    ] = None,
    output: OutputPath = None,
    styles: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            help="One of several styles and what it counts, IMAGE:SHARE; give it again for each.",
            rich_help_panel="Objective",
        ),
    ] = None,
    *,
    options: Annotated[
        Values,
        Takes(
            TransferOptions,
            without(ObjectiveOptions, *CONTENT_OPTIONS, *TEXTURE_OPTIONS),
            without(RunOptions, "exemplar_size"),
        ),
    ],
    outputs: Annotated[Values, Takes(OutputOptions)],
    quiet: Quiet = False,
) -> None:
    """Show CONTENT in the manner of STYLE."""
    from texonnx.functions import transfer as transfer_style

    named = [(style, 1.0)] if style is not None else []
    named += [parse_style(text) for text in styles or []]
    if not named:
        raise OptionError("there is no style; name an image after CONTENT, or give --style")
    also = OutputOptions(**outputs)
    with spooled([content, *(path for path, _ in named)]) as files:
        shown, *images = files
        shares = [share for _, share in named]
        name = f"{shown.stem}-{'+'.join(path.stem for path in images)}.png"
        source = f"{shown.name} in the manner of {'+'.join(path.name for path in images)}"
        run_and_write(
            lambda **told: transfer_style(
                shown, list(zip(images, shares, strict=True)), **options, **told
            ),
            Output(output, name, source, files),
            also,
            quiet,
        )
