"""``texonnx synth``: an exemplar in, more of its texture out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from texonnx.cli import parameters
from texonnx.cli.parameters import parse_numbers, parse_size, parse_steps, parse_widths
from texonnx.options import OBJECTIVE, RUN

_OUTPUT = "Output"
_RUN = "Optimisation"


def synth(
    exemplar: Annotated[
        list[Path], typer.Argument(help="The image of a texture, or several to be mixed.")
    ],
    output: parameters.Output = None,
    mix: Annotated[
        str | None,
        typer.Option(
            help="What each of several exemplars counts, such as 0.7,0.3.",
            show_default="alike",
            rich_help_panel="Objective",
        ),
    ] = None,
    loss: parameters.Loss = OBJECTIVE.loss,
    layers: parameters.Layers = OBJECTIVE.layers,
    layer_weights: parameters.LayerWeights = OBJECTIVE.layer_weights,
    gram_norm: parameters.GramNorm = OBJECTIVE.gram_norm,
    pool: parameters.Pool = OBJECTIVE.pool,
    padding: parameters.Padding = OBJECTIVE.padding,
    arch: parameters.Arch = OBJECTIVE.arch,
    weights: parameters.Weights = OBJECTIVE.weights,
    activation_scale: parameters.ActivationScale = OBJECTIVE.activation_scale,
    disc_widths: parameters.DiscWidths = parameters.DISC_WIDTHS,
    disc_steps: parameters.DiscSteps = RUN.disc_steps,
    artifacts: Annotated[
        Path | None,
        typer.Option(
            help="Run from a folder of 'texonnx export', which fixes objective and network.",
            rich_help_panel="Objective",
        ),
    ] = None,
    exemplar_size: Annotated[
        int,
        typer.Option(
            help="Pixels of the exemplar's shorter side after scaling.", rich_help_panel=_RUN
        ),
    ] = RUN.exemplar_size,
    size: Annotated[
        str | None,
        typer.Option(
            help="Pixels of the result, N or WxH.",
            show_default="the scaled exemplar's",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    scales: parameters.Scales = RUN.scales,
    steps: parameters.Steps = None,
    until: parameters.Until = RUN.until,
    optimizer: parameters.Optimizer = RUN.optimizer,
    lr: parameters.LearningRate = RUN.lr,
    init: Annotated[
        str,
        typer.Option(
            help="spectrum (the exemplar's, as noise), noise, mean (its colour), or an image.",
            rich_help_panel=_RUN,
        ),
    ] = str(RUN.init),
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
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Say what the run would take, and do not run it.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False,
    quiet: parameters.Quiet = False,
) -> None:
    """Make more of a texture: an image with the statistics of EXEMPLAR's features."""
    from texonnx.cli.running import Outputs, run_and_write
    from texonnx.verbs.synthesis import synthesize

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
        "artifacts": artifacts,
        "exemplar_size": exemplar_size,
        "size": parse_size(size),
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
    shares = None if mix is None else parse_numbers(mix, "shares")
    outputs = Outputs(
        output or _default_output(exemplar, loss, artifacts),
        "+".join(path.name for path in exemplar),
        save_every,
        history,
        animate,
        plot,
        quiet,
    )
    if plan:
        from texonnx.cli.plan import show_plan

        show_plan(exemplar[0], quiet, **options)
        return
    run_and_write(
        lambda on_step, on_download: synthesize(
            exemplar,
            mix=shares,
            **options,
            init=init,
            seed=seed,
            on_step=on_step,
            on_download=on_download,
        ),
        outputs,
    )


def _default_output(exemplars: list[Path], loss: str, artifacts: Path | None) -> Path:
    """Return ``EXEMPLAR-LOSS.png`` in the current folder, numbered where that exists."""
    from texonnx.exported.folder import ExportedFolder
    from texonnx.images import next_free_path
    from texonnx.losses import label_of, parse_loss

    label = ExportedFolder(artifacts).label if artifacts else label_of(parse_loss(loss))
    return next_free_path(f"{'+'.join(path.stem for path in exemplars)}-{label}.png")
