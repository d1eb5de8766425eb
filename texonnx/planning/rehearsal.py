"""A few real evaluations inside a whole optimisation, the rest played by a cheap function."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import median

import numpy as np

from texonnx.images import Image
from texonnx.optim.metric import ImageMetric
from texonnx.optim.run import optimise
from texonnx.optimizers import Optimizer
from texonnx.runtime.engine import Engine, Evaluation, Losses, Stepper
from texonnx.runtime.goal import Goal
from texonnx.sizes import Size, size_of

_LARGEST_CURVATURE = 100.0


class Rehearsal:
    """An engine whose first and last few evaluations are real.

    All that the optimiser sees is a quadratic function with many curvatures, which L-BFGS does
    not solve in a few steps: so its history fills, as in the run, in no time, and the real
    evaluations at the end find the memory as they will find it then.

    Parameters
    ----------
    engine
        The real one, aimed.
    shape
        Of the image, [1, 3, H, W].
    evaluations
        How many there will be.
    timed
        How many of them at the end are real; the very first is real as well.

    Attributes
    ----------
    not_spent
        By how much a real evaluation of which parts alone were evaluated would have taken longer,
        by its number.
    """

    def __init__(
        self, engine: Engine, shape: tuple[int, ...], evaluations: int, timed: int
    ) -> None:
        self.name = engine.name
        self.provider = engine.provider
        self._engine = engine
        self._curvature = np.geomspace(
            1, _LARGEST_CURVATURE, int(np.prod(shape)), dtype=np.float32
        ).reshape(shape)
        self._evaluations = evaluations
        self._timed = timed
        self._done = 0
        self.not_spent: dict[int, float] = {}

    def is_real(self, number: int) -> bool:
        """Whether evaluation `number`, from 0, is real."""
        return number == 0 or number >= self._evaluations - self._timed

    def release(self) -> None:
        """Do nothing: nothing is held."""

    def aim(self, goal: Goal, size: Size) -> None:
        """Pass on to the real engine."""
        self._engine.aim(goal, size)

    def refresh(self, image: Image, steps: int) -> None:
        """Pass on to the real engine."""
        self._engine.refresh(image, steps)

    def loss_and_gradient(self, image: Image) -> Evaluation:
        """Evaluate the quadratic at `image`, and the real objective where its turn has come."""
        if self.is_real(self._done):
            begun = time.perf_counter()
            whole = self._engine.sample(np.clip(image, 0, 1))
            if whole is None:
                self._engine.loss_and_gradient(np.clip(image, 0, 1))
            else:
                self.not_spent[self._done] = whole - (time.perf_counter() - begun)
        self._done += 1
        gradient: Image = self._curvature * (image - np.float32(0.5))
        loss = float(np.vdot(gradient, image - np.float32(0.5))) / 2
        return Evaluation(Losses(loss, np.zeros(1, np.float32)), gradient)

    def sample(self, image: Image) -> None:
        """Do nothing: what evaluates parts is behind :meth:`loss_and_gradient`."""

    def stepper(self, optimizer: Optimizer, image: Image) -> Stepper | None:
        """Return the real engine's: its steps are all real."""
        return self._engine.stepper(optimizer, image)


def rehearse(
    engine: Engine,
    image: Image,
    exemplar: Image,
    optimizer: Optimizer,
    steps: int,
    learning_rate: float,
    timed: int,
    refresh_every: int | None = None,
) -> tuple[float, float]:
    """Return the seconds of the first step, and the median seconds of `timed` later ones.

    The engine is aimed at the size of `image`, [1, 3, H, W], where the optimiser starts; its metric
    is that of `exemplar`, [1, 3, H', W']. The rest is as the run has it at this scale.
    """
    # Not one more than the run has, which would take memory for what it does not keep.
    evaluations = min(steps, max(1 + timed, optimizer.fills_in))
    rehearsal = Rehearsal(engine, image.shape, evaluations, timed)
    ends = [time.perf_counter()]
    optimise(
        rehearsal,
        image,
        optimizer,
        evaluations,
        learning_rate,
        lambda losses, trial: ends.append(time.perf_counter()),
        ImageMetric(exemplar, size_of(image)),
        refresh_every,
    )
    seconds = [
        after - before + rehearsal.not_spent.get(number, 0.0)
        for number, (before, after) in enumerate(pairwise(ends))
    ]
    later = [one for number, one in enumerate(seconds) if number and rehearsal.is_real(number)]
    return seconds[0], median(later or seconds)
