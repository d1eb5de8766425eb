"""The vector-Jacobian rule of TopK, here always a full sort along the last axis."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.reverse import vjp
from texonnx.graph.tape import Tape


@vjp("TopK")
def top_k(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, None]:
    """Send each sorted value's gradient back to where the value came from."""
    x = node.inputs[0]
    assert x is not None
    indices = node.outputs[1]
    # Every position is written, so what the scatter starts from does not matter.
    return tape.op("ScatterElements", [gradient, indices, gradient], dims(x), axis=-1), None
