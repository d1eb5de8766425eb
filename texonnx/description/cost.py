"""What an evaluation of a graph costs, read off the graph: arithmetic and memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from texonnx.description.shapes import bytes_of, shape_of, types_of
from texonnx.objective.forward import positions_symbol
from texonnx.sizes import Size
from texonnx.vgg import layer_names, pools_before

_VIEWS = frozenset({"Identity", "Reshape", "Squeeze", "Unsqueeze"})
"""Ops whose output is their input's memory."""

_IN_PLACE = frozenset({"Add", "Div", "Mul", "Relu", "Sqrt", "Sub"})
"""Ops that write over an input that nothing else needs."""


@dataclass(frozen=True)
class Cost:
    """What loss and gradient take.

    Attributes
    ----------
    size
        Height and width of the image in pixels.
    convolution_flops, product_flops
        Floating-point operations in convolutions and in matrix products; a multiplication and an
        addition are two. Everything else is small beside them.
    weights_bytes
        Of the network's weights and what follows from them alone, in float32.
    activations_bytes
        Of everything else at the moment when there is most of it, if each op's memory is free
        again after its last use.
    """

    size: Size
    convolution_flops: int
    product_flops: int
    weights_bytes: int
    activations_bytes: int

    @property
    def flops(self) -> int:
        """All that are counted."""
        return self.convolution_flops + self.product_flops

    @property
    def megabytes(self) -> float:
        """Memory in MB (10^6 bytes), without what process and runtime take themselves.

        On the CPU provider up to 130 MB more than this was measured, Python aside.
        """
        return (self.weights_bytes + self.activations_bytes) / 1e6


def cost_of(path: Path, size: Size) -> Cost:
    """Return what an evaluation of an objective's graph takes for an image of `size`."""
    model = onnx.load(path, load_external_data=False)
    types = types_of(model, _symbols(size))
    constants = {tensor.name for tensor in model.graph.initializer}
    computed = []
    for node in model.graph.node:
        if constants.issuperset(node.input):
            constants |= set(node.output)
        else:
            computed.append(node)
    # Those left once the others are folded; stored in 16 bits, they are in 32 once they are cast.
    used = constants.intersection(name for node in computed for name in node.input)
    return Cost(
        size=size,
        convolution_flops=_flops(model.graph, "Conv", types),
        product_flops=_flops(model.graph, "MatMul", types),
        weights_bytes=sum(bytes_of(types[name]) for name in used),
        activations_bytes=_most_at_once(model.graph, types, computed),
    )


def _symbols(size: Size) -> dict[str, int]:
    """Return what the symbols of an objective's graph stand for."""
    height, width = size
    symbols = {"image_height": height, "image_width": width}
    for layer in layer_names("vgg19"):
        pools = pools_before(layer)
        symbols[positions_symbol(layer)] = (height >> pools) * (width >> pools)
    return symbols


def _flops(graph: onnx.GraphProto, op: str, types: Mapping[str, onnx.TypeProto]) -> int:
    """Return the operations of all nodes of `op`: Conv or MatMul."""
    total = 0
    for node in graph.node:
        if node.op_type == op:
            result, other = shape_of(types[node.output[0]]), shape_of(types[node.input[1]])
            # For each number: input channels by kernel, or the inner dimension.
            summands = math.prod(other[1:]) if op == "Conv" else other[-2]
            total += 2 * math.prod(result) * summands
    return total


def _most_at_once(
    graph: onnx.GraphProto, types: Mapping[str, onnx.TypeProto], nodes: Sequence[onnx.NodeProto]
) -> int:
    """Return the largest sum of the memory of values that `nodes`, in turn, need at once."""
    owners = _owners(graph)
    last_use = {
        owners[name]: turn for turn, node in enumerate(nodes) for name in node.input if name
    }
    results = {owners[value.name] for value in graph.output}
    alive = {value.name: bytes_of(types[value.name]) for value in graph.input}
    total = most = sum(alive.values())
    for turn, node in enumerate(nodes):
        free = [
            name
            for name in {owners[one] for one in node.input if one}
            if name in alive and last_use[name] == turn and name not in results
        ]
        new = {name: bytes_of(types[name]) for name in node.output if owners[name] == name}
        reused = max((alive[name] for name in free), default=0) if node.op_type in _IN_PLACE else 0
        total += sum(new.values())
        most = max(most, total - min(reused, sum(new.values())))
        alive |= new
        total -= sum(alive.pop(name) for name in free)
    return most


def _owners(graph: onnx.GraphProto) -> dict[str, str]:
    """Return for every value the one whose memory it is in."""
    owners = {value.name: value.name for value in (*graph.input, *graph.initializer)}
    for node in graph.node:
        for name in node.output:
            owners[name] = owners[node.input[0]] if node.op_type in _VIEWS else name
    return owners
