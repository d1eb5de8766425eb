"""The adversarial loss: its discriminators, and the generator's side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx_ir as ir
import pytest
from support import reference
from support.evaluation import Array, Reference, Runtime
from support.small_network import random_image
from support.small_objective import SmallObjective, draws_for, reference_features, stacks_of

from texonnx.graph import gradient
from texonnx.graph.tape import Tape
from texonnx.losses import LayerFeatures, LossOptions
from texonnx.losses.gan import add_stack, forward, slopes_at, softplus
from texonnx.objective.forward import objective_model
from texonnx.options import ObjectiveOptions

OPTIONS = ObjectiveOptions(loss="gan", layers="conv1_1,conv2_1", layer_weights="equal")
WIDTHS = pytest.mark.parametrize("widths", [(), (1,), (5,), (6, 4), (3, 2, 4)], ids=str)
CHANNELS = 7


@WIDTHS
def test_the_value_is_the_mean_of_what_each_position_costs(widths: tuple[int, ...]) -> None:
    objective = SmallObjective(replace(OPTIONS, disc_widths=widths))
    image = random_image(12, 14)
    F = reference_features(OPTIONS, image, ["conv1_1", "conv2_1"])
    stacks = stacks_of(objective.draws)
    expected = [reference.gan_distance(F[layer], stacks[layer]) for layer in F]
    found = objective(image, None)
    np.testing.assert_allclose(found["layer_losses"], expected, rtol=3e-5)
    np.testing.assert_allclose(found["loss"], sum(expected), rtol=3e-5)


@WIDTHS
def test_a_discriminators_weights_are_inputs_by_layer(widths: tuple[int, ...]) -> None:
    objective = SmallObjective(replace(OPTIONS, disc_widths=widths))
    model = objective_model(objective.specification, objective.parameters)
    shapes = {
        str(value.name): value.shape.numpy()
        for value in model.graph.inputs
        if value.name != "image" and value.shape is not None
    }
    expected = {}
    for layer, channels in (("conv1_1", 64), ("conv2_1", 128)):
        extents = (channels, *widths, 1)
        for k in range(len(extents) - 1):
            expected[f"weight{k}.gan.{layer}"] = (extents[k + 1], extents[k])
            expected[f"bias{k}.gan.{layer}"] = (extents[k + 1], 1)
    assert shapes == expected


def test_no_target_is_asked_for() -> None:
    objective = SmallObjective(replace(OPTIONS, loss="gan,gram"))
    model = objective_model(objective.specification, objective.parameters)
    targets = [str(value.name) for value in model.graph.inputs]
    assert [name for name in targets if name.startswith("target")] == [
        "target.gram.conv1_1",
        "target.gram.conv2_1",
    ]


def test_discriminators_that_say_nothing_cost_log_2() -> None:
    objective = SmallObjective(OPTIONS)
    objective.draws.update({name: 0 * value for name, value in objective.draws.items()})
    found = objective(random_image(12, 14), None)
    np.testing.assert_allclose(found["layer_losses"], [np.log(2)] * 2, rtol=1e-6)
    assert not found["gradient"].any()


def stack_graph(widths: tuple[int, ...]) -> ir.Model:
    """Return a graph of a discriminator alone: features -> verdicts, slopes."""
    tape = Tape("stack", ir.DataType.DOUBLE)
    matrix = tape.input("features", (CHANNELS, "positions"))
    options = LossOptions(discriminator_widths=widths)
    features = LayerFeatures(
        tape, matrix, options, lambda key, shape: tape.input(f"{key}.gan.x", shape)
    )
    stack = add_stack(features)
    says, leaks = forward(tape, stack, matrix)
    tape.output(says, "verdicts")
    tape.output(slopes_at(tape, stack, leaks), "slopes")
    return tape.model()


@WIDTHS
def test_verdicts_and_slopes_are_those_of_the_reference(widths: tuple[int, ...]) -> None:
    model = stack_graph(widths)
    draws = draws_for(model, ir.DataType.DOUBLE)
    F = np.random.default_rng(0).standard_normal((CHANNELS, 50))
    found = Reference(model)({"features": F, **draws})
    stack = stacks_of(draws)["x"]
    np.testing.assert_allclose(found["verdicts"], reference.verdicts(F, stack)[None], rtol=1e-12)
    expected = reference.slopes(F, stack)
    np.testing.assert_allclose(
        np.broadcast_to(found["slopes"], expected.shape), expected, rtol=1e-7, atol=1e-8
    )


# Softplus

# Both sides of where it changes over to x itself.
POINTS = np.array([-300.0, -88, -31, -5, -0.5, 0, 1e-6, 0.5, 5, 29.9, 30, 30.1, 31, 88, 300])


def softplus_graph(dtype: ir.DataType) -> ir.Model:
    tape = Tape("softplus", dtype)
    x = tape.input("x", (len(POINTS),))
    y = softplus(tape, x)
    tape.output(gradient(tape, tape.reduce_sum(y, [0]), x), "slope")
    tape.output(y, "y")
    return tape.model()


def sigmoid(x: Array) -> Array:
    result: Array = np.exp(-np.logaddexp(0, -x))
    return result


def test_softplus_is_log_1_plus_exp_and_its_slope_the_logistic_function() -> None:
    found = Reference(softplus_graph(ir.DataType.DOUBLE))({"x": POINTS})
    # Beyond 30 it is taken for x, and its slope for 1: e^-30 is 1e-13.
    np.testing.assert_allclose(found["y"], np.logaddexp(0, POINTS), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found["slope"][POINTS != 30], sigmoid(POINTS[POINTS != 30]),
                               rtol=1e-9, atol=1e-12)  # fmt: skip


def test_softplus_neither_overflows_nor_stops_in_single_precision() -> None:
    found = Runtime(softplus_graph(ir.DataType.FLOAT))({"x": POINTS.astype(np.float32)})
    # 1 + e^x keeps of e^x what float32's 2^-24 leaves.
    np.testing.assert_allclose(found["y"], np.logaddexp(0, POINTS), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found["slope"][POINTS != 30], sigmoid(POINTS[POINTS != 30]),
                               rtol=1e-5, atol=1e-7)  # fmt: skip
