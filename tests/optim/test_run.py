"""The loop over an optimiser, on an engine that is a quadratic."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from support.drawn_objective import built

from texonnx.images import Image
from texonnx.optim.adam import AdamStepper
from texonnx.optim.metric import ImageMetric
from texonnx.optim.run import (
    optimise,
    refresh_interval,
)
from texonnx.optimizers import ADAM, LBFGS, OPTIMIZERS, SCIPY_LBFGS, SGD, Optimizer
from texonnx.runtime.engine import Evaluation, Losses, Stepper
from texonnx.runtime.goal import Goal

START = np.full((1, 3, 2, 2), 0.5, np.float32)
NAME = operator.attrgetter("name")


class RecordingStepper:
    def __init__(self, image: Image) -> None:
        self._image = image
        self.rates: list[float] = []

    def step(self, learning_rate: float) -> Losses:
        self.rates.append(learning_rate)
        self._image = self._image + np.float32(1)
        return Losses(float(len(self.rates)), np.zeros(1, np.float32))

    def image(self) -> Image:
        return self._image


class QuadraticEngine:
    """The loss sum x²; Adam "inside the runtime" adds 1 at every step."""

    name = "quadratic"
    provider = "cpu"

    def __init__(self) -> None:
        self.adam = RecordingStepper(START)

    def aim(self, goal: Goal, size: tuple[int, int]) -> None:
        raise NotImplementedError

    def refresh(self, image: Image, steps: int) -> None:
        raise AssertionError("nothing was to be drawn anew")

    def loss_and_gradient(self, image: Image) -> Evaluation:
        total = float(np.sum(image.astype(np.float64) ** 2))
        return Evaluation(Losses(total, np.array([total], np.float32)), 2 * image)

    def stepper(self, optimizer: Optimizer, image: Image) -> Stepper | None:
        return self.adam if optimizer is ADAM else None


def test_every_step_is_told_with_the_image_that_its_loss_is_of() -> None:
    told: list[tuple[float, float]] = []
    result = optimise(
        QuadraticEngine(), START, SGD, 3, 0.25 / 4,
        lambda losses, image: told.append((losses.total, float(image[0, 0, 0, 0]))),
    )  # fmt: skip
    # Four pixels: a rate of 1/16 for each is 1/4, and x - 1/4 * 2 x is half of x.
    assert told == [(12 * x**2, x) for x in (0.5, 0.25, 0.125)]
    assert (result == 0.0625).all()


def test_a_stepper_of_the_engine_is_used_where_there_is_one() -> None:
    engine = QuadraticEngine()
    result = optimise(engine, START, ADAM, 4, 0.1, lambda *_: None)
    assert len(engine.adam.rates) == 4
    assert (result == 4.5).all()


def test_adams_learning_rate_falls_along_a_half_cosine_in_the_last_three_tenths() -> None:
    engine = QuadraticEngine()
    optimise(engine, START, ADAM, 10, 0.5, lambda losses, image: None)
    # cos(0), cos(60 degrees), cos(120 degrees) in the last three of ten steps
    assert engine.adam.rates == pytest.approx([0.5] * 8 + [0.375, 0.125])
    assert AdamStepper.rate(0.5, 1.0, START) == pytest.approx(0)


def test_lbfgs_needs_no_learning_rate() -> None:
    result = optimise(QuadraticEngine(), START, LBFGS, 20, 0.0, lambda *_: None)
    np.testing.assert_allclose(result, 0, atol=1e-5)


def test_every_optimizer_lowers_the_loss() -> None:
    for optimizer in (LBFGS, SCIPY_LBFGS, SGD):
        told: list[float] = []
        optimise(
            QuadraticEngine(), START, optimizer, 8, 0.1 / 4,
            lambda losses, image, told=told: told.append(losses.total),
        )  # fmt: skip
        assert min(told) < 0.1 * told[0], optimizer.name
        assert len(told) <= 8


class ValleyEngine(QuadraticEngine):
    """The loss sum of c (x - 1/4)², with curvatures 2 c from 1 to 100."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._curvature = np.geomspace(1, 100, int(np.prod(shape))).reshape(shape)

    def loss_and_gradient(self, image: Image) -> Evaluation:
        away = image.astype(np.float64) - 0.25
        total = float(np.sum(self._curvature * away**2) / 2)
        gradient = (self._curvature * away).astype(np.float32)
        return Evaluation(Losses(total, np.array([total], np.float32)), gradient)


