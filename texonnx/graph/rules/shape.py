"""The vector-Jacobian rules of Reshape, Slice and Concat."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.errors import GraphError
from texonnx.graph.dims import END, dims
from texonnx.graph.reverse import vjp
from texonnx.graph.tape import Tape


@vjp("Reshape")
def reshape(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, None]:
    """Give the gradient the shape that was there before."""
    x = node.inputs[0]
    assert x is not None
    return tape.reshape_like(gradient, x), None


@vjp("Slice")
def slice_(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value | None, ...]:
    """Put zeros where the slice took nothing; for slices of step 1 along one axis.

    Where a border falls on an end of the axis, nothing is put there: a tensor of no elements is
    what some providers refuse.
    """
    x = node.inputs[0]
    assert x is not None
    (start,), (end,), (axis,), (step,) = (_integers(value) for value in node.inputs[1:])
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
    extents = [dims(part)[axis] for part in node.inputs if part is not None]
    if extents.count(None) > 1:
        raise GraphError("Concat of several parts of unknown extent has no gradient here")
    joints = [0]
    for extent in extents:
        if extent is None:
            break
        joints.append(joints[-1] + extent)
    after = [END]
    for extent in reversed(extents):
        if extent is None:
            break
        after.append((0 if after[-1] == END else after[-1]) - extent)
    starts = joints[:-1] if None not in extents else joints + after[1:][::-1]
    ends = [*starts[1:], END]
    return tuple(
        tape.slice(gradient, axis, start, end) for start, end in zip(starts, ends, strict=True)
    )


def _integers(value: ir.Value | None) -> list[int]:
    assert value is not None
    assert value.const_value is not None
    return [int(n) for n in value.const_value.numpy()]
