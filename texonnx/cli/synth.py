"""``texonnx synth``: an exemplar in, more of its texture out."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from texonnx.cli import parameters
from texonnx.cli.parameters import parse_size, parse_steps
from texonnx.errors import OptionError
from texonnx.options import OBJECTIVE, RUN

if TYPE_CHECKING:
    from texonnx.images import Image
    from texonnx.result import Step, SynthesisResult

_OUTPUT = "Output"
_RUN = "Optimisation"
_ENGINE = "Engine"
_BAD_INPUT = 2
_INTERRUPTED = 130


def synth(
    exemplar: Annotated[Path, typer.Argument(help="The image of a texture.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Where to; the suffix decides the format.",
            show_default="EXEMPLAR-LOSS.png",
            rich_help_panel=_OUTPUT,
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
    scales: Annotated[
        int | None,
        typer.Option(
            help="How many sizes, each twice the one before.",
            show_default="by the size",
            rich_help_panel=_RUN,
        ),
    ] = RUN.scales,
    steps: Annotated[
        str | None,
        typer.Option(
            help="Steps, of L-BFGS evaluations, at each scale: N, or N,N,N coarsest first.",
            show_default="by the scale",
            rich_help_panel=_RUN,
        ),
    ] = None,
    until: Annotated[
        float | None,
        typer.Option(
            help="End a scale when ten steps lower the loss by less than this share, such as 0.02.",
            rich_help_panel=_RUN,
        ),
    ] = RUN.until,
    optimizer: Annotated[
        str, typer.Option(help="lbfgs, scipy-lbfgs, adam or sgd.", rich_help_panel=_RUN)
    ] = RUN.optimizer,
    lr: Annotated[
        float | None,
        typer.Option(
            help="Learning rate of adam or sgd.",
            show_default="the optimizer's",
            rich_help_panel=_RUN,
        ),
    ] = RUN.lr,
    init: Annotated[
        str,
        typer.Option(
            help="spectrum (the exemplar's, as noise), noise, mean (its colour), or an image.",
            rich_help_panel=_RUN,
        ),
    ] = str(RUN.init),
    seed: Annotated[int, typer.Option(help="Of the noise.", rich_help_panel=_RUN)] = RUN.seed,
    engine: Annotated[
        str, typer.Option(help="auto, training or analytic.", rich_help_panel=_ENGINE)
    ] = RUN.engine,
    provider: Annotated[
        str,
        typer.Option(help="auto, cpu, cuda, openvino and so on.", rich_help_panel=_ENGINE),
    ] = RUN.provider,
    precision: Annotated[
        str,
        typer.Option(
            help="fp32, bf16 (openvino) or tf32 (cuda), where the device has it.",
            rich_help_panel=_ENGINE,
        ),
    ] = RUN.precision,
    threads: Annotated[
        int, typer.Option(help="Of an op; 0: one a physical core.", rich_help_panel=_ENGINE)
    ] = RUN.threads,
    save_every: Annotated[
        int | None,
        typer.Option(
            help="Also write the image every so many steps, as OUT-SCALE-STEP.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(help="Write every step's losses, as .csv or .json.", rich_help_panel=_OUTPUT),
    ] = None,
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
    from texonnx.cli.history import check_history_path, write_history
    from texonnx.cli.progress import RunProgress
    from texonnx.images import check_writable, save_image
    from texonnx.result import NotFiniteError, SynthesisInterrupted
    from texonnx.synthesis import synthesize

    if save_every is not None and save_every < 1:
        raise OptionError(f"--save-every must be 1 or more, not {save_every}")
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
        "threads": threads,
    }
    if plan:
        from texonnx.cli.plan import show_plan

        show_plan(exemplar, quiet, **options)
        return
    target = output or _default_output(exemplar, loss, artifacts)
    check_writable(target)
    if history is not None:
        check_history_path(history)
    stopped: str | None = None
    code = 0
    with closing(RunProgress(quiet)) as progress:

        def on_step(step: Step, image: Image) -> None:
            progress.show(step)
            if save_every is not None and step.step % save_every == 0:
                name = f"{target.stem}-{step.scale}-{step.step:04d}{target.suffix}"
                save_image(target.with_name(name), image)

        try:
            result = synthesize(
                exemplar,
                **options,
                init=init,
                seed=seed,
                on_step=on_step,
                on_download=progress.download,
            )
        except SynthesisInterrupted as interrupt:
            result, stopped, code = interrupt.result, "interrupted", _INTERRUPTED
        except NotFiniteError as error:
            result, stopped, code = error.result, str(error), _BAD_INPUT
    save_image(target, result.image, _provenance(exemplar, result))
    if history is not None:
        write_history(history, result.history)
    if stopped is not None:
        height, width = result.image.shape[2:]
        print(
            f"texonnx: {stopped}; the image so far, {width}x{height}, is in {target}",
            file=sys.stderr,
        )
        sys.exit(code)
    if not quiet:
        print(_summary(result, target))
        if result.random_weights:
            print("texonnx: NOTE: random weights, not the pretrained ones", file=sys.stderr)


def _default_output(exemplar: Path, loss: str, artifacts: Path | None) -> Path:
    """Return ``EXEMPLAR-LOSS.png`` in the current folder, numbered where that exists."""
    from texonnx.artifacts.folder import ExportedFolder
    from texonnx.images import next_free_path
    from texonnx.losses import label_of, parse_loss

    label = ExportedFolder(artifacts).label if artifacts else label_of(parse_loss(loss))
    return next_free_path(f"{exemplar.stem}-{label}.png")


def _summary(result: SynthesisResult, target: Path) -> str:
    first, last = result.history[0], result.history[-1]
    return (
        f"{target}: {result.engine} engine on {result.provider}, {result.seconds:.1f} s, "
        f"{len(result.history)} steps, loss {first.loss:.4g} -> {last.loss:.4g}"
    )


def _provenance(exemplar: Path, result: SynthesisResult) -> dict[str, str]:
    from texonnx.version import __version__

    return {
        "Software": f"texonnx {__version__}",
        "Source": exemplar.name,
        "Comment": f"{result.engine} engine, {result.provider}, {len(result.history)} steps",
    }