@pytest.mark.parametrize("optimizer", [LBFGS, SCIPY_LBFGS], ids=NAME)
@pytest.mark.parametrize("with_metric", [False, True])
def test_either_lbfgs_gets_to_the_bottom_of_a_valley(
    optimizer: Optimizer, with_metric: bool
) -> None:
    shape = (1, 3, 5, 7)
    exemplar = np.random.default_rng(0).random((1, 3, 9, 8), dtype=np.float32)
    metric = ImageMetric(exemplar, (5, 7))
    told: list[float] = []
    image = optimise(
        ValleyEngine(shape), np.full(shape, 0.5, np.float32), optimizer, 150, 0.0,
        lambda losses, image: told.append(losses.total), metric if with_metric else None,
    )  # fmt: skip
    np.testing.assert_allclose(image, 0.25, atol=1e-3)
    assert len(told) <= 150


def test_lbfgs_takes_its_first_step_in_the_metric() -> None:
    # All pixels alike: the first step is along P g, of root mean square 0.01 (lbfgs), and an
    # exemplar of reds moves the red more than all the rest.
    shape = (1, 3, 6, 6)
    reds = np.zeros((1, 3, 8, 8), np.float32)
    reds[:, 0] = np.random.default_rng(0).random((8, 8))
    images: list[Image] = []
    optimise(
        ValleyEngine(shape), np.full(shape, 0.5, np.float32), LBFGS, 2, 0.0,
        lambda losses, image: images.append(image), ImageMetric(reds, (6, 6)),
    )  # fmt: skip
    red, green, blue = np.abs(images[1] - images[0])[0].mean(axis=(1, 2))
    curvature = np.geomspace(1, 100, 108).reshape(3, 36).mean(axis=1)
    # Beside the gradient's own proportions.
    assert red / curvature[0] > 3 * max(green / curvature[1], blue / curvature[2])


# Drawing and training anew


class ShiftingEngine(QuadraticEngine):
    """The loss sum c (x - m)², whose minimum m moves at every refresh; tells what happens."""

    def __init__(self, own_adam: bool = False) -> None:
        super().__init__()
        self.minimum = 0.0
        self.told: list[tuple[str, float, int]] = []
        self._own_adam = own_adam
        self._curvature = np.geomspace(1, 30, START.size).reshape(START.shape)

    def refresh(self, image: Image, steps: int) -> None:
        self.minimum += 0.25
        self.told.append(("refresh", self.loss(image), steps))

    def loss(self, image: Image) -> float:
        away = image.astype(np.float64) - self.minimum
        return float(np.sum(self._curvature * away**2))

    def loss_and_gradient(self, image: Image) -> Evaluation:
        total = self.loss(image)
        self.told.append(("evaluation", total, 1))
        gradient = 2 * self._curvature * (image.astype(np.float64) - self.minimum)
        losses = Losses(total, np.array([total], np.float32))
        return Evaluation(losses, gradient.astype(np.float32))

    def stepper(self, optimizer: Optimizer, image: Image) -> Stepper | None:
        return self.adam if self._own_adam and optimizer is ADAM else None

    @property
    def happened(self) -> list[str]:
        return [what for what, *_ in self.told]


@pytest.mark.parametrize("optimizer", [LBFGS, SCIPY_LBFGS], ids=NAME)
def test_lbfgs_begins_anew_after_every_refresh(optimizer: Optimizer) -> None:
    engine = ShiftingEngine()
    told: list[float] = []
    optimise(
        engine, START, optimizer, 25, 0.0, lambda losses, image: told.append(losses.total), None, 10
    )
    refreshes = [number for number, what in enumerate(engine.happened) if what == "refresh"]
    assert refreshes == [0, 11, 22]
    # The engine is told for how many steps it draws and trains: of the last, what is left.
    assert [steps for what, _, steps in engine.told if what == "refresh"] == [10, 10, 5]
    assert engine.happened.count("evaluation") == len(told) == 25


