"""``texonnx export``: an objective as a folder of ONNX graphs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli import parameters
from texonnx.cli.parameters import parse_size, parse_widths
from texonnx.options import OBJECTIVE, TRANSFER

_FOLDER = "Folder"


def export(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder.",
            show_default="models/ARCH-LOSS",
            rich_help_panel=_FOLDER,
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
    content_layers: Annotated[
        str,
        typer.Option(
            help="For style transfer: where the content is kept, such as conv4_2.",
            show_default="none: a texture's objective",
            rich_help_panel="Objective",
        ),
    ] = OBJECTIVE.content_layers,
    content_weight: parameters.ContentWeight = TRANSFER.content_weight,
    style_weight: parameters.StyleWeight = TRANSFER.style_weight,
    tv: parameters.TotalVariation = TRANSFER.tv,
    fp16: Annotated[
        bool, typer.Option("--fp16", help="Store the weights in 16 bits.", rich_help_panel=_FOLDER)
    ] = False,
    size: Annotated[
        str | None,
        typer.Option(
            help="Fix the image to N or WxH pixels.",
            show_default="any size",
            rich_help_panel=_FOLDER,
        ),
    ] = None,
    training: Annotated[
        bool | None,
        typer.Option(
            help="Write training artifacts.",
            show_default="where onnxruntime-training is installed",
            rich_help_panel=_FOLDER,
        ),
    ] = None,
    scales: Annotated[
        int | None,
        typer.Option(
            help="Training artifacts for how many sizes, halving.",
            show_default="by the size",
            rich_help_panel=_FOLDER,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace an exported folder.", rich_help_panel=_FOLDER),
    ] = False,
    quiet: parameters.Quiet = False,
) -> None:
    """Write graphs, gradient included, that any program with ONNX Runtime can run."""
    from texonnx.cli.progress import RunProgress
    from texonnx.verbs.export import export as export_objective

    with closing(RunProgress(quiet)) as progress:
        folder = export_objective(
            output,
            loss=loss,
            layers=layers,
            layer_weights=layer_weights,
            gram_norm=gram_norm,
            pool=pool,
            padding=padding,
            arch=arch,
            weights=weights,
            activation_scale=activation_scale,
            disc_widths=parse_widths(disc_widths),
            content_layers=content_layers,
            content_weight=content_weight,
            style_weight=style_weight,
            tv=tv,
            fp16=fp16,
            size=parse_size(size),
            training=training,
            scales=scales,
            force=force,
            on_download=progress.download,
        )
    if not quiet:
        print(_listing(folder))


def _listing(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    width = max(len(str(path.relative_to(folder))) for path in files)
    lines = [
        f"  {path.relative_to(folder)!s:<{width}}  {path.stat().st_size / 1e6:8.2f} MB"
        for path in files
    ]
    note = [] if (folder / "training").is_dir() else ["no training artifacts were written"]
    return "\n".join([str(folder), *lines, *note])
