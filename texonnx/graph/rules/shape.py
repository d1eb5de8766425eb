"""The vector-Jacobian rules of Reshape, Slice, Concat and TopK."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.errors import GraphError
from texonnx.graph.dims import END, dims
from texonnx.graph.reverse import integers, operands, vjp
from texonnx.graph.tape import Tape


@vjp("Reshape")
def reshape(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, None]:
    """Give the gradient the shape that was there before."""
    return tape.reshape_like(gradient, operands(node)[0]), None


@vjp("Slice")
def slice_(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value | None, ...]:
    """Put zeros where the slice took nothing; for slices of step 1 along one axis.

    Where a border falls on an end of the axis, nothing is put there: a tensor of no elements is
    what some providers refuse.
    """
    x, *borders = operands(node)
    (start,), (end,), (axis,), (step,) = map(integers, borders)
    if step != 1:
        raise GraphError(f"only slices of step 1 have a gradient here, not {step}")
    parts = [gradient]
    if start != 0:
        parts.insert(0, tape.zeros_like(tape.slice(x, axis, 0, start)))
    if end != END and end != dims(x)[axis]:
        parts.append(tape.zeros_like(tape.slice(x, axis, end, END)))
    joined = tape.concat(parts, axis) if len(parts) > 1 else gradient
    return joined, None, None, None, None


@vjp("Concat")
def concat(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value | None, ...]:
    """Cut the gradient at the joints; at most one part may have an extent unknown to the tape."""
    axis = node.attributes["axis"].as_int()
    extents = [dims(part)[axis] for part in operands(node)]
    if extents.count(None) > 1:
        raise GraphError("Concat of several parts of unknown extent has no gradient here")
    known = [extent or 0 for extent in extents]
    unknown = extents.index(None) if None in extents else len(extents)
    # What lies behind the part of unknown extent is counted from the end.
    starts = [sum(known[:k]) if k <= unknown else -sum(known[k:]) for k in range(len(known))]
    ends = [*starts[1:], END]
    return tuple(
        tape.slice(gradient, axis, start, end) for start, end in zip(starts, ends, strict=True)
    )


@vjp("TopK")
def top_k(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, None]:
    """Send each sorted value's gradient back to where it came from: here TopK sorts all of x."""
    x = operands(node)[0]
    indices = node.outputs[1]
    # Every position is written, so what the scatter starts from does not matter.
    return tape.op("ScatterElements", [gradient, indices, gradient], dims(x), axis=-1), None
