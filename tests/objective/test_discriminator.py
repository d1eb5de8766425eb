"""The discriminators' own loss, its gradient, and the graph of one step of theirs."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import onnx_ir as ir
import pytest
from support import reference
from support.evaluation import Array, Reference, Runtime, relative_l2
from support.small_network import parameters_of, random_image
from support.small_objective import WEIGHTS, draws_for, reference_features, stacks_of

from texonnx.graph import gradients
from texonnx.graph.tape import Tape
from texonnx.losses import LossOptions
from texonnx.objective.discriminator import (
    discriminator_step_model,
    write_discriminator_loss,
)
from texonnx.objective.forward import image_shape
from texonnx.objective.specification import Specification, specify
from texonnx.objective.targets import targets_model
from texonnx.options import ObjectiveOptions

LAYERS = ("conv1_1", "conv2_1")
OPTIONS = ObjectiveOptions(loss="gan", layers=",".join(LAYERS), layer_weights="equal")
IMAGE, EXEMPLAR = random_image(12, 14, seed=1), random_image(9, 11, seed=2) ** 2

WIDTHS = pytest.mark.parametrize("widths", [(), (5,), (6, 4)], ids=str)
PENALTIES = pytest.mark.parametrize("penalty", [0.0, 1.0, 2.5])


class Discriminators:
    """Loss and gradients of all parameters, in float64 or float32."""

    def __init__(
        self,
        widths: tuple[int, ...],
        penalty: float = 1.0,
        dtype: ir.DataType = ir.DataType.DOUBLE,
        size: tuple[int, int] | None = None,
    ) -> None:
        self.dtype = dtype
        self.size = size
        loss_options = LossOptions(discriminator_widths=widths, discriminator_penalty=penalty)
        self.specification: Specification = replace(specify(OPTIONS), loss_options=loss_options)
        self.parameters = parameters_of(WEIGHTS, LAYERS)

    @cached_property
    def _model(self) -> ir.Model:
        tape = Tape("discriminators", self.dtype)
        image = tape.input("image", image_shape("image", self.size))
        losses, values = write_discriminator_loss(
            tape, image, self.parameters, self.specification, tape.input
        )
        found = gradients(tape, losses.loss, list(values.values()))
        for name, value in zip(values, found, strict=True):
            tape.output(value, f"gradient.{name}")
        losses.give(tape)
        return tape.model()

    @cached_property
    def run(self) -> Reference | Runtime:
        return (Runtime if self.dtype == ir.DataType.FLOAT else Reference)(self._model)

    @cached_property
    def draws(self) -> dict[str, Array]:
        """Parameters at random, by name."""
        return draws_for(self._model, self.dtype)

    @cached_property
    def fixed(self) -> dict[str, Array]:
        """The image, and the exemplar's features."""
        evaluator = Runtime if self.dtype == ir.DataType.FLOAT else Reference
        targets = evaluator(targets_model(self.specification, self.parameters, self.dtype))
        exemplar = EXEMPLAR.astype(self.dtype.numpy())
        size = np.array(IMAGE.shape[2:], np.int64)
        found = targets({"exemplar": exemplar, "output_size": size})
        return {"image": IMAGE.astype(self.dtype.numpy()), **found}


def reference_losses(draws: dict[str, Array], penalty: float) -> list[float]:
    F, F_exemplar = (reference_features(OPTIONS, each, list(LAYERS)) for each in (IMAGE, EXEMPLAR))
    return [
        reference.discriminator_loss(F[layer], F_exemplar[layer], stack, penalty)
        for layer, stack in stacks_of(draws).items()
    ]


@WIDTHS
@PENALTIES
def test_the_loss_of_each_layer_is_that_of_the_reference(
    widths: tuple[int, ...], penalty: float
) -> None:
    given = Discriminators(widths, penalty)
    found = given.run({**given.fixed, **given.draws})
    expected = reference_losses(given.draws, penalty)
    # The kernels are brought to the image's range in float32; the slopes are finite differences.
    np.testing.assert_allclose(found["layer_losses"], expected, rtol=1e-6)
    assert float(found["loss"]) == pytest.approx(sum(expected), rel=1e-6)


@WIDTHS
@PENALTIES
def test_the_gradient_of_every_parameter_agrees_with_a_finite_difference(
    widths: tuple[int, ...], penalty: float
) -> None:
    given = Discriminators(widths, penalty)
    found = given.run({**given.fixed, **given.draws})
    rng = np.random.default_rng(0)
    step = 1e-7
    for name, value in given.draws.items():
        along = rng.standard_normal(value.shape)
        along /= np.linalg.norm(along)
        above, below = (
            float(given.run({**given.fixed, **given.draws, name: value + h * along})["loss"])
            for h in (step, -step)
        )
        expected = (above - below) / (2 * step)
        slope = float((found[f"gradient.{name}"] * along).sum())
        scale = float(np.linalg.norm(found[f"gradient.{name}"]))
        assert slope == pytest.approx(expected, abs=1e-6 * max(scale, 1e-2)), name


