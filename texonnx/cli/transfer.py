"""``texonnx transfer``: the content of one image in the texture of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from texonnx.cli import parameters
from texonnx.cli.parameters import parse_steps, parse_style, parse_widths
from texonnx.errors import OptionError
from texonnx.options import OBJECTIVE, RUN, TRANSFER

_OBJECTIVE = "Objective"


def transfer(
    content: Annotated[Path, typer.Argument(help="The image of what it shall show.")],
    style: Annotated[
        Path | None, typer.Argument(help="The image whose texture it shall have.")
    ] = None,
    output: parameters.Output = None,
    styles: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            help="One of several styles and what it counts, IMAGE:SHARE; give it again for each.",
            rich_help_panel=_OBJECTIVE,
        ),
    ] = None,
    content_weight: parameters.ContentWeight = TRANSFER.content_weight,
    style_weight: parameters.StyleWeight = TRANSFER.style_weight,
    content_layers: Annotated[
        str, typer.Option(help="Where the content is kept.", rich_help_panel=_OBJECTIVE)
    ] = TRANSFER.content_layers,
    tv: parameters.TotalVariation = TRANSFER.tv,
    preserve_colour: Annotated[
        str,
        typer.Option(
            help="none, luminance (make only that) or histogram (the style in its colours).",
            rich_help_panel=_OBJECTIVE,
        ),
    ] = TRANSFER.preserve_colour,
    style_scale: Annotated[
        float,
        typer.Option(
            help="The style's shorter side, in those of the content.", rich_help_panel=_OBJECTIVE
        ),
    ] = TRANSFER.style_scale,
    loss: parameters.Loss = OBJECTIVE.loss,
    layers: parameters.Layers = OBJECTIVE.layers,
    layer_weights: parameters.LayerWeights = OBJECTIVE.layer_weights,
    gram_norm: parameters.GramNorm = OBJECTIVE.gram_norm,
    pool: parameters.Pool = OBJECTIVE.pool,
    padding: parameters.Padding = TRANSFER.padding,
    arch: parameters.Arch = OBJECTIVE.arch,
    weights: parameters.Weights = OBJECTIVE.weights,
    activation_scale: parameters.ActivationScale = OBJECTIVE.activation_scale,
    disc_widths: parameters.DiscWidths = parameters.DISC_WIDTHS,
    disc_steps: parameters.DiscSteps = RUN.disc_steps,
    size: Annotated[
        int | None,
        typer.Option(
            help="Pixels of the result's shorter side.",
            show_default="the content's, at most 512",
            rich_help_panel="Output",
        ),
    ] = TRANSFER.size,
    scales: parameters.Scales = RUN.scales,
    steps: parameters.Steps = None,
    until: parameters.Until = RUN.until,
    optimizer: parameters.Optimizer = RUN.optimizer,
    lr: parameters.LearningRate = RUN.lr,
    init: Annotated[
        str,
        typer.Option(
            help="content, spectrum (the style's, as noise), noise, mean, or an image.",
            rich_help_panel="Optimisation",
        ),
    ] = str(TRANSFER.init),
    seed: parameters.Seed = RUN.seed,
    engine: parameters.Engine = RUN.engine,
    provider: parameters.Provider = RUN.provider,
    precision: parameters.Precision = RUN.precision,
    memory: parameters.Memory = RUN.memory,
    threads: parameters.Threads = RUN.threads,
    save_every: parameters.SaveEvery = None,
    history: parameters.History = None,
    animate: parameters.Animate = None,
    plot: parameters.Plot = None,
    quiet: parameters.Quiet = False,
) -> None:
    """Show CONTENT in the manner of STYLE."""
    from texonnx.cli.running import Outputs, run_and_write
    from texonnx.images import next_free_path
    from texonnx.verbs.transfer import transfer as transfer_style

    named = [(style, 1.0)] if style is not None else []
    named += [parse_style(text) for text in styles or []]
    if not named:
        raise OptionError("there is no style; name an image after CONTENT, or give --style")
    options: dict[str, Any] = {
        "loss": loss,
        "layers": layers,
        "layer_weights": layer_weights,
        "gram_norm": gram_norm,
        "pool": pool,
        "padding": padding,
        "arch": arch,
        "weights": weights,
        "activation_scale": activation_scale,
        "disc_widths": parse_widths(disc_widths),
        "disc_steps": disc_steps,
        "content_layers": content_layers,
        "content_weight": content_weight,
        "style_weight": style_weight,
        "tv": tv,
        "preserve_colour": preserve_colour,
        "style_scale": style_scale,
        "size": size,
        "scales": scales,
        "steps": parse_steps(steps),
        "until": until,
        "optimizer": optimizer,
        "lr": lr,
        "engine": engine,
        "provider": provider,
        "precision": precision,
        "memory": memory,
        "threads": threads,
    }
    stems = "+".join(path.stem for path, _ in named)
    outputs = Outputs(
        output or next_free_path(f"{content.stem}-{stems}.png"),
        f"{content.name} in the manner of {'+'.join(path.name for path, _ in named)}",
        save_every,
        history,
        animate,
        plot,
        quiet,
    )
    run_and_write(
        lambda on_step, on_download: transfer_style(
            content,
            named,
            **options,
            init=init,
            seed=seed,
            on_step=on_step,
            on_download=on_download,
        ),
        outputs,
    )
