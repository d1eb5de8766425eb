"""The forward objective on a tape, shared by every graph: image and targets to loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import onnx_ir as ir

from texonnx.graph import gradient
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.losses import Comparison, LayerFeatures, TextureLoss
from texonnx.losses.ports import TARGET, Port
from texonnx.objective.specification import LayerPart, Specification
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import TrunkParameters, write_trunk


@dataclass(frozen=True)
class Objective:
    """The scalars that the forward graph computes.

    Attributes
    ----------
    loss
        The weighted sum over layers and losses, a scalar.
    layer_losses
        Its parts, [parts], weights included.
    """

    loss: ir.Value
    layer_losses: ir.Value

    def give(self, tape: Tape) -> None:
        """Make both outputs, called as they are here."""
        tape.output(self.loss, "loss")
        tape.output(self.layer_losses, "layer_losses")


def write_sum(tape: Tape, losses: Iterable[ir.Value]) -> Objective:
    """Write the sum of losses, each a scalar."""
    parts = tape.concat([tape.reshape(loss, [1]) for loss in losses], axis=0)
    return Objective(tape.reduce_sum(parts, [0]), parts)


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
    maps = write_trunk(tape, image, parameters, specification.trunk_layers, specification.trunk)
    return write_losses(tape, image, maps, specification, specification.layer_parts)


def write_losses(
    tape: Tape,
    image: ir.Value,
    maps: Mapping[str, ir.Value],
    specification: Specification,
    parts: Iterable[LayerPart],
    statistics: Mapping[tuple[str, str], ir.Value] | None = None,
    distances: Mapping[tuple[str, str], ir.Value] | None = None,
) -> Objective:
    """Write the sum of `parts` over feature maps [1, N, H, W], and of what the image is itself.

    A part without terms counts 0. Of `statistics` that there are already, by the names of loss and
    layer, only the distance is written; of `distances`, nothing but their weight.
    """
    matrices = {layer: feature_matrix(tape, features) for layer, features in maps.items()}
    losses = []
    for part in parts:
        total: ir.Value | None = None
        for term in part.terms:
            name = term.loss.name, part.layer
            distance = (distances or {}).get(name)
            if distance is None:
                distance = _distance(
                    tape, matrices[part.layer], specification, term.loss, part.layer,
                    (statistics or {}).get(name),
                )  # fmt: skip
            distance = tape.scale(distance, term.weight)
            total = distance if total is None else tape.add(total, distance)
        losses.append(tape.constant(0.0) if total is None else total)
    for image_term in specification.image_terms:
        losses.append(tape.scale(image_term.loss.value(tape, image), image_term.weight))
    return write_sum(tape, losses)


def _distance(
    tape: Tape,
    matrix: ir.Value,
    specification: Specification,
    loss: TextureLoss,
    layer: str,
    known: ir.Value | None = None,
) -> ir.Value:
    comparison = Comparison(
        _layer_features(tape, matrix, specification, loss, layer),
        loss.statistic if known is None else partial(_constantly, known),
        partial(_add_target_input, tape, loss, layer),
    )
    return loss.distance(comparison)


def write_distance(
    tape: Tape, features: ir.Value, specification: Specification, loss: TextureLoss, layer: str
) -> ir.Value:
    """Write the distance of a feature map [1, N, H, W]; add its target as an input."""
    return _distance(tape, feature_matrix(tape, features), specification, loss, layer)


def _constantly(value: ir.Value, _features: LayerFeatures) -> ir.Value:
    return value


def write_statistic(
    tape: Tape, features: ir.Value, specification: Specification, loss: TextureLoss, layer: str
) -> ir.Value:
    """Write the statistic of a feature map [1, N, H, W] that `loss` is about."""
    matrix = feature_matrix(tape, features)
    return loss.statistic(_layer_features(tape, matrix, specification, loss, layer))


def write_average(
    tape: Tape, features: ir.Value, specification: Specification, loss: TextureLoss, layer: str
) -> ir.Value:
    """Write the average over a feature map [1, N, H, W] that the statistic of `loss` is of."""
    assert loss.averaged is not None
    matrix = feature_matrix(tape, features)
    return loss.averaged(_layer_features(tape, matrix, specification, loss, layer))


def _layer_features(
    tape: Tape, matrix: ir.Value, specification: Specification, loss: TextureLoss, layer: str
) -> LayerFeatures:
    """Return a layer's features as `loss` sees them, which names its inputs after both."""

    def add_input(key: str, shape: tuple[int, int]) -> ir.Value:
        return tape.input(str(Port(key, loss.name, layer)), shape)

    return LayerFeatures(tape, matrix, specification.loss_options, add_input)


def _add_target_input(tape: Tape, loss: TextureLoss, layer: str, statistic: ir.Value) -> ir.Value:
    symbol = positions_symbol(layer)
    shape = [symbol if extent is None else extent for extent in dims(statistic)]
    return tape.input(str(Port(TARGET, loss.name, layer)), shape)


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
    objective.give(tape)
    tape.output(image_gradient, "gradient", shape)
    return tape.model()
