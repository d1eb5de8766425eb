"""The discriminators, as both engines train them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from support.drawn_objective import built, noise_image, smooth_image
from support.engines import Targets, engine_over
from support.evaluation import relative_l2

from texonnx.images import Image
from texonnx.losses.gan import draw_parameters
from texonnx.objective.kinds import DISCRIMINATOR_STEP
from texonnx.objective.source import GraphSource
from texonnx.optimizers import ADAM
from texonnx.runtime.analytic import AnalyticEngine
from texonnx.runtime.engine import Engine
from texonnx.runtime.goal import texture_of
from texonnx.runtime.objective_inputs import Sampling
from texonnx.runtime.sessions import open_session
from texonnx.runtime.training import TrainingEngine
from texonnx.sizes import Size

SIZE = Size(24, 28)
EXEMPLAR = smooth_image(30, 22)
IMAGE = noise_image(*SIZE)
LAYERS = ("conv1_1", "conv2_1")
LOG_2 = float(np.log(2))

Make = Callable[..., Engine]
ENGINES = [
    pytest.param(AnalyticEngine, id="analytic"),
    pytest.param(TrainingEngine, id="training", marks=pytest.mark.training),
]
WIDTHS = pytest.mark.parametrize("widths", [(), (1,), (6,), (6, 4)], ids=str)


def aimed(
    make: Make,
    loss: str = "gan",
    widths: tuple[int, ...] = (),
    sampling: Sampling | None = None,
    source: GraphSource | None = None,
) -> Engine:
    graphs = source or built(loss=loss, layer_weights="equal", disc_widths=widths)
    engine: Engine = engine_over(graphs, make, 1, sampling)
    engine.aim(texture_of(EXEMPLAR), SIZE)
    return engine


def parameters_of(engine: Engine) -> dict[str, NDArray[np.float32]]:
    """What they have learnt by now: a step of none, of which the engine is told."""
    return engine.inputs.parameters  # type: ignore[attr-defined, no-any-return]


def discriminators_loss(source: GraphSource, parameters: dict[str, NDArray[np.float32]]) -> float:
    """Return the discriminators' loss of `IMAGE`, by their graph in a plain run."""
    targets = Targets(source, texture_of(EXEMPLAR), SIZE).draw()
    session = open_session(source.graph(DISCRIMINATOR_STEP, SIZE), "cpu", 1)
    moments = {
        f"{order}_moment.{name}": np.zeros_like(value)
        for name, value in parameters.items()
        for order in ("first", "second")
    }
    one = np.ones(1, np.float32)
    given = {**targets, **parameters, **moments, "step": one, "learning_rate": one, "image": IMAGE}
    feeds = {value.name: given[value.name] for value in session.get_inputs()}
    return float(session.run(["discriminator_losses"], feeds)[0].sum())


# Where they begin

SHAPES = {
    f"{key}{k}.gan.conv1_1": (after, before if key == "weight" else 1)
    for k, (before, after) in enumerate([(400, 300), (300, 1), (1, 1)])
    for key in ("weight", "bias")
}


def test_hidden_weights_are_drawn_as_he_does_and_the_rest_is_0() -> None:
    found = draw_parameters(SHAPES, 0, 0)
    assert {name: value.shape for name, value in found.items()} == SHAPES
    assert all(value.dtype == np.float32 for value in found.values())
    # Variance 2 / ((1 + a²) n) for a leak of a = 0.2 and n inputs: He et al. 2015, eq. 15.
    assert found["weight0.gan.conv1_1"].std() == pytest.approx(np.sqrt(2 / 1.04 / 400), rel=0.01)
    assert abs(found["weight0.gan.conv1_1"].mean()) < 1e-3
    assert found["weight1.gan.conv1_1"].any()
    for name in ("bias0", "bias1", "weight2", "bias2"):
        assert not found[f"{name}.gan.conv1_1"].any()


def test_the_order_in_which_a_graph_lists_them_does_not_matter() -> None:
    turned = dict(reversed(list(SHAPES.items())))
    here, there = (draw_parameters(each, 3, 0) for each in (SHAPES, turned))
    for name, value in here.items():
        np.testing.assert_array_equal(there[name], value)


@pytest.mark.parametrize("make", ENGINES)
@WIDTHS
def test_at_first_they_say_nothing(make: Make, widths: tuple[int, ...]) -> None:
    found = aimed(make, widths=widths).loss_and_gradient(IMAGE)
    np.testing.assert_allclose(found.losses.layers, [LOG_2] * 2, rtol=1e-6)
    assert not found.gradient.any()


def test_the_seed_decides_where_they_begin() -> None:
    def first_weight(seed: int) -> NDArray[np.float32]:
        engine = aimed(AnalyticEngine, widths=(6,), sampling=Sampling(seed))
        return parameters_of(engine)["weight0.gan.conv1_1"]

    assert np.array_equal(first_weight(3), first_weight(3))
    assert not np.array_equal(first_weight(3), first_weight(4))


# How they learn


