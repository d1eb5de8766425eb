"""The objective a part of the image at a time, for large ones.

The maps of the first blocks are the largest, and the gradient looks at all of them again. So they
are not kept: a first pass takes from each band of rows its share of the averages and the pooled
rows, the rest of the network runs whole on those, and a second pass computes each band again for
its gradient. Each band reads as many rows beyond its own as its convolutions see. The largest
images go through all of the network in windows, in the same two passes; then there is no rest but
the losses. There the distance from a content image is an average as well.

What each graph takes and gives:

==========  ==================================  =========================================
forward     ``x``, ``target.content.<layer>``   ``average.<loss>.<layer>``, ``pooled``
backward    ``x``, ``target.content.<layer>``,  ``gradient``
            ``cotangent.pooled``,
            ``cotangent.<loss>.<layer>``
rest        ``x``, ``image``, targets,          ``loss``, ``layer_losses``, ``gradient``,
            ``average.<loss>.<layer>``          ``gradient.image``,
                                                ``cotangent.<loss>.<layer>``
==========  ==================================  =========================================

``x`` is what the first convolution takes (of block 1 the image), each graph has those of them that
there is something for. That of an exemplar's rest gives the targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from texonnx.graph import gradients, pullback
from texonnx.graph.dims import END, static_dims
from texonnx.graph.tape import Tape
from texonnx.losses import TextureLoss
from texonnx.losses.ports import AVERAGE, COTANGENT, Port
from texonnx.objective.banding import BlockPlan, WindowKind, block_input, reach
from texonnx.objective.forward import (
    image_shape,
    write_average,
    write_distance,
    write_losses,
    write_statistic,
)
from texonnx.objective.source import Graph
from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import (
    Edges,
    TrunkParameters,
    layers_needed,
    pool,
    subtract_mean,
    write_blocks,
)
from texonnx.vgg import ConvLayer, layer_channels

_HEIGHT, _WIDTH = 2, 3


@dataclass(frozen=True)
class BandedBlock:
    """One block of the network, or several at once.

    Attributes
    ----------
    plan
        How it is walked.
    forward, backward
        The graphs for each kind of window.
    """

    plan: BlockPlan
    forward: Mapping[WindowKind, Graph]
    backward: Mapping[WindowKind, Graph]


@dataclass(frozen=True)
class BandedGraphs:
    """The blocks that are walked a part at a time, shallowest first, and the graph of the rest."""

    blocks: tuple[BandedBlock, ...]
    rest: Graph


def forward_model(
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: WindowKind,
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> ir.Model:
    """Build the graph: a window's input -> the averages over its own, and its pooled rows."""
    tape = Tape("window", dtype)
    _, results = _write_window(tape, specification, parameters, plan, kind)
    for (name, _), value in results.items():
        tape.output(value, name)
    return tape.model()


