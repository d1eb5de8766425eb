"""L-BFGS in graphs, for hosts that only loop: where it starts, and one evaluation of it.

Liu and Nocedal, "On the Limited Memory BFGS Method for Large Scale Optimization", 1989; the run of
:mod:`texonnx.optim.lbfgs`, step for step. What would be loops over images there are loops over
numbers here: all that the recursion asks of changes and gradients are their products with each
other, and what it gives is a sum of them (Chen, Wang and Zhou, "Large-scale L-BFGS using
MapReduce", 2014). And what it calls the metric M, its inverse Hessian to start from, is R R' here:
with images as R x it starts from the identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from texonnx.graph import gradient
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.objective.forward import image_shape, write_objective
from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.subgraphs.colours import root_of_colours
from texonnx.subgraphs.noise import counting
from texonnx.subgraphs.trunk import TrunkParameters
from texonnx.subgraphs.waves import frequencies, waves

CORRECTIONS = 20
SUFFICIENT_DECREASE = 1e-4
TRIALS = 6
LEAST_COSINE = 1e-6
FIRST_CHANGE = 0.0025
"""Root mean square change of the pixels that a step along the gradient tries."""
ALL_COLOURS = 0.1
"""The share of the identity beside the colours' covariance, so that no colour is out of reach."""
POWER_OF_FREQUENCY = 0.5
"""For a start from a coarser scale's result, in which the coarse structures are settled."""
LEAST_FREQUENCY = 1 / 64
"""In cycles per pixel: what is coarser counts as that."""
SHORTEST, LONGEST = 0.1, 0.5
"""What a step that was too long is multiplied by, at the least and at the most."""
_INT64 = ir.DataType.INT64


def lbfgs_start_model() -> ir.Model:
    """Build the graph: image, exemplar, steps -> the state in which L-BFGS starts, as next_..."""
    tape = Tape("lbfgs_start")
    image = tape.input("image", image_shape("image", None))
    exemplar = tape.input("exemplar", image_shape("exemplar", None))
    steps = tape.input("steps", [1], _INT64)
    zeros = tape.zeros_like(image)
    rows = tape.op("Min", [steps, tape.integers([CORRECTIONS])], (1,), dtype=_INT64)
    rows = tape.op("Max", [rows, tape.integers([1])], (1,), dtype=_INT64)
    sides = [tape.extent(image, axis) for axis in (2, 3)]
    extents = tape.concat([rows, tape.integers([3]), *sides], axis=0)
    stack = tape.op("ConstantOfShape", [extents], (None, 3, None, None))
    covariance_root = root_of_colours(tape, exemplar, ALL_COLOURS)
    one = tape.constant([1.0])
    nought = tape.constant([0.0])
    _State(
        image=image,
        best_image=image,
        best_gradient=zeros,
        best_loss=nought,
        direction=zeros,
        length=one,
        trials=tape.integers([0]),
        unit=nought,
        pairs=tape.integers([0]),
        changes=stack,
        gradient_changes=stack,
        colours=covariance_root,
    ).give(tape, None)
    return tape.model()


def lbfgs_step_model(
    specification: Specification, parameters: TrunkParameters, size: Size | None = None
) -> ir.Model:
    """Build the graph of one evaluation of L-BFGS, and of what is to be evaluated next.

    Inputs: the state, targets. Outputs: the next state, each called next_ and its name, and loss
    and layer_losses of the image that came in.

    The state is what :class:`_State` tells. The result of a run is its best_image.
    """
    tape = Tape("lbfgs_step")
    state = _State.taken(tape, size)
    objective = write_objective(tape, state.image, parameters, specification)
    slope = gradient(tape, objective.loss, state.image)
    _next(tape, state, objective.loss, slope).give(tape, size)
    objective.give(tape)
    return tape.model()


