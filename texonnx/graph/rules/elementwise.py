"""The vector-Jacobian rules of the elementwise ops, broadcasting included."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.reverse import operands, vjp
from texonnx.graph.tape import Tape


@vjp("Relu")
def relu(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Pass the gradient where the output is above 0.

    Greater, Cast and Mul run on every provider, and cost half of Sign and Mul; Where costs two to
    seven times as much on ONNX Runtime's CPU provider: see docs/performance.md.
    """
    positive = tape.compare("Greater", node.outputs[0], tape.constant(0.0))
    return (tape.mul(gradient, tape.cast(positive, gradient.dtype)),)


@vjp("Add")
def add(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Pass the gradient to both."""
    a, b = operands(node)
    return _unbroadcast(tape, gradient, a), _unbroadcast(tape, gradient, b)


@vjp("Sub")
def sub(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Pass the gradient to the first, its opposite to the second."""
    a, b = operands(node)
    return _unbroadcast(tape, gradient, a), _unbroadcast(tape, tape.scale(gradient, -1.0), b)


@vjp("Mul")
def mul(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value | None, ir.Value | None]:
    """Multiply the gradient by the other factor; the square of one value is written once."""
    a, b = operands(node)
    if a is b:
        return tape.mul(tape.scale(gradient, 2.0), a), None
    return (
        _unbroadcast(tape, tape.mul(gradient, b), a),
        _unbroadcast(tape, tape.mul(gradient, a), b),
    )


@vjp("Div")
def div(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, ir.Value]:
    """For q = a / b: da = dq / b and db = -q dq / b."""
    a, b = operands(node)
    share = tape.div(gradient, b)
    opposite = tape.scale(tape.mul(share, node.outputs[0]), -1.0)
    return _unbroadcast(tape, share, a), _unbroadcast(tape, opposite, b)


@vjp("Exp")
def exponential(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Multiply the gradient by the output."""
    return (tape.mul(gradient, node.outputs[0]),)


@vjp("Log")
def logarithm(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Divide the gradient by the input."""
    return (tape.div(gradient, operands(node)[0]),)


@vjp("Identity")
def identity(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Pass the gradient."""
    return (gradient,)


def _unbroadcast(tape: Tape, gradient: ir.Value, operand: ir.Value) -> ir.Value:
    """Sum the gradient over the axes along which `operand` was broadcast."""
    shape, target = dims(gradient), dims(operand)
    missing = len(shape) - len(target)
    if missing:
        gradient = tape.reduce_sum(gradient, range(missing))
    stretched = [k for k, n in enumerate(target) if n == 1 and shape[k + missing] != 1]
    if stretched:
        gradient = tape.reduce_sum(gradient, stretched, keepdims=True)
    return gradient
