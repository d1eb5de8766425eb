"""The forward objective on a tape, shared by every graph: image and targets to loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from texonnx.artifacts.specification import Specification, target_name
from texonnx.errors import OptionError
from texonnx.graph import gradient
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.graph.trunk import TrunkParameters, write_trunk
from texonnx.images import MAX_PIXELS
from texonnx.losses import Comparison, LossTerm, TextureLoss

Size = tuple[int, int]
"""Height and width in pixels."""


def check_size(what: str, size: Size, minimum_size: int) -> None:
    """Raise :class:`OptionError` for a size that the layers or the memory cannot take."""
    height, width = size
    for side, pixels in (("height", height), ("width", width)):
        if pixels < 1:
            raise OptionError(f"the {side} of the {what} must be 1 or more, not {pixels}")
    if min(size) < minimum_size:
        raise OptionError(
            f"the {what} would have {width}x{height} pixels, and the chosen layers need at least "
            f"{minimum_size}x{minimum_size}"
        )
    if height * width > MAX_PIXELS:
        raise OptionError(
            f"the {what} would have {width}x{height} pixels; at most {MAX_PIXELS // 10**6} "
            "megapixels are accepted"
        )


@dataclass(frozen=True)
class Objective:
    """The scalars that the forward graph computes.

    Attributes
    ----------
    loss
        The weighted sum over layers and losses, a scalar.
    layer_losses
        Its parts, [layers], weights included.
    """

    loss: ir.Value
    layer_losses: ir.Value


def image_shape(name: str, size: Size | None) -> tuple[int | str, ...]:
    """Return [1, 3, H, W]; without a size, height and width are symbols named after `name`."""
    return (1, 3, *(size or (f"{name}_height", f"{name}_width")))


def positions_symbol(layer: str) -> str:
    """Return the symbol for the number of positions of `layer`; a block's layers share it."""
    return f"positions_{layer.partition('_')[0]}"


def feature_matrix(tape: Tape, features: ir.Value) -> ir.Value:
    """Write a feature map [1, N, H, W] as the matrix F [N, M] of channels by positions."""
    channels = dims(features)[1]
    assert channels is not None
    return tape.reshape(features, [channels, -1])


def write_objective(
    tape: Tape, image: ir.Value, parameters: TrunkParameters, specification: Specification
) -> Objective:
    """Write trunk, statistics, distances and their weighted sum; add the targets as inputs."""
    maps = write_trunk(tape, image, parameters, specification.layers, specification.trunk)
    return write_losses(tape, maps, specification, specification.terms)


def write_losses(
    tape: Tape,
    maps: Mapping[str, ir.Value],
    specification: Specification,
    terms: Sequence[LossTerm],
) -> Objective:
    """Write the weighted sum of `terms`, at least one, over feature maps [1, N, H, W]."""
    layer_losses = []
    for layer, layer_weight in zip(specification.layers, specification.layer_weights, strict=True):
        features = feature_matrix(tape, maps[layer])
        total: ir.Value | None = None
        for term in terms:
            statistic = term.loss.statistic(tape, features)
            target = _add_target_input(tape, term.loss, layer, statistic)
            comparison = Comparison(tape, features, statistic, target, specification.loss_options)
            distance = tape.scale(term.loss.distance(comparison), layer_weight * term.weight)
            total = distance if total is None else tape.add(total, distance)
        assert total is not None
        layer_losses.append(tape.reshape(total, [1]))
    joined = tape.concat(layer_losses, axis=0)
    return Objective(tape.reduce_sum(joined, [0]), joined)


def _add_target_input(tape: Tape, loss: TextureLoss, layer: str, statistic: ir.Value) -> ir.Value:
    symbol = positions_symbol(layer)
    shape = [symbol if extent is None else extent for extent in dims(statistic)]
    return tape.input(target_name(loss, layer), shape)


def objective_model(
    specification: Specification,
    parameters: TrunkParameters,
    size: Size | None = None,
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> ir.Model:
    """Build the graph: image, targets -> loss, layer_losses, gradient.

    Parameters
    ----------
    specification, parameters
        What the objective is and the network's tensors.
    size
        Height and width of the image; symbolic if not given.
    dtype
        DOUBLE for a graph to be held against finite differences.
    """
    tape = Tape("objective", dtype)
    shape = image_shape("image", size)
    image = tape.input("image", shape)
    objective = write_objective(tape, image, parameters, specification)
    image_gradient = gradient(tape, objective.loss, image)
    tape.output(objective.loss, "loss")
    tape.output(objective.layer_losses, "layer_losses")
    tape.output(image_gradient, "gradient", shape)
    return tape.model()