@dataclass(frozen=True)
class _State:
    """What L-BFGS hands on from evaluation to evaluation.

    Attributes
    ----------
    image
        To be evaluated, [1, 3, H, W].
    best_image, best_gradient, best_loss
        Of the last step that was taken; the gradient with respect to x of R x, both in units.
    direction
        From there, as a change of x.
    length
        Of it, to `image`; and how often it was shortened in vain: `trials`, int64.
    unit
        What loss and gradients are divided by: squares of large gradients are beyond float32.
    pairs
        How many changes were taken in, int64; the last of them are in the rows of `changes` and
        `gradient_changes`, the k-th, from 0, in row k modulo their number.
    colours
        The part of R that mixes colours, [3, 3].
    """

    image: ir.Value
    best_image: ir.Value
    best_gradient: ir.Value
    best_loss: ir.Value
    direction: ir.Value
    length: ir.Value
    trials: ir.Value
    unit: ir.Value
    pairs: ir.Value
    changes: ir.Value
    gradient_changes: ir.Value
    colours: ir.Value

    @classmethod
    def taken(cls, tape: Tape, size: Size | None) -> _State:
        """Make each an input."""
        return cls(
            **{
                name: tape.input(name, shape, ir.DataType.FLOAT if numbers else _INT64)
                for name, (shape, numbers) in _shapes(size).items()
            }
        )

    def give(self, tape: Tape, size: Size | None) -> None:
        """Make each an output."""
        for name, (shape, _) in _shapes(size).items():
            tape.output(getattr(self, name), f"next_{name}", shape)


def _shapes(size: Size | None) -> dict[str, tuple[tuple[int | str, ...], bool]]:
    """Return the shape of each part of the state, and whether it is of floats."""
    image = image_shape("image", size)
    stack = ("rows", *image[1:])
    return {
        "image": (image, True),
        "best_image": (image, True),
        "best_gradient": (image, True),
        "best_loss": ((1,), True),
        "direction": (image, True),
        "length": ((1,), True),
        "trials": ((1,), False),
        "unit": ((1,), True),
        "pairs": ((1,), False),
        "changes": (stack, True),
        "gradient_changes": (stack, True),
        "colours": ((3, 3), True),
    }


def _next(tape: Tape, state: _State, loss: ir.Value, slope: ir.Value) -> _State:
    root = _Root(tape, state.image, state.colours)
    first = tape.compare("Equal", state.unit, tape.constant([0.0]))
    unit = _choose(tape, first, _power_of_two_near(tape, slope), state.unit)
    here = tape.div(tape.reshape(loss, [1]), unit)
    here_gradient = root.transposed(tape.div(slope, unit))

    along = _dot(tape, state.best_gradient, state.direction)
    rise = tape.sub(here, state.best_loss)
    enough = tape.mul(tape.scale(state.length, SUFFICIENT_DECREASE), along)
    taken = tape.op(
        "Or", [first, tape.compare("LessOrEqual", rise, enough)], (1,), dtype=ir.DataType.BOOL
    )
    best_image = _choose(tape, taken, state.image, state.best_image)
    best_gradient = _choose(tape, taken, here_gradient, state.best_gradient)
    best_loss = _choose(tape, taken, here, state.best_loss)

    change = tape.mul(state.direction, state.length)
    gradient_change = tape.sub(here_gradient, state.best_gradient)
    curved = _is_curved(tape, change, gradient_change)
    later = tape.op("Not", [first], (1,), dtype=ir.DataType.BOOL)
    kept = _all(tape, taken, later, curved)
    changes = _put(tape, state.changes, state.pairs, kept, change)
    gradient_changes = _put(tape, state.gradient_changes, state.pairs, kept, gradient_change)
    pairs = tape.add(state.pairs, tape.cast(kept, _INT64))

    trials = tape.add(state.trials, tape.integers([1]))
    trials = _choose(tape, taken, tape.integers([0]), trials)
    some = tape.compare("Greater", pairs, tape.integers([0]))
    in_vain = tape.compare("GreaterOrEqual", trials, tape.integers([TRIALS]))
    given_up = _all(tape, in_vain, some)
    anew = tape.op("Or", [taken, given_up], (1,), dtype=ir.DataType.BOOL)

    recursion = _Recursion(tape, changes, gradient_changes, pairs)
    found = recursion.descent(best_gradient)
    downhill = tape.compare("Less", _dot(tape, found, best_gradient), tape.constant([0.0]))
    trusted = _all(tape, some, downhill, tape.op("Not", [given_up], (1,), dtype=ir.DataType.BOOL))
    steep = _all(tape, anew, tape.op("Not", [trusted], (1,), dtype=ir.DataType.BOOL))
    direction = _choose(tape, anew, found, state.direction)
    direction = _choose(tape, steep, tape.unary("Neg", best_gradient), direction)
    step = root(direction)
    size = tape.op("Max", [_root_mean_square(tape, step), tape.constant([_TINY])], (1,))
    share = tape.div(tape.constant([FIRST_CHANGE]), size)
    share = _choose(tape, steep, share, tape.constant([1.0]))
    length = _choose(tape, anew, tape.constant([1.0]), _shorter(tape, state.length, rise, along))
    return _State(
        image=tape.add(best_image, tape.mul(step, tape.mul(share, length))),
        best_image=best_image,
        best_gradient=best_gradient,
        best_loss=best_loss,
        direction=tape.mul(direction, share),
        length=length,
        trials=_choose(tape, anew, tape.integers([0]), trials),
        unit=unit,
        pairs=_choose(tape, steep, tape.integers([0]), pairs),
        changes=changes,
        gradient_changes=gradient_changes,
        colours=state.colours,
    )


