"""Input and output that stay where the runtime computes: the numbers are those of a plain run."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from support.drawn_objective import built, noise_image, smooth_image
from support.engines import engine_over

from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import ADAM_STEP, OBJECTIVE, TARGETS
from texonnx.optimizers import ADAM
from texonnx.runtime.analytic import AnalyticEngine
from texonnx.runtime.goal import texture_of
from texonnx.runtime.sessions import open_session
from texonnx.sizes import Size

SIZE = Size(20, 26)
EXEMPLAR = smooth_image(31, 24)
IMAGE = noise_image(*SIZE)
STATE = ("image", "first_moment", "second_moment", "step")
LOSSES = ["gram", "mean+cov"]

Arrays = dict[str, NDArray[np.float32]]


def targets_of(source: BuiltGraphs) -> Arrays:
    session = open_session(source.graph(TARGETS), "cpu", 1)
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {"exemplar": EXEMPLAR, "output_size": np.array(SIZE, np.int64)})
    return dict(zip(names, values, strict=True))


def plain_run(session: ort.InferenceSession, inputs: Arrays) -> Arrays:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def aimed(source: BuiltGraphs) -> AnalyticEngine:
    engine: AnalyticEngine = engine_over(source, threads=1)
    engine.aim(texture_of(EXEMPLAR), SIZE)
    return engine


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_and_gradient_are_those_of_a_plain_run(loss: str) -> None:
    source = built(loss=loss)
    engine = aimed(source)
    session = open_session(source.graph(OBJECTIVE, SIZE), "cpu", 1)
    for image in (IMAGE, smooth_image(*SIZE), IMAGE):
        found = engine.loss_and_gradient(image)
        expected = plain_run(session, {"image": image, **targets_of(source)})
        assert found.losses.total == float(expected["loss"])
        assert np.array_equal(found.losses.layers, expected["layer_losses"])
        assert np.array_equal(found.gradient, expected["gradient"])


@pytest.mark.parametrize("loss", LOSSES)
def test_steps_of_adam_are_those_of_plain_runs(loss: str) -> None:
    source = built(loss=loss)
    stepper = aimed(source).stepper(ADAM, IMAGE)
    assert stepper is not None
    session = open_session(source.graph(ADAM_STEP, SIZE), "cpu", 1)
    state: Arrays = {
        "image": IMAGE,
        "first_moment": np.zeros_like(IMAGE),
        "second_moment": np.zeros_like(IMAGE),
        "step": np.ones(1, np.float32),
    }
    for rate in (0.02, 0.01, 0.05, 0.02):
        losses = stepper.step(rate)
        learning_rate = np.array([rate], np.float32)
        expected = plain_run(
            session, {**state, "learning_rate": learning_rate, **targets_of(source)}
        )
        state = {name: expected[f"next_{name}"] for name in STATE}
        assert losses.total == float(expected["loss"])
        assert np.array_equal(losses.layers, expected["layer_losses"])
        assert np.array_equal(stepper.image(), state["image"])


def test_the_image_of_a_stepper_is_not_overwritten_by_its_next_step() -> None:
    stepper = aimed(built()).stepper(ADAM, IMAGE)
    assert stepper is not None
    images = [stepper.image()]
    copies = [images[0].copy()]
    for _ in range(3):
        stepper.step(0.02)
        images.append(stepper.image())
        copies.append(images[-1].copy())
    for image, copy in zip(images, copies, strict=True):
        assert np.array_equal(image, copy)
    assert not np.array_equal(images[-1], images[-2])


def test_two_steppers_of_one_engine_do_not_meet() -> None:
    engine = aimed(built())
    alone = engine.stepper(ADAM, IMAGE)
    assert alone is not None
    for _ in range(3):
        alone.step(0.02)
    first, second = (engine.stepper(ADAM, image) for image in (IMAGE, smooth_image(*SIZE)))
    assert first is not None
    assert second is not None
    for _ in range(3):
        first.step(0.02)
        second.step(0.02)
    assert np.array_equal(first.image(), alone.image())
