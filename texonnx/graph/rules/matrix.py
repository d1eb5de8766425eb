"""The vector-Jacobian rules of MatMul and Transpose."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from texonnx.graph.reverse import vjp
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
    a, b = node.inputs
    assert a is not None
    assert b is not None
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


def _is_transpose_of(b: ir.Value, a: ir.Value) -> bool:
    producer = b.producer()
    return (
        producer is not None
        and producer.op_type == "Transpose"
        and producer.inputs[0] is a
        and list(producer.attributes["perm"].as_ints()) == _SWAP
    )
