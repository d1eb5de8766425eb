"""Ops of ONNX Runtime's gradient builder that plain ops do faster, replaced by them.

ConvGrad and ReluGrad have kernels in ONNX Runtime's training build that neither
know its blocked layout nor use all threads; the ops that take their place compute the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_CONSTANTS: dict[str, NDArray[np.int64] | NDArray[np.float32]] = {
    "rewrite.first": np.array([-1, -1], np.int64),
    "rewrite.end": np.array([-(2**31)] * 2, np.int64),
    "rewrite.axes": np.array([2, 3], np.int64),
    "rewrite.zero": np.array(0, np.float32),
}

Rewrite = Callable[[onnx.NodeProto], Sequence[onnx.NodeProto]]


def rewrite_gradients(graph: onnx.GraphProto) -> None:
    """Replace every op for which there is a rule, in place."""
    nodes = [new for node in graph.node for new in _REWRITES.get(node.op_type, _keep)(node)]
    if len(nodes) == len(graph.node):
        return
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in _CONSTANTS.items() if name in used
    )


def _keep(node: onnx.NodeProto) -> Sequence[onnx.NodeProto]:
    return [node]


def _conv_grad(node: onnx.NodeProto) -> Sequence[onnx.NodeProto]:
    """Convolve with the kernel flipped and its channel axes swapped.

    That is what the image's gradient is; the kernels' is not wanted.
    """
    gradient, _, kernel = node.input
    swapped, flipped = f"{kernel}.swapped", f"{kernel}.flipped"
    borders = ["rewrite.first", "rewrite.end", "rewrite.axes", "rewrite.first"]
    pads = [_attribute(node, "kernel_shape")[0] - 1 - pad for pad in _attribute(node, "pads")]
    return [
        helper.make_node("Transpose", [kernel], [swapped], perm=[1, 0, 2, 3]),
        helper.make_node("Slice", [swapped, *borders], [flipped]),
        helper.make_node("Conv", [gradient, flipped], [node.output[0]], pads=pads),
    ]


def _relu_grad(node: onnx.NodeProto) -> Sequence[onnx.NodeProto]:
    """Pass the gradient where the output is above 0."""
    gradient, output = node.input
    positive, mask = f"{node.output[0]}.positive", f"{node.output[0]}.mask"
    return [
        helper.make_node("Greater", [output, "rewrite.zero"], [positive]),
        helper.make_node("Cast", [positive], [mask], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [gradient, mask], [node.output[0]]),
    ]


_REWRITES: dict[str, Rewrite] = {"ConvGrad": _conv_grad, "ReluGrad": _relu_grad}


def _attribute(node: onnx.NodeProto, name: str) -> Sequence[int]:
    return next(list(attribute.ints) for attribute in node.attribute if attribute.name == name)
