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
from pathlib import Path

import onnx_ir as ir

from texonnx.graph import gradients, pullback
from texonnx.graph.dims import END, static_dims
from texonnx.graph.tape import Tape
from texonnx.losses import TextureLoss
from texonnx.losses.ports import COTANGENT, STATISTIC, Port
from texonnx.objective.banding import Band, BandKind, BlockPlan
from texonnx.objective.forward import image_shape, write_losses, write_statistic
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
    shape
        Of its input, [1, channels, H, W].
    bands
        Top to bottom.
    forward, backward
        The graphs for each kind of band.
    """

    shape: tuple[int, ...]
    bands: tuple[Band, ...]
    forward: Mapping[BandKind, Path]
    backward: Mapping[BandKind, Path]


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
    rest: Path | None
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
    written = _write_band(tape, specification, parameters, plan, kind)
    for (loss, layer), value in written.statistics.items():
        tape.output(value, str(Port(STATISTIC, loss.name, layer)))
    if written.pooled is not None:
        tape.output(written.pooled, "pooled")
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
    written = _write_band(tape, specification, parameters, plan, kind)
    cotangents = {
        value: tape.input(str(Port(COTANGENT, loss.name, layer)), static_dims(value))
        for (loss, layer), value in written.statistics.items()
    }
    if written.pooled is not None:
        cotangents[written.pooled] = tape.input("cotangent.pooled", static_dims(written.pooled))
    tape.output(pullback(tape, cotangents, written.x), "gradient")
    return tape.model()


@dataclass(frozen=True)
class _WrittenBand:
    x: ir.Value
    statistics: Mapping[tuple[TextureLoss, str], ir.Value]
    pooled: ir.Value | None


def _write_band(
    tape: Tape,
    specification: Specification,
    parameters: TrunkParameters,
    plan: BlockPlan,
    kind: BandKind,
) -> _WrittenBand:
    trunk, edges = specification.trunk, kind.edges
    names = [layer.name for layer in plan.convolutions]
    x = tape.input("x", plan.input_shape(kind))
    start = subtract_mean(tape, x, parameters) if plan.convolutions[0].block == 1 else x
    maps = write_blocks(tape, start, parameters, plan.convolutions, trunk, names, edges)
    statistics = {}
    for _, loss, layer in specification.targets():
        if layer in maps:
            beyond = len(names) - 1 - names.index(layer)
            above, below = (0 if edge else beyond for edge in (edges.top, edges.bottom))
            own = _without(tape, maps[layer], above, below)
            statistics[loss, layer] = write_statistic(tape, own, specification, loss, layer)
    pooled = pool(tape, maps[names[-1]], trunk) if plan.pooled else None
    return _WrittenBand(x, statistics, pooled)


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
        wrt["gradient"] = x = tape.input("x", _input_shape(deeper, size))
        maps = write_blocks(
            tape, x, parameters, deeper, specification.trunk, specification.trunk_layers
        )
    image = ir.Value(name="image", type=ir.TensorType(dtype))
    if specification.image_terms:
        wrt["gradient.image"] = image = tape.input("image", image_shape("image", size))
    statistics = {}
    for _, loss, layer in specification.targets():
        if layer in banded:
            # Known by its shape alone.
            shape = (1, layer_channels(layer), *banded[layer].shape[_HEIGHT:])
            maps[layer] = ir.Value(name=layer, shape=ir.Shape(shape), type=ir.TensorType(dtype))
            name = str(Port(STATISTIC, loss.name, layer))
            wrt[str(Port(COTANGENT, loss.name, layer))] = statistics[name] = _statistic_input(
                tape, specification, loss, layer, maps[layer]
            )
    parts = (*specification.texture_parts, *specification.content_parts)
    objective = write_losses(
        tape, image, maps, specification, parts, specification.image_terms, statistics
    )
    tape.output(objective.loss, "loss")
    tape.output(objective.layer_losses, "layer_losses")
    found = gradients(tape, objective.loss, list(wrt.values()))
    for (name, value), gradient in zip(wrt.items(), found, strict=True):
        tape.output(gradient, name, static_dims(value))
    return tape.model()


def _deeper(specification: Specification, plans: Sequence[BlockPlan]) -> list[ConvLayer]:
    needed = layers_needed(specification.trunk.arch, specification.trunk_layers)
    return needed[sum(len(plan.convolutions) for plan in plans) :]


def _input_shape(convolutions: Sequence[ConvLayer], size: Size) -> tuple[int, ...]:
    height, width = (extent >> (convolutions[0].block - 1) for extent in size)
    return 1, convolutions[0].in_channels, height, width


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
    x = tape.input("x", _input_shape(deeper, size))
    maps = write_blocks(tape, x, parameters, deeper, specification.trunk, specification.layers)
    for _, loss, layer in specification.targets():
        if layer in maps:
            statistic = write_statistic(tape, maps[layer], specification, loss, layer)
            tape.output(statistic, str(Port(STATISTIC, loss.name, layer)))
    return tape.model()


def _statistic_input(
    tape: Tape, specification: Specification, loss: TextureLoss, layer: str, features: ir.Value
) -> ir.Value:
    """Add a statistic as an input, in the shape that it would be written in."""
    statistic = write_statistic(Tape("aside", tape.dtype), features, specification, loss, layer)
    return tape.input(str(Port(STATISTIC, loss.name, layer)), static_dims(statistic))


def _without(tape: Tape, x: ir.Value, above: int, below: int) -> ir.Value:
    """Drop rows of x at its ends."""
    if not above and not below:
        return x
    return tape.slice(x, _HEIGHT, above, -below if below else END)
