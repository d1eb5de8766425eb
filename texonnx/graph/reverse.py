"""Reverse-mode differentiation of a tape: one vector-Jacobian rule an op.

A rule receives the gradient with respect to the node's first output and returns what flows on to
each of the node's inputs, ``None`` where nothing does. It writes only standard ONNX ops, of those
that every execution provider runs. What a rule writes in vain (the gradient of a constant) is
dropped when the tape is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import onnx_ir as ir

from texonnx.errors import GraphError, did_you_mean
from texonnx.graph.tape import Tape

Rule = Callable[[Tape, ir.Node, ir.Value], Sequence[ir.Value | None]]

_RULES: dict[str, Rule] = {}


def vjp(op_type: str) -> Callable[[Rule], Rule]:
    """Register the decorated function as the vector-Jacobian rule of `op_type`."""

    def register(rule: Rule) -> Rule:
        _RULES[op_type] = rule
        return rule

    return register


def operands(node: ir.Node) -> tuple[ir.Value, ...]:
    """Return the inputs of a node; a tape leaves none of them out."""
    present = tuple(value for value in node.inputs if value is not None)
    assert len(present) == len(node.inputs)
    return present


def integers(constant: ir.Value) -> list[int]:
    """Return the numbers of a constant vector: axes, or the borders of slices."""
    assert constant.const_value is not None
    return [int(number) for number in constant.const_value.numpy()]


def differentiable_ops() -> tuple[str, ...]:
    """Return the names of the ops that have a rule, sorted."""
    return tuple(sorted(_RULES))


def gradient(tape: Tape, output: ir.Value, wrt: ir.Value) -> ir.Value:
    """Write the gradient of the scalar `output` with respect to `wrt` on the tape.

    Raises
    ------
    GraphError
        When an op on the way has no rule, `output` does not depend on `wrt`, or `wrt` is itself
        computed on the tape.
    """
    return gradients(tape, output, [wrt])[0]


def gradients(tape: Tape, output: ir.Value, wrt: Sequence[ir.Value]) -> list[ir.Value]:
    """Write the gradients of the scalar `output` with respect to each of `wrt`.

    Raises as :func:`gradient` does.
    """
    if len(output.shape or ()) != 0:
        raise GraphError(f"only a scalar has a gradient here, not {output.name} {output.shape}")
    return _pullbacks(tape, {output: tape.constant(1.0)}, wrt)


def pullback(tape: Tape, cotangents: Mapping[ir.Value, ir.Value], wrt: ir.Value) -> ir.Value:
    """Write what `cotangents` of values on the tape, each in its value's shape, come to at `wrt`.

    That is the gradient of a scalar whose gradients with respect to those values they are. Raises
    as :func:`gradient` does.
    """
    return _pullbacks(tape, cotangents, [wrt])[0]


def _pullbacks(
    tape: Tape, cotangents: Mapping[ir.Value, ir.Value], wrt: Sequence[ir.Value]
) -> list[ir.Value]:
    for source in wrt:
        if source.producer() is not None:
            raise GraphError(f"{source.name} is computed on the tape; gradients are of its inputs")
    forward = list(tape.nodes)
    active = _depending_on(wrt, forward)
    for start in cotangents:
        if start not in active:
            names = ", ".join(str(value.name) for value in wrt)
            raise GraphError(f"{start.name} does not depend on {names}")
    found = dict(cotangents)
    for node in reversed(forward):
        incoming = found.get(node.outputs[0])
        if incoming is None or node.outputs[0] not in active:
            continue
        composite = tape.composites.get(node.outputs[0])
        if composite is None:
            inputs, contributions = operands(node), _rule(node)(tape, node, incoming)
        else:
            inputs, contributions = composite.inputs, composite.pull(incoming)
        for value, contribution in zip(inputs, contributions, strict=True):
            if contribution is None or value not in active:
                continue
            before = found.get(value)
            found[value] = contribution if before is None else tape.add(before, contribution)
    for source in wrt:
        if source not in found:
            raise GraphError(f"nothing that has a gradient depends on {source.name}")
    return [found[source] for source in wrt]


def _rule(node: ir.Node) -> Rule:
    if node.op_type not in _RULES:
        raise GraphError(
            f"no gradient rule for {node.op_type}{did_you_mean(node.op_type, _RULES)}; "
            f"there are rules for {', '.join(differentiable_ops())}"
        )
    return _RULES[node.op_type]


def _depending_on(sources: Sequence[ir.Value], nodes: Sequence[ir.Node]) -> set[ir.Value]:
    """Return `sources` and every floating-point value computed from them."""
    active = set(sources)
    for node in nodes:
        if not active.isdisjoint(operands(node)):
            active.update(
                value
                for value in node.outputs
                if value.dtype is not None and value.dtype.is_floating_point()
            )
    return active
