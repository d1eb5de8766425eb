"""``texonnx synth``: an exemplar in, more of its texture out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command, without
from texonnx.cli.outputs import OutputOptions, Outputs
from texonnx.cli.parameters import Output, Quiet, Values
from texonnx.options import CONTENT_OPTIONS, ObjectiveOptions, RunOptions
from texonnx.options.text import parse_numbers


@command
def synth(
    exemplar: Annotated[
        list[Path], typer.Argument(help="The image of a texture, or several to be mixed.")
    ],
    output: Output = None,
    mix: Annotated[
        str | None,
        typer.Option(
            help="What each of several exemplars counts, such as 0.7,0.3.",
            show_default="alike",
            rich_help_panel="Objective",
        ),
    ] = None,
    *,
    options: Annotated[Values, Takes(without(ObjectiveOptions, *CONTENT_OPTIONS), RunOptions)],
    artifacts: Annotated[
        Path | None,
        typer.Option(
            help="Run from a folder of 'texonnx export', which fixes objective and network.",
            rich_help_panel="Objective",
        ),
    ] = None,
    outputs: Annotated[Values, Takes(OutputOptions)],
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Say what the run would take, and do not run it.",
            rich_help_panel="Output",
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make more of a texture: an image with the statistics of EXEMPLAR's features."""
    from texonnx.cli.running import run_and_write
    from texonnx.functions import synthesize

    shares = None if mix is None else parse_numbers(mix, "shares")
    written = Outputs(
        output or _default_output(exemplar, options["loss"], artifacts),
        "+".join(path.name for path in exemplar),
        OutputOptions(**outputs),
        quiet,
    )
    if plan:
        from texonnx.cli.plan import show_plan

        show_plan(exemplar, quiet, artifacts=artifacts, **options)
        return
    run_and_write(
        lambda **told: synthesize(exemplar, mix=shares, artifacts=artifacts, **options, **told),
        written,
    )


def _default_output(exemplars: list[Path], loss: str, artifacts: Path | None) -> Path:
    """Return ``EXEMPLAR-LOSS.png`` in the current folder, numbered where that exists."""
    from texonnx.exported.folder import ExportedFolder
    from texonnx.images import next_free_path
    from texonnx.losses import label_of, parse_loss

    label = ExportedFolder(artifacts).label if artifacts else label_of(parse_loss(loss))
    return next_free_path(f"{'+'.join(path.stem for path in exemplars)}-{label}.png")
