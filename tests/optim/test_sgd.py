"""Plain gradient descent, by hand."""

from __future__ import annotations

import numpy as np

from texonnx.images import Image
from texonnx.optim.sgd import SgdStepper
from texonnx.runtime.engine import Evaluation, Losses


def evaluate(image: Image) -> Evaluation:
    """sum x²: the gradient is 2 x."""
    total = float(np.sum(image.astype(np.float64) ** 2))
    return Evaluation(Losses(total, np.array([total], np.float32)), 2 * image)


def test_a_step_is_the_learning_rate_times_the_gradient() -> None:
    stepper = SgdStepper(evaluate, np.full((1, 3, 1, 2), 0.5, np.float32))
    assert stepper.step(0.25).total == 6 * 0.5**2
    np.testing.assert_array_equal(stepper.image(), np.full((1, 3, 1, 2), 0.25, np.float32))
    assert stepper.step(0.25).total == 6 * 0.25**2
    np.testing.assert_array_equal(stepper.image(), np.full((1, 3, 1, 2), 0.125, np.float32))


def test_the_image_stays_float32() -> None:
    stepper = SgdStepper(evaluate, np.ones((1, 3, 2, 2), np.float32))
    stepper.step(0.1)
    assert stepper.image().dtype == np.float32


def test_the_first_image_is_left_alone() -> None:
    start = np.ones((1, 3, 2, 2), np.float32)
    SgdStepper(evaluate, start).step(0.5)
    assert (start == 1).all()


def test_the_rate_grows_with_the_pixels() -> None:
    assert SgdStepper.rate(0.5, 0.0, np.zeros((1, 3, 4, 5), np.float32)) == 0.5 * 20
