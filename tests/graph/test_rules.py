"""Every gradient rule against central differences in float64, one element at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import onnx_ir as ir
import pytest
from support.evaluation import Array, Reference

from texonnx.graph import gradient
from texonnx.graph.dims import END, dims
from texonnx.graph.reverse import differentiable_ops
from texonnx.graph.tape import Tape

Write = Callable[..., ir.Value]
Shape = tuple[int, ...]

STEP = 1e-6
SYMBOLS = ("static", "height", "width", "all")


@dataclass(frozen=True)
class Case:
    """An op applied to inputs of some shapes.

    `symbolic` tells which axes of which input may have an extent unknown to the tape.
    """

    op: str
    name: str
    write: Write
    shapes: tuple[Shape, ...]
    symbolic: tuple[tuple[int, ...], ...]
    wrt: int = 0
    unknown: str = "static"

    def __str__(self) -> str:
        return f"{self.op}-{self.name}-wrt{self.wrt}-{self.unknown}"


def case(
    op: str,
    name: str,
    write: Write,
    *shapes: Shape,
    symbolic: Sequence[Sequence[int]] | None = None,
) -> Iterator[Case]:
    """Yield a case for each input, with extents known and not; by default all but 1 may be not."""
    axes = symbolic or [[k for k, n in enumerate(shape) if n != 1] for shape in shapes]
    unknowns = ["static"]
    if any(axes):
        unknowns.append("all")
    if any(len(each) > 1 for each in axes):
        unknowns += ["height", "width"]
    for wrt in range(len(shapes)):
        for unknown in unknowns:
            yield Case(op, name, write, shapes, tuple(map(tuple, axes)), wrt, unknown)


def convolutions() -> Iterator[Case]:
    for name, pads, size, extent in (
        ("3x3", (1, 1, 1, 1), 3, (4, 5)),
        ("3x3-valid", (0, 0, 0, 0), 3, (5, 4)),
        ("1x1", (0, 0, 0, 0), 1, (2, 3)),
        ("5x5", (2, 2, 2, 2), 5, (5, 6)),
        ("one-pixel", (1, 1, 1, 1), 3, (1, 1)),
        ("top", (1, 1, 0, 1), 3, (3, 4)),
        ("bottom", (0, 1, 1, 1), 3, (3, 4)),
        ("all-different", (0, 2, 3, 1), 4, (4, 5)),
    ):
        image, kernel = (1, 2, *extent), (3, 2, size, size)
        yield from case(
            "Conv",
            name,
            lambda tape, x, k, b, pads=pads: tape.conv(x, k, b, pads),
            *(image, kernel, (3,)),
            symbolic=[[2, 3], [], []],
        )
    yield from case(
        "Conv",
        "no-bias",
        lambda tape, x, k: tape.conv(x, k, pads=(1, 1, 1, 1)),
        *((1, 3, 4, 4), (2, 3, 3, 3)),
        symbolic=[[2, 3], []],
    )


def poolings() -> Iterator[Case]:
    extents = {
        2: ((2, 2), (4, 6), (5, 6), (4, 7), (5, 7), (3, 3)),
        3: ((3, 3), (6, 9), (7, 8), (8, 7), (5, 6)),
    }
    for size, sizes in extents.items():
        for height, width in sizes:
            for op in ("AveragePool", "MaxPool"):
                method = "average_pool" if op == "AveragePool" else "max_pool"
                yield from case(
                    op,
                    f"{size}x{size}-of-{height}x{width}",
                    lambda tape, x, method=method, size=size: getattr(tape, method)(x, size),
                    (1, 2, height, width),
                    symbolic=[[2, 3]],
                )


def elementwise() -> Iterator[Case]:
    yield from case("Relu", "plain", lambda tape, x: tape.relu(x), (3, 4))
    yield from case("Identity", "plain", lambda tape, x: tape.op("Identity", [x], dims(x)), (3, 4))
    yield from case("Exp", "plain", lambda tape, x: tape.op("Exp", [x], dims(x)), (3, 4))
    yield from case(
        "Log", "plain", lambda tape, x: tape.op("Log", [tape.square(x)], dims(x)), (3, 4)
    )
    broadcasts = {
        "same": ((2, 3), (2, 3)),
        "rank": ((2, 3), (3,)),
        "rank-of-first": ((3,), (2, 3)),
        "rows": ((2, 3), (1, 3)),
        "columns": ((2, 1), (2, 3)),
        "both": ((1, 3), (2, 1)),
        "ranks-and-rows": ((4, 2, 3), (1, 3)),
        "scalar": ((2, 3), ()),
        "scalars": ((), ()),
        "per-channel": ((1, 3, 2, 4), (1, 3, 1, 1)),
        "one-by-one": ((1, 1), (1, 1)),
    }
    for op in ("Add", "Sub", "Mul", "Div"):
        method = op.lower()
        for name, shapes in broadcasts.items():
            yield from case(
                op, name, lambda tape, a, b, method=method: getattr(tape, method)(a, b), *shapes
            )
        yield from case(
            op,
            "of-one-value",
            lambda tape, x, method=method: getattr(tape, method)(x, x),
            (2, 3),
        )
        yield from case(
            op,
            "first-unknown",
            lambda tape, a, b, method=method: getattr(tape, method)(a, b),
            *((2, 3), (2, 3)),
            symbolic=[[0, 1], []],
        )


def matrices() -> Iterator[Case]:
    yield from case("MatMul", "general", lambda tape, a, b: tape.matmul(a, b), (2, 3), (3, 4))
    yield from case("MatMul", "square-of-a-matrix", lambda tape, a: tape.matmul(a, a), (3, 3))
    yield from case(
        "MatMul", "symmetric", lambda tape, a: tape.matmul(a, tape.transpose(a, [1, 0])), (3, 4)
    )
    yield from case(
        "MatMul",
        "symmetric-the-other-way",
        lambda tape, a: tape.matmul(tape.transpose(a, [1, 0]), a),
        (3, 4),
    )
    yield from case(
        "MatMul",
        "with-the-transpose-of-another",
        lambda tape, a, b: tape.matmul(a, tape.transpose(b, [1, 0])),
        *((3, 4), (3, 4)),
    )
    yield from case(
        "MatMul",
        "with-a-transpose-that-changes-nothing",
        lambda tape, a: tape.matmul(a, tape.transpose(a, [0, 1])),
        (3, 3),
    )

    def transpose_used_twice(tape: Tape, a: ir.Value) -> ir.Value:
        transposed = tape.transpose(a, [1, 0])
        return tape.add(tape.matmul(a, transposed), tape.matmul(transposed, a))

    yield from case("MatMul", "transpose-used-twice", transpose_used_twice, (3, 3))
    for permutation in ([1, 0], [0, 1]):
        yield from case(
            "Transpose",
            f"{permutation}",
            lambda tape, x, p=permutation: tape.transpose(x, p),
            (2, 3),
        )
    for permutation in ([1, 2, 0], [2, 0, 1], [0, 2, 1]):
        yield from case(
            "Transpose",
            f"{permutation}",
            lambda tape, x, p=permutation: tape.transpose(x, p),
            (2, 3, 4),
        )


def reductions() -> Iterator[Case]:
    for axes in ([0], [1], [2], [0, 2], [2, 0], [0, 1, 2]):
        for keep in (False, True):
            for op, method in (("ReduceSum", "reduce_sum"), ("ReduceMean", "reduce_mean")):
                yield from case(
                    op,
                    f"{axes}{'-kept' * keep}",
                    lambda tape, x, m=method, a=axes, k=keep: getattr(tape, m)(x, a, k),
                    (2, 3, 4),
                )


def shapes() -> Iterator[Case]:
    for name, start, end in (
        ("first", 0, 1),
        ("second", 1, 2),
        ("inside", 1, 3),
        ("from-second", 1, END),
        ("last", -1, END),
        ("last-two", -2, END),
        ("before-last", -2, -1),
        ("without-ends", 1, -1),
        ("without-last", 0, -1),
        ("all", 0, END),
        ("all-by-extent", 0, 5),
        ("all-from-the-end", -5, END),
        ("more-than-all", -9, 9),
    ):
        yield from case(
            "Slice", name, lambda tape, x, s=start, e=end: tape.slice(x, 1, s, e), (2, 5, 3)
        )
    yield from case("Reshape", "to-rows", lambda tape, x: tape.reshape(x, [2, -1]), (1, 2, 3, 4))
    yield from case("Reshape", "to-a-vector", lambda tape, x: tape.reshape(x, [-1]), (2, 3))
    yield from case("Reshape", "to-a-scalar", lambda tape, x: tape.reshape(x, []), (1,))
    yield from case("Reshape", "of-a-scalar", lambda tape, x: tape.reshape(x, [1]), ())
    parts = ((2, 3), (2, 1), (2, 4))
    for name, axes in (
        ("first", [[1], [], []]),
        ("middle", [[], [1], []]),
        ("last", [[], [], [1]]),
        ("no-joint", [[0], [0], [0]]),
    ):
        yield from case(
            "Concat",
            f"{name}-unknown",
            lambda tape, *xs: tape.concat(xs, 1),
            *parts,
            symbolic=axes,
        )
    yield from case("Concat", "single", lambda tape, x: tape.concat([x], 0), (2, 3))
    yield from case(
        "Concat", "twice-the-same", lambda tape, x: tape.concat([x, x], 0), (2, 3), symbolic=[[1]]
    )


def sorting() -> Iterator[Case]:
    yield from case("TopK", "rows", lambda tape, x: tape.sort(x)[0], (3, 5))
    yield from case("TopK", "vector", lambda tape, x: tape.sort(x)[0], (6,))
    yield from case("TopK", "one-value", lambda tape, x: tape.sort(x)[0], (3, 1))
    yield from case("TopK", "four-axes", lambda tape, x: tape.sort(x)[0], (1, 2, 3, 4))


CASES = [
    *convolutions(),
    *poolings(),
    *elementwise(),
    *matrices(),
    *reductions(),
    *shapes(),
    *sorting(),
]


def declare(tape: Tape, example: Case) -> list[ir.Value]:
    """Add the inputs of `example`; equal unknown extents share a symbol."""
    values = []
    for number, (shape, axes) in enumerate(zip(example.shapes, example.symbolic, strict=True)):
        chosen = {
            "static": (),
            "all": axes,
            "height": axes[:1],
            "width": axes[1:],
        }[example.unknown]
        extents = [f"n{n}" if axis in chosen else n for axis, n in enumerate(shape)]
        values.append(tape.input(f"x{number}", extents))
    return values


def distinct(shape: Shape, rng: np.random.Generator) -> Array:
    """Return numbers in [-2, 2], at least 0.01 from each other and from 0."""
    count = int(np.prod(shape))
    assert count <= 150
    magnitudes = np.linspace(0.05, 2, count) if count > 1 else np.array([1.3])
    return (rng.permutation(magnitudes) * rng.choice([-1, 1], count)).reshape(shape)


def central_differences(function: Callable[[Array], float], at: Array) -> Array:
    slopes = np.empty_like(at)
    for index in np.ndindex(at.shape):
        moved = at.copy()
        moved[index] = at[index] + STEP
        above = function(moved)
        moved[index] = at[index] - STEP
        slopes[index] = (above - function(moved)) / (2 * STEP)
    return slopes


@pytest.mark.parametrize("example", CASES, ids=str)
def test_the_rule_agrees_with_central_differences(example: Case) -> None:
    rng = np.random.default_rng(0)
    tape = Tape("rule", ir.DataType.DOUBLE)
    xs = declare(tape, example)
    result = example.write(tape, *xs)
    assert example.op in {node.op_type for node in tape.nodes}
    tape.output(result, "result")
    forward = Reference(tape.model())
    inputs = {f"x{k}": distinct(shape, rng) for k, shape in enumerate(example.shapes)}
    # Any weighted sum of the result has a gradient; one random weighting sees every element.
    seed = rng.uniform(0.5, 2, forward(inputs)["result"].shape)
    name = f"x{example.wrt}"

    def weighted(x: Array) -> float:
        return float((seed * forward({**inputs, name: x})["result"]).sum())

    expected = central_differences(weighted, inputs[name])

    tape = Tape("gradient", ir.DataType.DOUBLE)
    xs = declare(tape, example)
    result = example.write(tape, *xs)
    weights = tape.input("seed", [f"m{k}" if n is None else n for k, n in enumerate(dims(result))])
    product = tape.mul(result, weights)
    total = tape.reduce_sum(product, range(len(dims(product))))
    tape.output(gradient(tape, total, xs[example.wrt]), "gradient")
    found = Reference(tape.model())({**inputs, "seed": seed})["gradient"]

    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_every_rule_has_been_held_against_central_differences() -> None:
    assert {example.op for example in CASES} == set(differentiable_ops())


@pytest.mark.parametrize("op", differentiable_ops())
def test_every_rule_has_a_case_whose_extents_are_unknown(op: str) -> None:
    assert any(example.op == op and example.unknown != "static" for example in CASES)


def test_no_two_cases_are_the_same() -> None:
    names = sorted(map(str, CASES))
    assert all(a != b for a, b in pairwise(names))


def max_pool_gradient(image: list[list[float]], size: int, unknown: bool) -> Array:
    """Return the gradient of the sum of the maxima, weighted 1, 2, 3 ... in reading order."""
    x = np.array([[image]], np.float64)
    tape = Tape("ties", ir.DataType.DOUBLE)
    value = tape.input("x", (1, 1, "h", "w") if unknown else x.shape)
    pooled = tape.max_pool(value, size)
    height, width = (n // size for n in x.shape[2:])
    weights = np.arange(1.0, height * width + 1).reshape(1, 1, height, width)
    product = tape.mul(pooled, tape.constant(weights))
    tape.output(gradient(tape, tape.reduce_sum(product, range(4)), value), "gradient")
    found: Array = Reference(tape.model())({"x": x})["gradient"][0, 0]
    return found


@pytest.mark.parametrize("unknown", [False, True])
def test_max_pool_gives_all_to_the_first_of_the_largest_in_reading_order(unknown: bool) -> None:
    found = max_pool_gradient(
        [
            [7, 7, 1, 5, 9],
            [7, 7, 5, 5, 9],
            [0, 2, 0, 0, 9],
            [2, 1, 0, 0, 9],
            [9, 9, 9, 9, 9],
        ],
        2,
        unknown,
    )
    # Windows: all 7, the first takes 1. 1 5 / 5 5, the upper right takes 2. 0 2 / 2 1, the upper
    # right takes 3. All 0, the first takes 4. The last row and column belong to no window.
    np.testing.assert_array_equal(
        found,
        [
            [1, 0, 0, 2, 0],
            [0, 0, 0, 0, 0],
            [0, 3, 4, 0, 0],
            [0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0],
        ],
    )


@pytest.mark.parametrize("unknown", [False, True])
def test_max_pool_of_three_by_three_breaks_ties_in_reading_order(unknown: bool) -> None:
    found = max_pool_gradient(
        [
            [0, 0, 1, 4, 4, 4],
            [0, 8, 0, 4, 4, 4],
            [8, 0, 8, 4, 4, 4],
        ],
        3,
        unknown,
    )
    np.testing.assert_array_equal(
        found, [[0, 0, 0, 2, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]
    )


def test_relu_passes_nothing_at_exactly_zero() -> None:
    tape = Tape("relu", ir.DataType.DOUBLE)
    x = tape.input("x", (3,))
    tape.output(gradient(tape, tape.reduce_sum(tape.relu(x), [0]), x), "gradient")
    found = Reference(tape.model())({"x": np.array([-1.0, 0.0, 1.0])})["gradient"]
    np.testing.assert_array_equal(found, [0, 0, 1])
