"""Adam in graphs, so that a host only loops: where it starts, and one step of it."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from texonnx.graph import gradient
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.objective.forward import image_shape, write_objective
from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import TrunkParameters

BETA1 = 0.9
BETA2 = 0.999
EPSILON = 1e-12
"""Far below the gradients met: where the loss is a mean over a million pixels, about 1e-7."""


def adam_start_model() -> ir.Model:
    """Build the graph: image -> next_image, moments of zeros, and step 1, each as next_..."""
    tape = Tape("adam_start")
    shape = image_shape("image", None)
    image = tape.input("image", shape)
    tape.output(image, "next_image", shape)
    for order in ("first", "second"):
        tape.output(tape.zeros_like(image), f"next_{order}_moment", shape)
    tape.output(tape.constant([1.0]), "next_step")
    return tape.model()


def adam_step_model(
    specification: Specification, parameters: TrunkParameters, size: Size | None = None
) -> ir.Model:
    """Build the graph of one step of Adam.

    Inputs: image, first_moment and second_moment [1, 3, H, W], step and learning_rate [1] (the
    first step is 1), targets. Outputs: next_image, next_first_moment, next_second_moment,
    next_step, and loss and layer_losses of the image that came in.

    Kingma and Ba, "Adam", 2015, in the order of section 2's last paragraph: the bias corrections
    go into the step length.
    """
    tape = Tape("adam_step")
    shape = image_shape("image", size)
    image = tape.input("image", shape)
    moments = add_moments(tape, "", shape)
    step = tape.input("step", [1])
    learning_rate = tape.input("learning_rate", [1])
    objective = write_objective(tape, image, parameters, specification)
    slope = gradient(tape, objective.loss, image)
    add_adam_update(tape, "image", image, slope, moments, step, learning_rate)
    tape.output(tape.add(step, tape.constant(1.0)), "next_step")
    objective.give(tape)
    return tape.model()


def add_moments(tape: Tape, suffix: str, shape: Sequence[int | str | None]) -> list[ir.Value]:
    """Add Adam's running means of a gradient and of its square as inputs.

    They are called ``first_moment`` and ``second_moment`` and `suffix`.
    """
    return [tape.input(f"{order}_moment{suffix}", shape) for order in ("first", "second")]


def add_adam_update(
    tape: Tape,
    name: str,
    value: ir.Value,
    slope: ir.Value,
    moments: Sequence[ir.Value],
    step: ir.Value,
    learning_rate: ir.Value,
) -> None:
    """Write one step of Adam for `value`, called `name`; its next state becomes outputs."""
    first, second = moments
    next_first = _moving_average(tape, first, slope, BETA1)
    next_second = _moving_average(tape, second, tape.square(slope), BETA2)
    first_correction = _one_minus_power(tape, BETA1, step)
    second_correction = _one_minus_power(tape, BETA2, step)
    numerator = tape.mul(learning_rate, tape.unary("Sqrt", second_correction))
    length = tape.div(numerator, first_correction)
    divisor = tape.add(tape.unary("Sqrt", next_second), tape.constant(EPSILON))
    update = tape.mul(length, tape.div(next_first, divisor))
    # Its symbols, where the size is open: they name the same dimensions as the input's do.
    shape = [n if isinstance(n, int) else n.value for n in value.shape or ()]
    tape.output(tape.sub(value, update), f"next_{name}", shape)
    tape.output(next_first, f"next_{first.name}", shape)
    tape.output(next_second, f"next_{second.name}", shape)


def _moving_average(tape: Tape, average: ir.Value, new: ir.Value, beta: float) -> ir.Value:
    return tape.add(tape.scale(average, beta), tape.scale(new, 1.0 - beta))


def _one_minus_power(tape: Tape, beta: float, step: ir.Value) -> ir.Value:
    power = tape.op("Pow", [tape.constant([beta]), step], dims(step))
    return tape.sub(tape.constant(1.0), power)
