"""The shape of every value of a graph, once the image has a size.

ONNX's own inference over a whole graph loses the sizes that gradients crop to: they go from one
value's shape through integer ops into another op's arguments. Here those numbers are computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

_MOST_NUMBERS = 64
"""A tensor of more is no shape, and is not computed."""

_ON_SHAPES = frozenset(
    {"Add", "Cast", "Concat", "Div", "Gather", "Mul", "Reshape", "Slice", "Squeeze", "Sub"}
    | {"ReduceProd", "Unsqueeze"}
)
"""Ops that computations of sizes are made of."""


def types_of(model: onnx.ModelProto, symbols: Mapping[str, int]) -> dict[str, onnx.TypeProto]:
    """Return data type and shape of every value by name.

    Parameters
    ----------
    model
        A graph of ONNX's own ops; its external data are not needed.
    symbols
        What the symbols in the shapes of its inputs stand for.
    """
    types: dict[str, onnx.TypeProto] = {}
    known: dict[str, onnx.TensorProto] = {}
    for value in model.graph.input:
        types[value.name] = _with_numbers(value.type, symbols)
    for tensor in model.graph.initializer:
        types[tensor.name] = onnx.helper.make_tensor_type_proto(tensor.data_type, tensor.dims)
        if not tensor.external_data and math.prod(tensor.dims) <= _MOST_NUMBERS:
            known[tensor.name] = tensor
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    for node in model.graph.node:
        types |= onnx.shape_inference.infer_node_outputs(
            onnx.defs.get_schema(node.op_type, opset, node.domain),
            node,
            {name: types[name] for name in node.input if name in types},
            {name: known[name] for name in node.input if name in known},
            opset_imports=list(model.opset_import),
            ir_version=model.ir_version,
        )
        known |= _computed(node, types, known)
    return types


def shape_of(value: onnx.TypeProto) -> list[int]:
    """Return a shape; what is not known of it is 0."""
    return [dim.dim_value for dim in value.tensor_type.shape.dim]


def bytes_of(value: onnx.TypeProto) -> int:
    """Return the memory that a value takes."""
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(value.tensor_type.elem_type))
    return int(math.prod(shape_of(value))) * dtype.itemsize


def _with_numbers(value: onnx.TypeProto, symbols: Mapping[str, int]) -> onnx.TypeProto:
    numbered = onnx.TypeProto()
    numbered.CopyFrom(value)
    for dim in numbered.tensor_type.shape.dim:
        if dim.dim_param in symbols:
            dim.dim_value = symbols[dim.dim_param]
    return numbered


def _computed(
    node: onnx.NodeProto, types: Mapping[str, onnx.TypeProto], known: Mapping[str, onnx.TensorProto]
) -> dict[str, onnx.TensorProto]:
    """Return what a node gives, if it is a shape or follows from shapes."""
    [*names] = node.output
    if node.op_type == "Shape":
        numbers = shape_of(types[node.input[0]])
        attributes = {one.name: one.i for one in node.attribute}
        part = numbers[attributes.get("start", 0) : attributes.get("end")]
        return {names[0]: numpy_helper.from_array(np.array(part, np.int64), names[0])}
    if node.op_type not in _ON_SHAPES or not all(name in known for name in node.input if name):
        return {}
    feeds = {name: numpy_helper.to_array(known[name]) for name in node.input if name}
    found = ReferenceEvaluator(node).run(None, feeds)
    return {
        name: numpy_helper.from_array(np.asarray(array), name)
        for name, array in zip(names, found, strict=True)
    }
