"""The vector-Jacobian rules of ReduceSum and ReduceMean."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.reverse import vjp
from texonnx.graph.tape import Tape


@vjp("ReduceSum")
def reduce_sum(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, None]:
    """Spread the gradient over the axes that were summed."""
    x, axes_value = node.inputs
    assert x is not None
    assert axes_value is not None
    assert axes_value.const_value is not None
    axes = [int(axis) for axis in axes_value.const_value.numpy()]
    return _spread(tape, gradient, x, axes), None


@vjp("ReduceMean")
def reduce_mean(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Spread an equal share over the axes that were averaged."""
    x = node.inputs[0]
    assert x is not None
    axes = node.attributes["axes"].as_ints()
    share = tape.div(gradient, tape.count(x, axes))
    return (_spread(tape, share, x, axes),)


def _spread(tape: Tape, gradient: ir.Value, x: ir.Value, axes: Sequence[int]) -> ir.Value:
    dropped = len(dims(gradient)) < len(dims(x))
    return tape.expand_like(tape.unsqueeze(gradient, axes) if dropped else gradient, x)
