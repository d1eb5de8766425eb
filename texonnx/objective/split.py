"""The objective cut at the features, for a host that sorts faster than the runtime.

One graph goes from the image to the feature maps, another from the feature maps and what the host
found their gradients to be back to the image. Between them the host does the losses that sort;
all other losses stay in the second graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import onnx_ir as ir

from texonnx.graph import pullback
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.objective.forward import image_shape, write_losses
from texonnx.objective.source import Graph
from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import TrunkParameters, layers_needed, write_trunk


@dataclass(frozen=True)
class SplitGraphs:
    """The two halves and what is to be done between them.

    Attributes
    ----------
    features
        image -> ``features.<layer>`` [1, N, H, W] for every layer of the trunk.
    pullback
        ``features.<layer>``, ``cotangent.<layer>`` for every layer of `sorting_weights`, and what
        the other losses take (the image itself, targets) -> gradient, and layer_losses if there
        are other losses.
    parts
        How many entries layer_losses has: first one for each layer of `sorting_weights`.
    sorting_weights
        For each layer that is compared, what multiplies the mean squared distance of the sorted
        features.
    sorted_targets
        For each of them, the name of its sorted target among the target statistics.
    """

    features: Graph
    pullback: Graph
    parts: int
    sorting_weights: Mapping[str, float]
    sorted_targets: Mapping[str, str]


def sorting_weights(specification: Specification) -> dict[str, float]:
    """Return the weight of the sorted distance at each layer; nothing if no loss sorts."""
    weight = sum(term.weight for term in specification.terms if term.loss.sorts)
    pairs = zip(specification.layers, specification.layer_weights, strict=True)
    return {layer: weight * layer_weight for layer, layer_weight in pairs} if weight else {}


def sorted_targets(specification: Specification) -> dict[str, str]:
    """Return the name of each layer's sorted target."""
    return {layer: name for name, loss, layer in specification.targets() if loss.sorts}


def features_model(
    specification: Specification, parameters: TrunkParameters, size: Size
) -> ir.Model:
    """Build the graph: image -> the feature map of every layer of the trunk."""
    tape = Tape("features")
    image = tape.input("image", image_shape("image", size))
    for layer, features in _all_maps(tape, image, parameters, specification).items():
        tape.output(features, f"features.{layer}")
    return tape.model()


def pullback_model(
    specification: Specification,
    parameters: TrunkParameters,
    size: Size,
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> ir.Model:
    """Build the graph: feature maps and their cotangents -> the image's gradient.

    The trunk is written whole for its gradient, then cut at every layer: of the forward half only
    what the gradient looks at is left.
    """
    tape = Tape("pullback", dtype)
    shape = image_shape("image", size)
    image = ir.Value(name="image", shape=ir.Shape(shape), type=ir.TensorType(dtype))
    maps = _all_maps(tape, image, parameters, specification)
    cotangents = {
        maps[layer]: tape.input(f"cotangent.{layer}", dims(maps[layer]))
        for layer in specification.layers
    }
    others = [
        replace(part, terms=tuple(term for term in part.terms if not term.loss.sorts))
        for part in specification.layer_parts
    ]
    if specification.image_terms or any(part.terms for part in others):
        objective = write_losses(tape, image, maps, specification, others)
        tape.output(objective.layer_losses, "layer_losses")
        cotangents[objective.loss] = tape.constant(1.0)
    tape.output(pullback(tape, cotangents, image), "gradient", shape)
    for layer, features in maps.items():
        tape.cut(features, f"features.{layer}")
    if specification.image_terms:
        tape.cut(image, "image")
    return tape.model()


def _all_maps(
    tape: Tape, image: ir.Value, parameters: TrunkParameters, specification: Specification
) -> dict[str, ir.Value]:
    trunk = specification.trunk
    layers = [layer.name for layer in layers_needed(trunk.arch, specification.trunk_layers)]
    return write_trunk(tape, image, parameters, layers, trunk)