_TINY = float(np.finfo(np.float32).tiny)


class _Root:
    """R, of which the metric of :class:`texonnx.optim.metric.ImageMetric` is R R', but for a scale.

    It mixes the colours, and weighs the frequencies. A filter that is even along both axes
    multiplies the products with cos + sin along each, of which every one is its own inverse, times
    the extent.
    """

    def __init__(self, tape: Tape, image: ir.Value, colours: ir.Value) -> None:
        self._tape = tape
        self._colours = colours
        extents = [tape.extent(image, axis) for axis in (2, 3)]
        both = (waves(tape, extent) for extent in extents)
        self._down, self._across = (tape.add(one.real, one.imaginary) for one in both)
        down, across = (tape.square(frequencies(tape, extent)) for extent in extents)
        squares = tape.add(tape.reshape(down, [-1, 1]), tape.reshape(across, [1, -1]))
        squares = tape.add(squares, tape.constant(LEAST_FREQUENCY**2))
        # The root of the root of what is squared, to the power that the frequency is raised to.
        gain = tape.op("Pow", [squares, tape.constant(POWER_OF_FREQUENCY / 4)], (None, None))
        area = tape.cast(tape.mul(*extents))
        self._gain = tape.div(gain, area)

    def __call__(self, image: ir.Value) -> ir.Value:
        """Write R times an image."""
        return self._weighed(self._mixed(image, self._colours))

    def transposed(self, image: ir.Value) -> ir.Value:
        """Write R' times an image."""
        return self._weighed(self._mixed(image, self._tape.transpose(self._colours, [1, 0])))

    def _mixed(self, image: ir.Value, matrix: ir.Value) -> ir.Value:
        planes = self._tape.reshape(image, [3, -1])
        return self._tape.reshape_like(self._tape.matmul(matrix, planes), image)

    def _weighed(self, image: ir.Value) -> ir.Value:
        weighed = self._tape.mul(self._transformed(image), self._gain)
        return self._transformed(weighed)

    def _transformed(self, image: ir.Value) -> ir.Value:
        return self._tape.matmul(self._down, self._tape.matmul(image, self._across))


