"""Adam on the host: against its formulas, and against the graph's."""

from __future__ import annotations

import numpy as np
import pytest
from support.drawn_objective import built, noise_image, smooth_image
from support.engines import engine_over

from texonnx.images import Image
from texonnx.optim.adam import AdamStepper
from texonnx.optim.run import optimise
from texonnx.optimizers import ADAM
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.goal import texture_of

SHAPE = (1, 3, 4, 5)
TARGET = np.random.default_rng(1).random(SHAPE, dtype=np.float32)


def quadratic(image: Image) -> Evaluation:
    difference = image - TARGET
    return Evaluation(Losses(float((difference**2).sum()), np.zeros(1, np.float32)), 2 * difference)


def test_the_first_step_is_as_long_as_the_learning_rate_against_the_gradients_sign() -> None:
    start = np.full(SHAPE, 0.5, np.float32)
    stepper = AdamStepper(quadratic, start)
    stepper.step(0.01)
    np.testing.assert_allclose(stepper.image() - start, -0.01 * np.sign(start - TARGET), rtol=1e-4)


def test_many_steps_are_those_of_the_formulas_in_float64() -> None:
    image = np.full(SHAPE, 0.5)
    first, second = np.zeros(SHAPE), np.zeros(SHAPE)
    stepper = AdamStepper(quadratic, image.astype(np.float32))
    for t in range(1, 31):
        gradient = 2 * (image - TARGET)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        image = image - 0.02 * (first / (1 - 0.9**t)) / np.sqrt(second / (1 - 0.999**t))
        stepper.step(0.02)
    np.testing.assert_allclose(stepper.image(), image, atol=1e-4)


def test_it_minimises_and_leaves_the_first_image_alone() -> None:
    start = np.zeros(SHAPE, np.float32)
    stepper = AdamStepper(quadratic, start)
    losses = [stepper.step(0.02).total for _ in range(200)]
    assert losses[-1] < 1e-3 * losses[0]
    assert not start.any()


@pytest.mark.parametrize("loss", ["emd", "gram+emd"])
def test_a_split_objective_takes_the_steps_of_the_step_graph(loss: str) -> None:
    size = (32, 40)

    def walked(*, split: bool) -> tuple[Image, list[float]]:
        source = built(loss=loss)
        if not split:
            source.split = lambda size: None  # type: ignore[method-assign]
        engine = engine_over(source)
        engine.aim(texture_of(smooth_image(48, 36)), size)
        losses: list[float] = []
        image = optimise(
            engine, noise_image(*size), ADAM, 6, 0.02, lambda step, _: losses.append(step.total)
        )
        assert (engine.stepper(ADAM, image) is None) == split
        return image, losses

    (ours, our_losses), (graphs, graph_losses) = walked(split=True), walked(split=False)
    assert our_losses == pytest.approx(graph_losses, rel=1e-3)
    assert our_losses[-1] < our_losses[0]
    # Where a gradient is nearly 0 its sign is rounding, and Adam's step has the sign.
    assert np.linalg.norm(ours - graphs) < 1e-2 * np.linalg.norm(graphs)
