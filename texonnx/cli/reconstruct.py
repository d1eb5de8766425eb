"""``texonnx reconstruct``: what a layer still knows of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from texonnx.cli import parameters
from texonnx.cli.parameters import parse_steps
from texonnx.errors import OptionError
from texonnx.options import OBJECTIVE, RECONSTRUCTION, RUN

_WHAT = "What"


def reconstruct(
    image: Annotated[Path, typer.Argument(help="The image.")],
    output: parameters.Output = None,
    layer: Annotated[
        str, typer.Option(help="The layer, by name.", rich_help_panel=_WHAT)
    ] = RECONSTRUCTION.layer,
    style: Annotated[
        bool,
        typer.Option(
            "--style",
            help="Reconstruct the style from all layers up to the named one, not the content.",
            rich_help_panel=_WHAT,
        ),
    ] = RECONSTRUCTION.style,
    every_layer: Annotated[
        bool,
        typer.Option(
            "--all",
            help="A sheet of all layers, content above and style below.",
            rich_help_panel=_WHAT,
        ),
    ] = False,
    loss: parameters.Loss = OBJECTIVE.loss,
    layer_weights: parameters.LayerWeights = RECONSTRUCTION.layer_weights,
    gram_norm: parameters.GramNorm = OBJECTIVE.gram_norm,
    pool: parameters.Pool = OBJECTIVE.pool,
    padding: parameters.Padding = OBJECTIVE.padding,
    arch: parameters.Arch = OBJECTIVE.arch,
    weights: parameters.Weights = OBJECTIVE.weights,
    activation_scale: parameters.ActivationScale = OBJECTIVE.activation_scale,
    size: Annotated[
        int,
        typer.Option(help="Pixels of the result's shorter side.", rich_help_panel="Output"),
    ] = RECONSTRUCTION.size,
    scales: parameters.Scales = RUN.scales,
    steps: parameters.Steps = None,
    until: parameters.Until = RUN.until,
    optimizer: parameters.Optimizer = RUN.optimizer,
    lr: parameters.LearningRate = RUN.lr,
    init: Annotated[
        str,
        typer.Option(help="noise, mean, spectrum, or an image.", rich_help_panel="Optimisation"),
    ] = str(RECONSTRUCTION.init),
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
    """Make an image from noise that a layer of the network takes for IMAGE."""
    from texonnx.cli.running import Outputs, run_and_write
    from texonnx.images import next_free_path
    from texonnx.verbs.reconstruction import reconstruct as reconstruct_image

    options: dict[str, Any] = {
        "loss": loss,
        "layer_weights": layer_weights,
        "gram_norm": gram_norm,
        "pool": pool,
        "padding": padding,
        "arch": arch,
        "weights": weights,
        "activation_scale": activation_scale,
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
        "init": init,
        "seed": seed,
    }
    what = "all" if every_layer else f"{layer}-style" if style else layer
    outputs = Outputs(
        output or next_free_path(f"{image.stem}-{what}.png"),
        image.name,
        save_every,
        history,
        animate,
        plot,
        quiet,
    )
    if every_layer:
        if style or save_every or history or animate or plot:
            raise OptionError(
                "--all makes one sheet of many runs; leave out --style, --save-every, --history, "
                "--animate and --plot"
            )
        from texonnx.cli.reconstruction_sheet import write_sheet

        write_sheet(image, outputs, options)
        return
    run_and_write(
        lambda on_step, on_download: reconstruct_image(
            image,
            layer=layer,
            style=style,
            **options,
            on_step=on_step,
            on_download=on_download,
        ),
        outputs,
    )
