"""The graph of one step of Adam, looped, against the reference and the objective's gradient."""

from __future__ import annotations

import numpy as np
import pytest
from support import reference
from support.evaluation import Array, Runtime, relative_l2
from support.small_network import random_image
from support.small_objective import SmallObjective, of_rounding_ranks

from texonnx.losses import loss_names
from texonnx.objective.adam_step import adam_step_model
from texonnx.options import ObjectiveOptions

SIZE = (12, 14)
LEARNING_RATE = 0.02
STEPS = 5
# Beside the uncorrected root: so small that it lies far below the gradients.
EPSILON = 1e-12
STATE = ("image", "first_moment", "second_moment", "step")


def small(loss: str, size: tuple[int, int] | None = None) -> SmallObjective:
    options = ObjectiveOptions(loss=loss, layers="conv1_1,conv2_1", layer_weights="equal")
    return SmallObjective(options, size)


def steps(
    objective: SmallObjective, image: Array, exemplar: Array, count: int
) -> list[dict[str, Array]]:
    """Loop the graph as a host would; return what each step puts out."""
    step = Runtime(adam_step_model(objective.specification, objective.parameters, objective.size))
    inputs = {
        "image": image,
        "first_moment": np.zeros_like(image),
        "second_moment": np.zeros_like(image),
        "step": np.ones(1, np.float32),
        "learning_rate": np.array([LEARNING_RATE], np.float32),
        **objective.inputs(exemplar, SIZE),
    }
    outputs = []
    for _ in range(count):
        outputs.append(step(inputs))
        inputs.update({name: outputs[-1][f"next_{name}"] for name in STATE})
    return outputs


@pytest.mark.parametrize("size", [None, SIZE], ids=["unknown-size", "known-size"])
@pytest.mark.parametrize("loss", loss_names())
def test_five_steps_are_those_of_the_reference(loss: str, size: tuple[int, int] | None) -> None:
    objective = small(loss, size)
    image, exemplar = random_image(*SIZE, seed=1), random_image(9, 10, seed=2)

    def gradient(at: Array) -> Array:
        return objective(at.astype(np.float32), exemplar)["gradient"]

    expected = reference.adam(image, gradient, STEPS, LEARNING_RATE, eps=EPSILON)
    found = steps(objective, image, exemplar, STEPS)[-1]["next_image"]
    moved = expected - image
    assert np.abs(moved).max() > 2 * LEARNING_RATE
    assert relative_l2(found - image, moved) < 1e-4 + of_rounding_ranks(loss)


def test_the_first_step_is_the_learning_rate_against_the_sign_of_the_gradient() -> None:
    # m = 0.1 g, v = 0.001 g², lr sqrt(0.001) / 0.1: together lr g / (|g| + eps / sqrt(0.001)).
    objective = small("gram")
    image, exemplar = random_image(*SIZE, seed=1), random_image(9, 10, seed=2)
    found = steps(objective, image, exemplar, 1)[0]["next_image"]
    gradient = objective(image, exemplar)["gradient"].astype(np.float64)
    length = np.abs(gradient) / (np.abs(gradient) + EPSILON / np.sqrt(0.001))
    assert np.median(length) > 0.99
    expected = image - LEARNING_RATE * length * np.sign(gradient)
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_the_moments_are_moving_averages_from_zero() -> None:
    objective = small("mean")
    image, exemplar = random_image(*SIZE, seed=1), random_image(9, 10, seed=2)
    found = steps(objective, image, exemplar, 1)[0]
    gradient = objective(image, exemplar)["gradient"].astype(np.float64)
    assert relative_l2(found["next_first_moment"], 0.1 * gradient) < 1e-5
    assert relative_l2(found["next_second_moment"], 0.001 * gradient**2) < 1e-5


def test_the_step_counts_from_one() -> None:
    outputs = steps(small("mean"), random_image(*SIZE), random_image(9, 10, seed=2), 3)
    assert [output["next_step"].tolist() for output in outputs] == [[2.0], [3.0], [4.0]]


def test_the_loss_is_that_of_the_image_that_came_in() -> None:
    objective = small("gram+emd")
    image, exemplar = random_image(*SIZE, seed=1), random_image(9, 10, seed=2)
    first, second = steps(objective, image, exemplar, 2)
    for came_in, found in ((image, first), (first["next_image"], second)):
        expected = objective(came_in, exemplar)
        np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5)
        np.testing.assert_allclose(found["layer_losses"], expected["layer_losses"], rtol=1e-5)


def test_the_loss_falls() -> None:
    outputs = steps(small("gram"), random_image(*SIZE, seed=1), random_image(9, 10, seed=2), 20)
    assert outputs[-1]["loss"] < 0.5 * outputs[0]["loss"]


def test_without_a_gradient_the_image_stays_as_it_is() -> None:
    """The exemplar itself is at no distance: 0 over eps, not 0 over 0."""
    exemplar = random_image(*SIZE)
    objective = small("emd")
    assert not objective(exemplar, exemplar)["gradient"].any()
    found = steps(objective, exemplar, exemplar, 1)[0]["next_image"]
    np.testing.assert_array_equal(found, exemplar)
