"""From the user's words to an exported folder."""

from __future__ import annotations

from pathlib import Path

from texonnx.errors import OptionError, RuntimeUnavailableError
from texonnx.exported.writing import check_destination, export_folder
from texonnx.losses.content import CONTENT
from texonnx.objective.specification import Specification, specify
from texonnx.optim.pyramid import COARSEST_SIDE, pyramid
from texonnx.options import EXPORT_SIZE, ExportOptions, ObjectiveOptions
from texonnx.run.recipe import recipe_of
from texonnx.runtime.installed import installed_runtimes, the_runtime
from texonnx.sizes import Size, check_size
from texonnx.weights import load_weights
from texonnx.weights.sources import Progress


def export_objective(
    folder: str | Path | None,
    objective: ObjectiveOptions,
    chosen: ExportOptions,
    on_download: Progress | None = None,
) -> Path:
    """Write an objective as a folder of ONNX graphs: see :func:`texonnx.export`."""
    specification = specify(objective)
    if chosen.size is not None:
        check_size("image", chosen.size, specification.minimum_size)
    if folder is None:
        label = specification.label or CONTENT.name
        destination = Path("models", f"{objective.arch}-{label}")
        destination.parent.mkdir(exist_ok=True)
    else:
        destination = Path(folder)
    check_destination(destination, replace=chosen.force)
    training_sizes = _training_sizes(chosen, specification)
    export_folder(
        destination,
        specification,
        load_weights(objective.weights, objective.arch, on_download, objective.convention),
        fp16=chosen.fp16,
        activation_scale=objective.activation_scale,
        size=chosen.size,
        training_sizes=training_sizes,
        recipe=recipe_of(specification, chosen.size),
        replace=chosen.force,
    )
    return destination


def _training_sizes(chosen: ExportOptions, specification: Specification) -> list[Size]:
    """Return the sizes for which there are to be training artifacts, coarsest first."""
    training = chosen.training
    if training is None:
        training = any(runtime.can_train for runtime in installed_runtimes())
    if not training:
        if chosen.scales is not None:
            raise OptionError("scales are sizes of training artifacts, and none are written")
        return []
    if not the_runtime().can_train:
        raise RuntimeUnavailableError(
            f"training artifacts need onnxruntime-training, and {the_runtime()} is installed; "
            "make another environment with pip install 'texonnx[training]'"
        )
    full = chosen.size or Size(EXPORT_SIZE, EXPORT_SIZE)
    least, coarsest = specification.minimum_size, COARSEST_SIDE[specification.detail]
    return [scale.output for scale in pyramid(full, full, chosen.scales, least, coarsest)]
