"""From the user's words to an exported folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from texonnx.errors import OptionError, RuntimeUnavailableError
from texonnx.exported.writing import check_destination, export_folder
from texonnx.losses.content import CONTENT
from texonnx.objective.specification import specify
from texonnx.optim.pyramid import pyramid
from texonnx.options import EXPORT_SIZE, OBJECTIVE, TRANSFER, ObjectiveOptions, channels
from texonnx.run.recipe import adam_recipe
from texonnx.runtime.installed import installed_runtimes, the_runtime
from texonnx.sizes import Size, check_size
from texonnx.weights import load_weights
from texonnx.weights.sources import Progress


def export(
    folder: str | Path | None = None,
    *,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    activation_scale: bool = OBJECTIVE.activation_scale,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    content_layers: str = OBJECTIVE.content_layers,
    content_weight: float = TRANSFER.content_weight,
    style_weight: float = TRANSFER.style_weight,
    tv: float = TRANSFER.tv,
    fp16: bool = False,
    size: tuple[int, int] | None = None,
    training: bool | None = None,
    scales: int | None = None,
    force: bool = False,
    on_download: Progress | None = None,
) -> Path:
    """Write an objective as a folder of ONNX graphs that runs without texonnx.

    Parameters
    ----------
    folder
        Where to; ``models/<architecture>-<losses>`` if not given.
    loss, layers, layer_weights, gram_norm, pool, padding, arch, weights, activation_scale
        As for :func:`texonnx.synthesize`.
    disc_widths
        As for :func:`texonnx.synthesize`.
    content_layers, content_weight, style_weight, tv
        As for :func:`texonnx.transfer`; without content layers the objective is a texture's.
    fp16
        Store the weights in 16 bits, which halves the folder; the graphs compute in 32.
    size
        Height and width of the image in pixels, to fix them in the graphs; symbolic if not given.
    training
        Whether to write training artifacts, which needs onnxruntime-training; if not given, they
        are written where that is installed.
    scales
        For how many sizes, each half the one before, there shall be training artifacts: from
        `size`, or 256x256, down; chosen by the size if not given.
    force
        Replace an exported folder of that name.
    on_download
        Called with the bytes that have come and those that will, should weights be fetched.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    TexonnxError
        For an option or weights that will not do, or a folder that cannot be written.
    """
    specification = specify(
        ObjectiveOptions(
            loss=loss,
            layers=layers,
            layer_weights=layer_weights,
            gram_norm=gram_norm,
            pool=pool,
            padding=padding,
            arch=arch,
            disc_widths=channels(disc_widths),
            content_layers=content_layers,
            content_weight=content_weight,
            style_weight=style_weight,
            tv=tv,
        )
    )
    fixed = None if size is None else Size(*size)
    if fixed is not None:
        check_size("image", fixed, specification.minimum_size)
    if folder is None:
        destination = Path("models", f"{arch}-{specification.label or CONTENT.name}")
        destination.parent.mkdir(exist_ok=True)
    else:
        destination = Path(folder)
    check_destination(destination, replace=force)
    if training is None:
        training = any(runtime.can_train for runtime in installed_runtimes())
    training_sizes: list[Size] = []
    if training:
        if not the_runtime().can_train:
            raise RuntimeUnavailableError(
                f"training artifacts need onnxruntime-training, and {the_runtime()} is installed; "
                "make another environment with pip install 'texonnx[training]'"
            )
        full = fixed or Size(EXPORT_SIZE, EXPORT_SIZE)
        steps = pyramid(full, full, scales, specification.minimum_size)
        training_sizes = [scale.output for scale in steps]
    elif scales is not None:
        raise OptionError("scales are sizes of training artifacts, and none are written")
    export_folder(
        destination,
        specification,
        load_weights(weights, arch, on_download),
        fp16=fp16,
        activation_scale=activation_scale,
        size=fixed,
        training_sizes=training_sizes,
        recipe=adam_recipe(specification, fixed),
        replace=force,
    )
    return destination
