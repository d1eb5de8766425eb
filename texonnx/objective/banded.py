"""The objective in bands, for large images: the first blocks a few rows at a time.

The maps of the first blocks are the largest, and the gradient looks at all of them again. So they
are not kept: a first pass takes from each band of rows its share of the statistics and the pooled
rows, the rest of the network runs whole on those, and a second pass computes each band again for
its gradient. Each band reads as many rows beyond its own as its convolutions see.

What each graph takes and gives:

==========  ==================================  =========================================
forward     ``x``                               ``statistic.<loss>.<layer>``, ``pooled``
backward    ``x``, ``cotangent.pooled``,        ``gradient``
            ``cotangent.<loss>.<layer>``
rest        ``x``, ``image``, targets,          ``loss``, ``layer_losses``, ``gradient``,
            ``statistic.<loss>.<layer>``        ``gradient.image``,
                                                ``cotangent.<loss>.<layer>``
==========  ==================================  =========================================

``x`` is what the first convolution takes (of block 1 the image), each graph has those of them that
there is something for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from texonnx.graph import gradients, pullback
from texonnx.graph.dims import END, static_dims
from texonnx.graph.tape import Tape
from texonnx.losses import TextureLoss
from texonnx.losses.ports import COTANGENT, STATISTIC, Port
from texonnx.objective.banding import BandKind, BlockPlan, block_input
from texonnx.objective.forward import image_shape, write_losses, write_statistic
from texonnx.objective.source import Graph
from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import (
    TrunkParameters,
    layers_needed,
    pool,
    subtract_mean,
    write_blocks,
)
from texonnx.vgg import ConvLayer, layer_channels

_HEIGHT = 2


@dataclass(frozen=True)
class BandedBlock:
    """One block of the network.

    Attributes
    ----------
    plan
        How it is walked.
    forward, backward
        The graphs for each kind of band.
    """

    plan: BlockPlan
    forward: Mapping[BandKind, Graph]
    backward: Mapping[BandKind, Graph]


@dataclass(frozen=True)
class BandedGraphs:
    """The blocks that are walked in bands, shallowest first, and the graph of all the rest.

    Attributes
    ----------
    blocks
        Those in bands.
    rest
        Of an exemplar: x -> the deeper statistics, ``None`` where there are none.
    targets
        For the name of each of the image's statistics, that of the exemplar's.
    """

    blocks: tuple[BandedBlock, ...]
    rest: Graph | None
    targets: Mapping[str, str]


def forward_model(
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: BandKind,
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> ir.Model:
    """Build the graph: a band's input -> its statistics and pooled rows."""
    tape = Tape("band", dtype)
    _, results = _write_band(tape, specification, parameters, plan, kind)
    for (name, _), value in results.items():
        tape.output(value, name)
    return tape.model()


def backward_model(
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: BandKind,
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> ir.Model:
    """Build the graph: a band's input and what its results' gradients are -> its own."""
    tape = Tape("band_gradient", dtype)
    x, results = _write_band(tape, specification, parameters, plan, kind)
    cotangents = {
        value: tape.input(name, static_dims(value)) for (_, name), value in results.items()
    }
    tape.output(pullback(tape, cotangents, x), "gradient")
    return tape.model()


def _names(loss: TextureLoss, layer: str) -> tuple[str, str]:
    """Return the names of a statistic and of its cotangent."""
    return str(Port(STATISTIC, loss.name, layer)), str(Port(COTANGENT, loss.name, layer))


def _write_band(
    tape: Tape,
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: BandKind,
) -> tuple[ir.Value, dict[tuple[str, str], ir.Value]]:
    """Write a band; return its input and its results, by their names and their cotangents'."""
    trunk, edges = specification.trunk, kind.edges
    names = [layer.name for layer in plan.convolutions]
    x = tape.input("x", plan.input_shape(kind))
    start = subtract_mean(tape, x, parameters) if plan.convolutions[0].block == 1 else x
    maps = write_blocks(tape, start, parameters, plan.convolutions, trunk, names, edges)
    results = {}
    for _, loss, layer in specification.targets():
        if layer in maps:
            beyond = len(names) - 1 - names.index(layer)
            above, below = (0 if edge else beyond for edge in (edges.top, edges.bottom))
            own = _without(tape, maps[layer], above, below)
            statistic = write_statistic(tape, own, specification, loss, layer)
            results[_names(loss, layer)] = statistic
    if plan.pooled:
        results["pooled", "cotangent.pooled"] = pool(tape, maps[names[-1]], trunk)
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
    banded = {layer.name: plan for plan in plans for layer in plan.convolutions}
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
    for _, loss, layer in specification.targets():
        if layer in banded:
            # Known by its shape alone; its statistic comes in, in the shape that it would have.
            shape = (1, layer_channels(layer), *banded[layer].shape[_HEIGHT:])
            maps[layer] = ir.Value(name=layer, shape=ir.Shape(shape), type=ir.TensorType(dtype))
            aside = write_statistic(Tape("aside", dtype), maps[layer], specification, loss, layer)
            name, cotangent = _names(loss, layer)
            wrt[cotangent] = statistics[name] = tape.input(name, static_dims(aside))
    objective = write_losses(
        tape, image, maps, specification, specification.layer_parts, statistics
    )
    objective.give(tape)
    found = gradients(tape, objective.loss, list(wrt.values()))
    for (name, value), gradient in zip(wrt.items(), found, strict=True):
        tape.output(gradient, name, static_dims(value))
    return tape.model()


def _deeper(specification: Specification, plans: Sequence[BlockPlan]) -> list[ConvLayer]:
    needed = layers_needed(specification.trunk.arch, specification.trunk_layers)
    return needed[sum(len(plan.convolutions) for plan in plans) :]


def deeper_statistics_model(
    specification: Specification,
    parameters: TrunkParameters,
    size: Size,
    plans: Sequence[BlockPlan],
) -> ir.Model | None:
    """Build the graph of an image's statistics at the deeper blocks, if any are compared."""
    tape = Tape("deeper_statistics")
    deeper = _deeper(specification, plans)
    if not any(layer.name in specification.layers for layer in deeper):
        return None
    x = tape.input("x", block_input(deeper, size))
    maps = write_blocks(tape, x, parameters, deeper, specification.trunk, specification.layers)
    for _, loss, layer in specification.targets():
        if layer in maps:
            statistic = write_statistic(tape, maps[layer], specification, loss, layer)
            tape.output(statistic, _names(loss, layer)[0])
    return tape.model()


def _without(tape: Tape, x: ir.Value, above: int, below: int) -> ir.Value:
    """Drop rows of x at its ends."""
    if not above and not below:
        return x
    return tape.slice(x, _HEIGHT, above, -below if below else END)