def backward_model(
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: WindowKind,
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> ir.Model:
    """Build the graph: a window's input and what its results' gradients are -> its own."""
    tape = Tape("window_gradient", dtype)
    x, results = _write_window(tape, specification, parameters, plan, kind)
    cotangents = {
        value: tape.input(name, static_dims(value)) for (_, name), value in results.items()
    }
    tape.output(pullback(tape, cotangents, x), "gradient")
    return tape.model()


def _names(loss: TextureLoss, layer: str) -> tuple[str, str]:
    """Return the names of an average and of its cotangent."""
    return str(Port(AVERAGE, loss.name, layer)), str(Port(COTANGENT, loss.name, layer))


def content_model(
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: WindowKind,
) -> ir.Model:
    """Build the graph: a window of the content image -> its own part of the targets, and pooled."""
    tape = Tape("content_window")
    x, maps, own = _write_maps(tape, specification, parameters, plan, kind)
    del x
    for name, loss, layer in specification.content_targets():
        if layer in own:
            tape.output(write_statistic(tape, own[layer], specification, loss, layer), name)
    if plan.pooled:
        last = maps[plan.convolutions[-1].name]
        tape.output(pool(tape, last, specification.trunk), "pooled")
    return tape.model()


def _write_maps(
    tape: Tape,
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: WindowKind,
) -> tuple[ir.Value, dict[str, ir.Value], dict[str, ir.Value]]:
    """Write a window; return its input, its maps by layer, and what of them is its own."""
    x = tape.input("x", plan.input_shape(kind))
    start = subtract_mean(tape, x, parameters) if plan.convolutions[0].block == 1 else x
    names = [layer.name for layer in plan.convolutions]
    trunk = specification.trunk
    maps = write_blocks(tape, start, parameters, plan.convolutions, trunk, names, kind.edges)
    own = {
        layer.name: _without(tape, maps[layer.name], reach(plan.convolutions, layer), kind.edges)
        for layer in plan.convolutions
    }
    return x, maps, own


def _write_window(
    tape: Tape,
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: WindowKind,
) -> tuple[ir.Value, dict[tuple[str, str], ir.Value]]:
    """Write a window; return its input and results, by their names and their cotangents'."""
    x, maps, own = _write_maps(tape, specification, parameters, plan, kind)
    results = {}
    for _, loss, name in specification.targets():
        if name in own:
            results[_names(loss, name)] = write_average(tape, own[name], specification, loss, name)
    for _, loss, name in specification.content_targets():
        if name in own:
            distance = write_distance(tape, own[name], specification, loss, name)
            results[_names(loss, name)] = distance
    if plan.pooled:
        last = maps[plan.convolutions[-1].name]
        results["pooled", "cotangent.pooled"] = pool(tape, last, specification.trunk)
    return x, results


def rest_model(
    specification: Specification,
    parameters: TrunkParameters,
    size: Size,
    plans: Sequence[BlockPlan],
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> ir.Model:
    """Build the graph of the deeper blocks and of all losses."""
    tape = Tape("rest", dtype)
    wrt: dict[str, ir.Value] = {}
    maps: dict[str, ir.Value] = {}
    deeper = _deeper(specification, plans)
    if deeper:
        wrt["gradient"] = x = tape.input("x", block_input(deeper, size))
        maps = write_blocks(
            tape, x, parameters, deeper, specification.trunk, specification.trunk_layers
        )
    image = ir.Value(name="image", type=ir.TensorType(dtype))
    if specification.image_terms:
        wrt["gradient.image"] = image = tape.input("image", image_shape("image", size))
    statistics = {}
    for loss, layer, average in _averages(tape, specification, plans, maps):
        wrt[_names(loss, layer)[1]] = average
        statistics[loss.name, layer] = loss.from_average(tape, average)
    distances = {}
    for loss, layer in _content_in_parts(specification, plans):
        given, cotangent = _names(loss, layer)
        wrt[cotangent] = distances[loss.name, layer] = tape.input(given, [])
    objective = write_losses(
        tape, image, maps, specification, specification.layer_parts, statistics, distances
    )
    objective.give(tape)
    found = gradients(tape, objective.loss, list(wrt.values()))
    for (name, value), gradient in zip(wrt.items(), found, strict=True):
        tape.output(gradient, name, static_dims(value))
    return tape.model()


def _averages(
    tape: Tape,
    specification: Specification,
    plans: Sequence[BlockPlan],
    maps: dict[str, ir.Value],
) -> Iterator[tuple[TextureLoss, str, ir.Value]]:
    """Add the averages of what is walked in parts as inputs; put its maps' shapes into `maps`."""
    banded = {layer.name: (plan, layer) for plan in plans for layer in plan.convolutions}
    for _, loss, name in specification.targets():
        if name not in banded:
            continue
        plan, layer = banded[name]
        extents = (extent >> plan.halvings(layer) for extent in plan.shape[_HEIGHT:])
        # Known by its shape alone; its average comes in, in the shape that it would have.
        shape = ir.Shape((1, layer_channels(name), *extents))
        maps[name] = ir.Value(name=name, shape=shape, type=ir.TensorType(tape.dtype))
        aside = write_average(Tape("aside", tape.dtype), maps[name], specification, loss, name)
        yield loss, name, tape.input(_names(loss, name)[0], static_dims(aside))


def _content_in_parts(
    specification: Specification, plans: Sequence[BlockPlan]
) -> Iterator[tuple[TextureLoss, str]]:
    """Yield the content's loss and layer, for those that are walked in parts."""
    walked = {layer.name for plan in plans for layer in plan.convolutions}
    for _, loss, layer in specification.content_targets():
        if layer in walked:
            yield loss, layer


def _deeper(specification: Specification, plans: Sequence[BlockPlan]) -> list[ConvLayer]:
    needed = layers_needed(specification.trunk.arch, specification.trunk_layers)
    return needed[sum(len(plan.convolutions) for plan in plans) :]


def exemplar_rest_model(
    specification: Specification,
    parameters: TrunkParameters,
    size: Size,
    plans: Sequence[BlockPlan],
) -> ir.Model:
    """Build the graph: averages, and what the deeper blocks take -> an exemplar's targets."""
    tape = Tape("exemplar_rest")
    targets = {(loss, layer): name for name, loss, layer in specification.targets()}
    deeper = _deeper(specification, plans)
    if any(layer.name in specification.layers for layer in deeper):
        x = tape.input("x", block_input(deeper, size))
        maps = write_blocks(tape, x, parameters, deeper, specification.trunk, specification.layers)
        for (loss, layer), name in targets.items():
            if layer in maps:
                statistic = write_statistic(tape, maps[layer], specification, loss, layer)
                tape.output(statistic, name)
    for loss, layer, average in _averages(tape, specification, plans, {}):
        statistic = loss.from_average(tape, average)
        tape.output(tape.unary("Identity", statistic), targets[loss, layer])
    return tape.model()


def _without(tape: Tape, x: ir.Value, beyond: int, edges: Edges) -> ir.Value:
    """Drop what x has beyond a window's own rows and columns."""
    for axis, *at_edge in ((_HEIGHT, edges.top, edges.bottom), (_WIDTH, edges.left, edges.right)):
        before, after = (0 if edge else beyond for edge in at_edge)
        if before or after:
            x = tape.slice(x, axis, before, -after if after else END)
    return x
