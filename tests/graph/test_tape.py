"""The tape: what is left of a graph that is cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator
from support.evaluation import Reference

from texonnx.graph import gradient
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape


def double_tape() -> Tape:
    return Tape("test", ir.DataType.DOUBLE)


def closed(tape: Tape) -> tuple[onnx.GraphProto, Reference]:
    model = tape.model()
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    return proto.graph, Reference(model)


def op_types(graph: onnx.GraphProto) -> list[str]:
    return [node.op_type for node in graph.node]


def test_a_value_that_is_cut_becomes_an_input_of_its_name_shape_and_type() -> None:
    tape = double_tape()
    x = tape.input("x", (2, 3))
    product = tape.matmul(x, tape.transpose(x, [1, 0]))
    tape.output(tape.square(product), "z")
    replacement = tape.cut(product, "y")
    assert dims(replacement) == (2, 2)
    graph, _ = closed(tape)
    by_name = {value.name: value.type.tensor_type for value in graph.input}
    assert set(by_name) == {"x", "y"}
    assert [each.dim_value for each in by_name["y"].shape.dim] == [2, 2]
    assert by_name["y"].elem_type == onnx.TensorProto.DOUBLE


def test_what_computed_a_cut_value_is_gone_with_what_it_needed() -> None:
    tape = double_tape()
    x = ir.Value(name="x", shape=ir.Shape((3,)), type=ir.TensorType(ir.DataType.DOUBLE))
    y = tape.relu(tape.add(x, tape.constant([1.0, 2.0, 3.0])))
    tape.output(tape.square(y), "z")
    tape.cut(y, "y")
    graph, run = closed(tape)
    assert op_types(graph) == ["Mul"]
    assert [value.name for value in graph.input] == ["y"]
    assert not graph.initializer
    assert run({"y": np.array([-1.0, 2.0, 3.0])})["z"].tolist() == [1, 4, 9]


def test_a_cut_value_is_replaced_wherever_it_is_used() -> None:
    tape = double_tape()
    x = tape.input("x", ())
    y = tape.square(x)
    tape.output(tape.add(tape.mul(y, x), y), "z")
    tape.cut(y, "y")
    _, run = closed(tape)
    # y x + y, whatever x squared is.
    assert run({"x": np.array(2.0), "y": np.array(10.0)})["z"] == 30


def test_what_is_needed_beside_a_cut_value_is_kept() -> None:
    tape = double_tape()
    x = tape.input("x", ())
    below = tape.square(x)
    y = tape.relu(below)
    tape.output(tape.add(y, below), "z")
    tape.cut(y, "y")
    graph, run = closed(tape)
    assert sorted(op_types(graph)) == ["Add", "Mul"]
    assert run({"x": np.array(3.0), "y": np.array(100.0)})["z"] == 109


def test_a_gradient_that_is_cut_looks_at_the_value_that_comes_in() -> None:
    # d(x²)²/dx = 2 y * 2 x with y in place of x².
    tape = double_tape()
    x = tape.input("x", ())
    y = tape.square(x)
    tape.output(gradient(tape, tape.square(y), x), "slope")
    tape.cut(y, "y")
    _, run = closed(tape)
    assert run({"x": np.array(3.0), "y": np.array(5.0)})["slope"] == 60


def test_a_scan_goes_through_a_series_and_sees_what_lies_around_it() -> None:
    tape = Tape("scan")
    series = tape.input("series", ["count", 2])
    factor = tape.input("factor", [2])
    start = tape.constant([0.0, 0.0])

    def add(
        inner: Tape, states: Sequence[ir.Value], element: ir.Value
    ) -> tuple[Sequence[ir.Value], ir.Value]:
        total = inner.add(states[0], inner.mul(element, factor))
        return [total], inner.scale(total, 2.0)

    [total], doubled = tape.scan([start], series, add)
    tape.output(total, "total")
    tape.output(doubled, "doubled")
    values = np.float32([[1, 2], [3, 4], [5, 6]])
    found = ReferenceEvaluator(ir.to_proto(tape.model())).run(
        None, {"series": values, "factor": np.float32([1, 10])}
    )
    sums = values.cumsum(axis=0) * [1, 10]
    np.testing.assert_array_equal(found[0], sums[-1])
    np.testing.assert_array_equal(found[1], 2 * sums)