class _Recursion:
    """The two loops of L-BFGS over the products of its pairs, the newest first."""

    def __init__(
        self, tape: Tape, changes: ir.Value, gradient_changes: ir.Value, pairs: ir.Value
    ) -> None:
        self._tape = tape
        self._changes, self._gradient_changes = (
            tape.op("Reshape", [stack, tape.integers([0, -1])], (None, None))
            for stack in (changes, gradient_changes)
        )
        rows = tape.extent(changes, 0)
        self._places = counting(tape, rows)
        self._order = _newest_first(tape, self._places, rows, pairs)
        square = tape.concat([rows, rows], axis=0)
        zeros = tape.op("ConstantOfShape", [square], (None, None))
        self._unit_vectors = tape.unary("EyeLike", zeros)
        self._mixed = self._in_order(self._changes, self._gradient_changes)
        self._squared = self._in_order(self._gradient_changes, self._gradient_changes)
        curvature = tape.reduce_sum(tape.mul(self._mixed, self._unit_vectors), [1])
        none = tape.compare("LessOrEqual", curvature, tape.constant(0.0))
        safe = tape.op("Where", [none, tape.constant([1.0]), curvature], (None,))
        inverse = tape.div(tape.constant([1.0]), safe)
        self._inverse = tape.op("Where", [none, tape.constant([0.0]), inverse], (None,))
        first = [
            tape.slices(one, [0, 1], [0, 0], [1, 1], [1, 1]) for one in (self._mixed, self._squared)
        ]
        square_of_newest = tape.op("Max", [first[1], tape.constant([_TINY])], (1, 1))
        self._scale = tape.reshape(tape.div(first[0], square_of_newest), [1])

    def _in_order(self, left: ir.Value, right: ir.Value) -> ir.Value:
        """Write the products of the rows of two stacks, the newest first, [rows, rows]."""
        tape = self._tape
        products = tape.op("Gemm", [left, right], (None, None), transB=1)
        turned = tape.op("Gemm", [products, self._order], (None, None), transB=1)
        return tape.matmul(self._order, turned)

    def _with(self, stack: ir.Value, vector: ir.Value) -> ir.Value:
        """Write the products of the rows of a stack with a vector [1, n], the newest first."""
        tape = self._tape
        products = tape.op("Gemm", [stack, vector], (None, 1), transB=1)
        return tape.reshape(tape.matmul(self._order, products), [-1])

    def descent(self, gradient: ir.Value) -> ir.Value:
        """Write minus the inverse Hessian times a gradient [1, 3, H, W]."""
        tape = self._tape
        vector = tape.reshape(gradient, [1, -1])
        shares = self._shares(self._mixed, self._with(self._changes, vector), None)
        left = tape.sub(
            self._with(self._gradient_changes, vector),
            tape.reshape(tape.matmul(self._squared, tape.reshape(shares, [-1, 1])), [-1]),
        )
        left = tape.mul(left, self._scale)
        added = self._shares(tape.transpose(self._mixed, [1, 0]), left, shares)
        rest = tape.sub(vector, self._sum(shares, self._gradient_changes))
        found = tape.add(tape.mul(rest, self._scale), self._sum(added, self._changes))
        return tape.reshape_like(tape.unary("Neg", found), gradient)

    def _shares(self, products: ir.Value, along: ir.Value, before: ir.Value | None) -> ir.Value:
        """Write how much of each pair is taken off, from the newest; or added, from the oldest.

        What is added after what was taken off, `before`, is what was taken off less the share.
        """
        tape = self._tape

        def step(
            inner: Tape, states: Sequence[ir.Value], place: ir.Value
        ) -> tuple[Sequence[ir.Value], ir.Value]:
            row, here, inverse, unit = (
                inner.op("Gather", [one, place], shape, axis=0)
                for one, shape in (
                    (products, (None,)),
                    (along, ()),
                    (self._inverse, ()),
                    (self._unit_vectors, (None,)),
                )
            )
            done = inner.reduce_sum(inner.mul(states[0], row), [0])
            if before is None:
                share = inner.mul(inverse, inner.sub(here, done))
            else:
                was = inner.op("Gather", [before, place], (), axis=0)
                share = inner.sub(was, inner.mul(inverse, inner.add(here, done)))
            return [inner.add(states[0], inner.mul(unit, share))], share

        places = self._places
        if before is not None:
            last = tape.slice(places, 0, -1, np.iinfo(np.int64).max)
            places = tape.sub(last, places)
        none = tape.mul(self._inverse, tape.constant([0.0]))
        (shares,), _ = tape.scan([none], places, step)
        return shares

    def _sum(self, shares: ir.Value, stack: ir.Value) -> ir.Value:
        """Write the sum of the rows of a stack, each times its share, [1, n]."""
        tape = self._tape
        return tape.matmul(tape.matmul(tape.reshape(shares, [1, -1]), self._order), stack)


