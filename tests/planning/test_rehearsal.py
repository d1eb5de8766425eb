"""A rehearsal: a whole optimisation with a few real evaluations."""

from __future__ import annotations

import numpy as np
import pytest
from support.clock import Clock

from texonnx.images import Image
from texonnx.optimizers import ADAM, LBFGS, OPTIMIZERS, Optimizer
from texonnx.planning import rehearsal
from texonnx.planning.rehearsal import Rehearsal, rehearse
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.goal import Goal


class SlowEngine:
    """Every evaluation takes ten seconds of a clock that nothing else moves."""

    name = "analytic"
    provider = "cpu"

    def __init__(self) -> None:
        self.clock = Clock()
        self.evaluations = 0
        self.refreshes: list[int] = []

    def aim(self, goal: Goal, size: tuple[int, int]) -> None: ...

    def refresh(self, image: Image, steps: int) -> None:
        self.refreshes.append(steps)

    def loss_and_gradient(self, image: Image) -> Evaluation:
        assert 0 <= image.min() <= image.max() <= 1
        self.evaluations += 1
        self.clock.passes(10 if self.evaluations > 1 else 70)
        return Evaluation(Losses(0.0, np.zeros(1, np.float32)), np.zeros_like(image))

    def sample(self, image: Image) -> None: ...

    def stepper(self, optimizer: Optimizer, image: Image) -> None:
        return None


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> SlowEngine:
    slow = SlowEngine()
    monkeypatch.setattr(rehearsal, "time", slow.clock)
    return slow


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS.values()), ids=list(OPTIMIZERS))
@pytest.mark.parametrize(("steps", "later", "evaluations"), [(1, 70, 1), (2, 10, 2), (80, 10, 4)])
def test_the_first_evaluation_and_the_last_three_are_real_and_timed(
    optimizer: Optimizer, steps: int, later: float, evaluations: int, engine: SlowEngine
) -> None:
    image = np.random.default_rng(0).random((1, 3, 32, 48), dtype=np.float32)
    rate = optimizer.learning_rate or 0.0
    assert rehearse(engine, image, image, optimizer, steps, rate, 3) == (70, later)
    assert engine.evaluations == evaluations


def test_what_is_drawn_and_trained_anew_in_the_run_is_so_in_the_rehearsal(
    engine: SlowEngine,
) -> None:
    image = np.random.default_rng(0).random((1, 3, 32, 48), dtype=np.float32)
    assert rehearse(engine, image, image, LBFGS, 80, 0.0, 3, 10) == (70, 10)
    # Twenty-two evaluations fill L-BFGS's history.
    assert engine.refreshes == [10, 10, 2]
    engine.refreshes.clear()
    rehearse(engine, image, image, ADAM, 80, 0.02, 3, 1)
    assert engine.refreshes == [1] * 4


def test_the_gradient_that_is_played_is_that_of_the_loss() -> None:
    shape = (1, 3, 4, 4)
    played = Rehearsal(SlowEngine(), shape, 100, 1)
    image, direction = np.random.default_rng(0).random((2, *shape)).astype(np.float32)
    losses = [
        played.loss_and_gradient(image + np.float32(h) * direction).losses.total
        for h in (-0.01, 0.01)
    ]
    slope = (losses[1] - losses[0]) / 0.02
    gradient = played.loss_and_gradient(image).gradient
    assert slope == pytest.approx(float(np.vdot(gradient, direction)), rel=1e-3)
