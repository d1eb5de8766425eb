"""The vector-Jacobian rules of MatMul, Transpose, ReduceSum and ReduceMean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.reverse import integers, operands, vjp
from texonnx.graph.tape import Tape

_SWAP = [1, 0]


@vjp("MatMul")
def matmul(
    tape: Tape, node: ir.Node, gradient: ir.Value
) -> tuple[ir.Value | None, ir.Value | None]:
    """For C = A B: dA = dC Bᵀ and dB = Aᵀ dC.

    For the symmetric product C = A Aᵀ both reach A, and (dC + dCᵀ) A is one product of the large
    matrix instead of two.
    """
    a, b = operands(node)
    if _is_transpose_of(b, a):
        symmetric = tape.add(gradient, tape.transpose(gradient, _SWAP))
        return tape.matmul(symmetric, a), None
    return (
        tape.matmul(gradient, tape.transpose(b, _SWAP)),
        tape.matmul(tape.transpose(a, _SWAP), gradient),
    )


@vjp("Transpose")
def transpose(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Put the axes back."""
    permutation = node.attributes["perm"].as_ints()
    return (tape.transpose(gradient, [int(k) for k in np.argsort(permutation)]),)


@vjp("ReduceSum")
def reduce_sum(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, None]:
    """Spread the gradient over the axes that were summed."""
    x, axes = operands(node)
    return _spread(tape, gradient, x, integers(axes)), None


@vjp("ReduceMean")
def reduce_mean(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Spread an equal share over the axes that were averaged."""
    (x,) = operands(node)
    axes = node.attributes["axes"].as_ints()
    share = tape.div(gradient, tape.count(x, axes))
    return (_spread(tape, share, x, axes),)


def _is_transpose_of(b: ir.Value, a: ir.Value) -> bool:
    producer = b.producer()
    return (
        producer is not None
        and producer.op_type == "Transpose"
        and producer.inputs[0] is a
        and list(producer.attributes["perm"].as_ints()) == _SWAP
    )


def _spread(tape: Tape, gradient: ir.Value, x: ir.Value, axes: Sequence[int]) -> ir.Value:
    dropped = len(dims(gradient)) < len(dims(x))
    return tape.expand_like(tape.unsqueeze(gradient, axes) if dropped else gradient, x)