@pytest.mark.parametrize("make", ENGINES)
@WIDTHS
def test_against_one_image_their_loss_falls(make: Make, widths: tuple[int, ...]) -> None:
    source = built(loss="gan", disc_widths=widths)
    engine = aimed(make, source=source)
    losses = [discriminators_loss(source, parameters_of(engine))]
    for _ in range(4):
        engine.refresh(IMAGE, 10)
        losses.append(discriminators_loss(source, parameters_of(engine)))
    # At first only the slope of the hidden layers would cost, and the last, of 0, hides it.
    assert losses[0] == pytest.approx(4 * LOG_2, rel=1e-5)
    assert losses[1] < 0.98 * losses[0]
    assert losses[-1] < 0.9 * losses[0]
    assert losses[-1] <= min(losses) * 1.02


@pytest.mark.parametrize("make", ENGINES)
def test_what_they_have_learnt_is_what_the_image_is_judged_by(make: Make) -> None:
    engine = aimed(make)
    before = engine.loss_and_gradient(IMAGE)
    engine.refresh(IMAGE, 20)
    after = engine.loss_and_gradient(IMAGE)
    assert after.losses.total > before.losses.total + 0.05
    assert np.linalg.norm(after.gradient) > 0


@pytest.mark.parametrize("make", ENGINES)
def test_the_adam_of_an_image_is_judged_by_what_they_have_learnt_since(make: Make) -> None:
    engine = aimed(make)
    stepper = engine.stepper(ADAM, IMAGE)
    assert stepper is not None
    assert stepper.step(0.01).total == pytest.approx(2 * LOG_2, rel=1e-5)
    np.testing.assert_array_equal(stepper.image(), IMAGE)
    engine.refresh(IMAGE, 20)
    expected = engine.loss_and_gradient(IMAGE).losses.total
    assert expected > 2 * LOG_2 + 0.05
    stepper = engine.stepper(ADAM, IMAGE)
    assert stepper is not None
    assert stepper.step(0.01).total == pytest.approx(expected, rel=1e-5)
    assert not np.array_equal(stepper.image(), IMAGE)


@pytest.mark.parametrize("make", ENGINES)
def test_twice_the_steps_at_once_are_as_twice_as_many_for_each(make: Make) -> None:
    one, two = (
        aimed(make, widths=(5,), sampling=Sampling(discriminator_steps=count)) for count in (1, 2)
    )
    one.refresh(IMAGE, 6)
    two.refresh(IMAGE, 3)
    ours, theirs = parameters_of(one), parameters_of(two)
    for name, value in ours.items():
        np.testing.assert_array_equal(theirs[name], value)


@pytest.mark.parametrize("make", ENGINES)
@pytest.mark.parametrize("size", [(16, 20), SIZE], ids=["another-size", "the-same-size"])
def test_they_keep_what_they_have_learnt_for_the_next_scale(
    make: Make, size: tuple[int, int]
) -> None:
    engine = aimed(make, widths=(5,))
    engine.refresh(IMAGE, 5)
    learnt = {name: value.copy() for name, value in parameters_of(engine).items()}
    engine.aim(texture_of(EXEMPLAR), size)
    for name, value in parameters_of(engine).items():
        np.testing.assert_array_equal(value, learnt[name])
    engine.refresh(noise_image(*size), 5)
    assert engine.loss_and_gradient(noise_image(*size)).gradient.any()


@pytest.mark.parametrize("make", ENGINES)
def test_they_cannot_tell_the_exemplar_from_itself(make: Make) -> None:
    """Their gradient is rounding, though Adam's steps on it are as long as on any."""

    def judged(image: Image) -> float:
        engine = engine_over(built(loss="gan", layer_weights="equal"), make, 1)
        engine.aim(texture_of(EXEMPLAR), (30, 22))
        engine.refresh(image, 30)
        return engine.loss_and_gradient(image).losses.total

    assert judged(EXEMPLAR) == pytest.approx(2 * LOG_2, rel=0.02)
    assert judged(noise_image(30, 22)) > 1.1 * 2 * LOG_2


@pytest.mark.training
@WIDTHS
def test_both_engines_train_the_same_discriminators(widths: tuple[int, ...]) -> None:
    engines = [
        aimed(make, "gan,tv", widths, Sampling(seed=5, discriminator_steps=2))
        for make in (AnalyticEngine, TrainingEngine)
    ]
    for image in (IMAGE, smooth_image(*SIZE, seed=2), IMAGE):
        for engine in engines:
            engine.refresh(image, 4)
    ours, theirs = (parameters_of(engine) for engine in engines)
    assert set(ours) == set(theirs)
    for name, value in ours.items():
        # Adam's first steps go by the sign of a gradient, in which float32 may differ near 0.
        assert relative_l2(value, theirs[name]) < 5e-3, name
    evaluations = [engine.loss_and_gradient(IMAGE) for engine in engines]
    assert evaluations[0].losses.total == pytest.approx(evaluations[1].losses.total, rel=1e-3)
    # At a leaky ReLU's kink the slope jumps, and parameters that are not quite alike see it apart.
    assert relative_l2(evaluations[0].gradient, evaluations[1].gradient) < 2e-2