def _newest_first(tape: Tape, places: ir.Value, rows: ir.Value, pairs: ir.Value) -> ir.Value:
    """Write the matrix that puts rows in order; it leaves out those without a pair."""
    last = tape.sub(pairs, tape.integers([1]))
    row = tape.op("Mod", [tape.sub(last, places), rows], (None,), dtype=_INT64)
    chosen = tape.compare("Equal", tape.reshape(row, [-1, 1]), tape.reshape(places, [1, -1]))
    there = tape.compare("Less", tape.reshape(places, [-1, 1]), pairs)
    return tape.mul(*(tape.cast(one, ir.DataType.FLOAT) for one in (chosen, there)))


def _put(
    tape: Tape, stack: ir.Value, pairs: ir.Value, whether: ir.Value, new: ir.Value
) -> ir.Value:
    """Write a stack with `new` [1, 3, H, W] in the place of the oldest row, or as it is."""
    place = tape.op("Mod", [pairs, tape.extent(stack, 0)], (1,), dtype=_INT64)
    old = tape.op("Gather", [stack, place], dims(new), axis=0)
    row = _choose(tape, whether, new, old)
    return tape.op("ScatterND", [stack, tape.reshape(place, [1, 1]), row], dims(stack))


def _is_curved(tape: Tape, change: ir.Value, gradient_change: ir.Value) -> ir.Value:
    """Write whether the curvature along a step is clearly positive."""
    curvature = _dot(tape, change, gradient_change)
    lengths = [tape.unary("Sqrt", _dot(tape, one, one)) for one in (change, gradient_change)]
    return tape.compare("Greater", curvature, tape.scale(tape.mul(*lengths), LEAST_COSINE))


def _shorter(tape: Tape, length: ir.Value, rise: ir.Value, along: ir.Value) -> ir.Value:
    """Write the length to try after one that was too long: see :mod:`texonnx.optim.lbfgs`."""
    curve = tape.scale(tape.sub(rise, tape.mul(length, along)), 2.0)
    lowest = tape.div(tape.unary("Neg", tape.mul(along, length)), curve)
    least, most = tape.constant([SHORTEST]), tape.constant([LONGEST])
    share = tape.op("Min", [tape.op("Max", [lowest, least], (1,)), most], (1,))
    # What is not a number is not greater either.
    share = _choose(tape, tape.compare("Greater", lowest, least), share, least)
    return tape.mul(length, share)


def _power_of_two_near(tape: Tape, gradient: ir.Value) -> ir.Value:
    """Write a power of two of about the size of the largest number, [1]; 1 where there is none."""
    size = tape.op("ReduceMax", [tape.unary("Abs", gradient)], (), keepdims=0)
    size = tape.reshape(size, [1])
    none = tape.compare("LessOrEqual", size, tape.constant([0.0]))
    size = _choose(tape, none, tape.constant([1.0]), size)
    exponent = tape.unary("Floor", tape.scale(tape.unary("Log", size), float(1 / np.log(2))))
    return tape.op("Pow", [tape.constant([2.0]), exponent], (1,))


def _root_mean_square(tape: Tape, x: ir.Value) -> ir.Value:
    return tape.unary("Sqrt", tape.reshape(tape.mean_of_squares(x), [1]))


def _dot(tape: Tape, a: ir.Value, b: ir.Value) -> ir.Value:
    """Write the product of two images as vectors, [1]."""
    rows = tape.reduce_sum(tape.mul(a, b), [3])
    return tape.reshape(tape.reduce_sum(rows, [0, 1, 2]), [1])


def _all(tape: Tape, first: ir.Value, *others: ir.Value) -> ir.Value:
    for other in others:
        first = tape.op("And", [first, other], (1,), dtype=ir.DataType.BOOL)
    return first


def _choose(tape: Tape, condition: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
    """Write a where the one condition holds, else b, in the shape of `b`."""
    return tape.op("Where", [condition, a, b], dims(b), dtype=b.dtype)
