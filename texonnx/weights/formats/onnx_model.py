"""ONNX models: the convolutions in graph order, whatever their initializers are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from texonnx.errors import WeightsError
from texonnx.weights.formats.stored import (
    EPSILON,
    StoredConvolution,
    StoredNetwork,
    as_float32,
    is_kernel_shape,
)

if TYPE_CHECKING:
    from pathlib import Path

    from onnx import ModelProto, NodeProto, TensorProto

    from texonnx.weights.network import FloatArray

_KERAS_NAME = re.compile(r"block\d_conv\d")


def read(path: Path) -> StoredNetwork:
    """Read the 3x3 convolutions of an .onnx file, with what normalises them folded in.

    The pixel convention is the model zoo's, that is torchvision's, unless the names are those of
    the Keras applications.
    """
    import onnx

    model = onnx.load(path)
    constants = _constants(model)
    convolutions = []
    keras = False
    for index, node in enumerate(model.graph.node):
        if node.op_type != "Conv":
            continue
        weights = constants.get(node.input[1])
        if weights is None:
            raise WeightsError(f"its convolution '{node.output[0]}' has no constant weights")
        if is_kernel_shape(tuple(weights.dims)):
            convolutions.append(_convolution(model, index, constants))
            keras = keras or _KERAS_NAME.search(node.input[1]) is not None
    if not convolutions:
        raise WeightsError("its graph has no 3x3 convolution")
    return StoredNetwork(tuple(convolutions), "caffe" if keras else "torch")


def _constants(model: ModelProto) -> dict[str, TensorProto]:
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    constants[node.output[0]] = attribute.t
    return constants


def _convolution(
    model: ModelProto, index: int, constants: dict[str, TensorProto]
) -> StoredConvolution:
    """The convolution at `index` and what follows it up to its activation."""
    node = model.graph.node[index]
    kernel = _array(node.input[1], constants)
    bias = np.zeros(kernel.shape[0], dtype=np.float32)
    if len(node.input) > 2 and node.input[2]:
        bias = _array(node.input[2], constants)
    result = StoredConvolution(kernel, bias)
    output = node.output[0]
    for follower in model.graph.node[index + 1 :]:
        if output not in follower.input:
            continue
        if follower.op_type == "BatchNormalization":
            gamma, beta, mean, variance = (_array(name, constants) for name in follower.input[1:5])
            given = (item.f for item in follower.attribute if item.name == "epsilon")
            result = result.normalised(gamma, beta, mean, variance, next(given, EPSILON))
        elif follower.op_type == "Add" and (added := _addend(follower, output, constants)):
            extra = _array(added, constants).reshape(-1)
            result = StoredConvolution(result.kernel, result.bias + extra)
        else:
            break
        output = follower.output[0]
    return result


def _addend(node: NodeProto, output: str, constants: dict[str, TensorProto]) -> str:
    """The name of the constant that `node` adds, or an empty string."""
    others = [name for name in node.input if name != output]
    return others[0] if len(others) == 1 and others[0] in constants else ""


def _array(name: str, constants: dict[str, TensorProto]) -> FloatArray:
    from onnx import numpy_helper

    if name not in constants:
        raise WeightsError(f"its tensor '{name}' is not a constant of the graph")
    return as_float32(numpy_helper.to_array(constants[name]), name)
