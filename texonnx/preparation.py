"""What precedes every run: the exemplar, the graphs and the sizes, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from texonnx.artifacts.built import BuiltGraphs
from texonnx.artifacts.folder import ExportedFolder
from texonnx.artifacts.objective import check_size
from texonnx.artifacts.source import GraphSource
from texonnx.artifacts.specification import specify
from texonnx.errors import ImageError, OptionError
from texonnx.images import Image, check_image, load_image, scale_shorter_side
from texonnx.optim.pyramid import Scale, pyramid
from texonnx.optim.run import check_optimizer
from texonnx.options import OBJECTIVE, ObjectiveOptions, RunOptions
from texonnx.runtime.installed import the_runtime
from texonnx.weights import load_weights
from texonnx.weights.sources import Progress


@dataclass(frozen=True)
class Prepared:
    """What a run works with.

    Attributes
    ----------
    source
        The graphs.
    exemplar
        Scaled, [1, 3, H, W], in [0, 1].
    scales
        The sizes, coarsest first.
    """

    source: GraphSource
    exemplar: Image
    scales: list[Scale]


def prepare(
    exemplar: str | Path | Image,
    objective: ObjectiveOptions,
    options: RunOptions,
    artifacts: str | Path | None,
    on_download: Progress | None = None,
) -> Prepared:
    """Load the exemplar and the weights, and choose the sizes.

    Parameters
    ----------
    exemplar, artifacts, on_download
        As in :func:`texonnx.synthesize`.
    objective, options
        Its options; those of the objective must be the defaults where there are `artifacts`.

    Raises
    ------
    TexonnxError
        For an option, image, weights or folder that will not do.
    """
    check_optimizer(options.optimizer)
    the_runtime()
    original = load_image(exemplar) if isinstance(exemplar, str | Path) else check_image(exemplar)
    if artifacts is None:
        specification = specify(objective)
        _check_large_enough(original, specification.minimum_size)
        source: GraphSource = BuiltGraphs(
            specification,
            load_weights(objective.weights, objective.arch, on_download),
            activation_scale=objective.activation_scale,
        )
    else:
        if objective != OBJECTIVE:
            raise OptionError(
                "loss, layers, network and weights are fixed in the exported folder; leave their "
                "options out"
            )
        source = ExportedFolder(Path(artifacts))
        _check_large_enough(original, source.minimum_size)
    scaled = scale_shorter_side(original, options.exemplar_size)
    return Prepared(source, scaled, _choose_scales(scaled, options, source))


def _check_large_enough(exemplar: Image, minimum_size: int) -> None:
    height, width = exemplar.shape[2:]
    if min(height, width) < minimum_size:
        raise ImageError(
            f"the exemplar has {width}x{height} pixels, and the chosen layers need at least "
            f"{minimum_size}x{minimum_size}"
        )


def _choose_scales(exemplar: Image, options: RunOptions, source: GraphSource) -> list[Scale]:
    exemplar_size = (exemplar.shape[2], exemplar.shape[3])
    size = options.size or source.fixed_size or exemplar_size
    for what, sides in (("exemplar", exemplar_size), ("output", size)):
        check_size(what, sides, source.minimum_size)
    one_size_alone = 1 if source.fixed_size else None
    return pyramid(exemplar_size, size, options.scales or one_size_alone, source.minimum_size)