@pytest.mark.parametrize("optimizer", [LBFGS, SCIPY_LBFGS], ids=NAME)
def test_it_begins_anew_from_the_best_image_so_far(optimizer: Optimizer) -> None:
    engine = ShiftingEngine()
    optimise(engine, START, optimizer, 30, 0.0, lambda losses, image: None, None, 10)
    for number, (what, shown, _) in enumerate(engine.told):
        if what == "refresh":
            # What is shown to the engine is what is evaluated next.
            assert engine.told[number + 1][:2] == ("evaluation", shown)


@pytest.mark.parametrize("optimizer", [LBFGS, SCIPY_LBFGS], ids=NAME)
def test_its_history_is_of_one_draw_alone(optimizer: Optimizer) -> None:
    """The first step after a refresh is as from nothing: that of a run that begins there."""
    images: list[Image] = []
    optimise(
        ShiftingEngine(), START, optimizer, 12, 0.0,
        lambda losses, image: images.append(image), None, 10,
    )  # fmt: skip
    fresh = ShiftingEngine()
    fresh.minimum = 0.25
    again: list[Image] = []
    optimise(
        fresh, images[10], optimizer, 2, 0.0, lambda losses, image: again.append(image), None, 2
    )
    for found, expected in zip(images[10:], again, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("optimizer", [ADAM, SGD], ids=NAME)
@pytest.mark.parametrize(("every", "expected"), [(1, 7), (3, 3), (10, 1)])
def test_a_stepper_goes_on_over_every_refresh(
    optimizer: Optimizer, every: int, expected: int
) -> None:
    engine = ShiftingEngine()
    told: list[float] = []
    optimise(
        engine, START, optimizer, 7, 0.01, lambda losses, image: told.append(losses.total), None,
        every,
    )  # fmt: skip
    assert engine.happened.count("refresh") == expected
    assert {steps for what, _, steps in engine.told if what == "refresh"} == {every}
    assert engine.happened[:2] == ["refresh", "evaluation"]
    # Each step's loss is of the draw before it.
    assert told == [loss for what, loss, _ in engine.told if what == "evaluation"]


def test_the_engines_own_adam_is_refreshed_with_the_image_as_it_is() -> None:
    engine = ShiftingEngine(own_adam=True)
    shown: list[float] = []
    engine.refresh = lambda image, steps: shown.append(float(image[0, 0, 0, 0]))  # type: ignore[method-assign]
    optimise(engine, START, ADAM, 5, 0.1, lambda *_: None, None, 2)
    # It adds 1 at every step.
    assert shown == [0.5, 2.5, 4.5]


def test_without_an_interval_nothing_is_refreshed() -> None:
    for optimizer in OPTIMIZERS.values():
        optimise(QuadraticEngine(), START, optimizer, 12, 0.01, lambda *_: None)


@pytest.mark.parametrize(
    ("loss", "optimizer", "expected"),
    [
        *((loss, optimizer, None) for loss in ("emd", "mean+tv") for optimizer in ("lbfgs", "sgd")),
        *(("swd", optimizer, 10) for optimizer in ("lbfgs", "scipy-lbfgs", "adam", "sgd")),
        *(("gan", optimizer, 1) for optimizer in ("adam", "sgd")),
        *(("gan", optimizer, 10) for optimizer in ("lbfgs", "scipy-lbfgs")),
        ("gan+swd", "adam", 1),
    ],
)  # fmt: skip
def test_directions_serve_ten_steps_and_discriminators_learn_at_every_one(
    loss: str, optimizer: str, expected: int | None
) -> None:
    assert refresh_interval(built(loss=loss).traits, OPTIMIZERS[optimizer]) == expected