@pytest.mark.parametrize("size", [None, (12, 14)], ids=["unknown-size", "known-size"])
def test_in_single_precision_the_gradients_are_the_same(size: tuple[int, int] | None) -> None:
    single = Discriminators((6, 4), dtype=ir.DataType.FLOAT, size=size)
    double = Discriminators((6, 4))
    found = single.run({**single.fixed, **single.draws})
    expected = double.run({**double.fixed, **double.draws})
    for name, value in expected.items():
        assert relative_l2(found[name], value) < 1e-4, name


# The step graph


def steps(given: Discriminators, count: int, rate: float) -> list[dict[str, Array]]:
    """Loop the graph as a host would; return what each step puts out."""
    run = Runtime(discriminator_step_model(given.specification, given.parameters, given.size))
    inputs = {
        **given.fixed,
        **given.draws,
        **{
            f"{order}_moment.{name}": np.zeros_like(value)
            for name, value in given.draws.items()
            for order in ("first", "second")
        },
        "step": np.ones(1, np.float32),
        "learning_rate": np.array([rate], np.float32),
    }
    outputs = []
    for _ in range(count):
        outputs.append(run(inputs))
        inputs.update(
            {
                name.removeprefix("next_"): value
                for name, value in outputs[-1].items()
                if name.startswith("next_")
            }
        )
    return outputs


@pytest.mark.parametrize("size", [None, (12, 14)], ids=["unknown-size", "known-size"])
@WIDTHS
def test_five_steps_are_those_of_adam_in_the_reference(
    widths: tuple[int, ...], size: tuple[int, int] | None
) -> None:
    double = Discriminators(widths)
    single = Discriminators(widths, dtype=ir.DataType.FLOAT, size=size)
    names = list(double.draws)
    shapes = [double.draws[name].shape for name in names]
    borders = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def split(flat: Array) -> dict[str, Array]:
        parts = np.split(flat, borders)
        return {
            name: part.reshape(shape)
            for name, part, shape in zip(names, parts, shapes, strict=True)
        }

    def joined(arrays: dict[str, Array], prefix: str = "") -> Array:
        return np.concatenate([arrays[f"{prefix}{name}"].ravel() for name in names])

    def gradient(flat: Array) -> Array:
        return joined(double.run({**double.fixed, **split(flat)}), "gradient.")

    start = joined(double.draws)
    expected = reference.adam(start, gradient, 5, 0.01, eps=1e-12)
    found = joined(steps(single, 5, 0.01)[-1], "next_")
    assert np.abs(expected - start).max() > 0.02
    assert relative_l2(found - start, expected - start) < 1e-3


def test_the_losses_are_those_before_the_step() -> None:
    given = Discriminators((5,), dtype=ir.DataType.FLOAT)
    first, second = steps(given, 2, 0.01)
    np.testing.assert_allclose(
        first["discriminator_losses"], reference_losses(given.draws, 1.0), rtol=1e-4
    )
    after = {name: first[f"next_{name}"] for name in given.draws}
    np.testing.assert_allclose(
        second["discriminator_losses"], reference_losses(after, 1.0), rtol=1e-4
    )
    assert [float(output["next_step"][0]) for output in (first, second)] == [2, 3]


@WIDTHS
def test_the_loss_falls(widths: tuple[int, ...]) -> None:
    outputs = steps(Discriminators(widths, dtype=ir.DataType.FLOAT), 60, 0.01)
    before, after = (output["discriminator_losses"] for output in (outputs[0], outputs[-1]))
    assert (after < before).all()
    assert after.sum() < 0.8 * before.sum()


def test_the_penalty_keeps_the_slope_from_growing() -> None:
    """Features that can be told apart: without a penalty the slope only grows."""

    def lengths(penalty: float) -> float:
        given = Discriminators((), penalty, ir.DataType.FLOAT)
        last = steps(given, 300, 0.05)[-1]
        return float(sum((last[f"next_weight0.gan.{layer}"] ** 2).sum() for layer in LAYERS))

    assert lengths(5.0) < 0.2 * lengths(0.0)


def test_the_signature_is_every_parameter_with_its_moments() -> None:
    given = Discriminators((4,))
    model = ir.to_proto(discriminator_step_model(given.specification, given.parameters))
    state = {
        f"{moment}{key}{k}.gan.{layer}"
        for moment in ("", "first_moment.", "second_moment.")
        for key in ("weight", "bias")
        for k in range(2)
        for layer in LAYERS
    } | {"step"}
    targets = {f"target.gan.{layer}" for layer in LAYERS}
    assert {value.name for value in model.graph.input} == (
        state | targets | {"image", "learning_rate"}
    )
    assert {value.name for value in model.graph.output} == (
        {f"next_{name}" for name in state} | {"discriminator_losses"}
    )
    extents = {
        value.name: [dim.dim_value or dim.dim_param for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.input
    }
    assert extents["weight0.gan.conv1_1"] == [4, 64]
    assert extents["first_moment.bias1.gan.conv2_1"] == [1, 1]
    assert extents["image"] == [1, 3, "image_height", "image_width"]
