"""Running an optimiser on an engine for one scale, whichever of them takes the steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.objective.source import Traits
from texonnx.optim.keeping import Keeping, NotKept, Place, Values
from texonnx.optimizers import Optimizer
from texonnx.runtime.engine import Engine, Evaluation, Losses

STEPS_A_DRAW = 10
"""Random directions serve for so many steps, and L-BFGS begins anew after as many."""

Evaluate: TypeAlias = Callable[[Image], Evaluation]
Metric: TypeAlias = Callable[[Image], Image]
"""A symmetric positive definite map of images."""
AfterStep: TypeAlias = Callable[[Losses, Image], None]
"""Is told the losses and the image of every step; may raise to stop the run."""

Minimise: TypeAlias = Callable[[Evaluate, Image, int, AfterStep, Metric | None, Keeping], Image]
"""An optimiser that searches: from where, how many evaluations, told to whom, in which metric, and
kept where."""


class HostStepper(ABC):
    """An optimiser that takes steps, for engines that do not take them inside the runtime."""

    def __init__(self, evaluate: Evaluate, image: Image) -> None:
        self._evaluate = evaluate
        self._image = image

    def step(self, learning_rate: float) -> Losses:
        """Move the image by one step; return the losses of the image as it was before."""
        evaluation = self._evaluate(self._image)
        with np.errstate(over="ignore", invalid="ignore"):
            self._image = self._image - self._change(learning_rate, evaluation.gradient)
        return evaluation.losses

    def image(self) -> Image:
        """Return the image as it is now, [1, 3, H, W]."""
        return self._image

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that it goes on from, by name."""
        return {"image": self._image}

    def restore(self, state: Values) -> None:
        """Go on from what :meth:`state` returned."""
        self._image = state["image"]

    @abstractmethod
    def _change(self, learning_rate: float, gradient: Image) -> Image:
        """Return what the next step takes off the image."""

    @staticmethod
    @abstractmethod
    def rate(learning_rate: float, progress: float, image: Image) -> float:
        """Return what it multiplies by at `progress` from 0 to 1, for an image of that size."""


def optimise(
    engine: Engine,
    image: Image,
    optimizer: Optimizer,
    steps: int,
    learning_rate: float,
    after_step: AfterStep,
    metric: Metric | None = None,
    refresh_every: int | None = None,
    *,
    grey: bool = False,
    free: NDArray[np.bool_] | None = None,
    keeping: Keeping | None = None,
) -> Image:
    """Return `image` after `steps` steps (for L-BFGS: evaluations) of `optimizer`.

    Adam and SGD step inside the runtime where the engine has them. Steps move the image where
    they like; it is brought back to [0, 1] by whoever shows it. `metric` is for those that search
    alone. Every `refresh_every` steps the engine draws and trains anew; a search then
    starts anew, from the best image so far. A `grey` image, whose channels are alike, stays so
    where the steps are not taken inside the runtime: its gradient is the mean of the channels'.
    Where `free`, [H, W], is given, no other pixel moves, and all steps are taken on the host.
    It goes on from the place that `keeping` has, if any.
    """
    keeping = keeping or NotKept()
    evaluate = _grey(engine.loss_and_gradient) if grey else engine.loss_and_gradient
    if free is not None:
        evaluate, metric = _only(free, evaluate), _only_in(free, metric)
    if optimizer.searches:
        minimise: Minimise = optimizer.load()
        if refresh_every is None:
            return minimise(evaluate, image, steps, after_step, metric, keeping)
        place = keeping.place or Place(0, {"image": image})
        image = place.values["image"]
        for done in range(place.step, steps, refresh_every):
            if keeping.due:
                keeping.keep(Place(done, {"image": image}))
            count = min(refresh_every, steps - done)
            engine.refresh(image, count)
            image = minimise(evaluate, image, count, after_step, metric, NotKept())
        return image
    on_host: type[HostStepper] = optimizer.load()
    inside = engine.stepper(optimizer, image) if free is None else None
    stepper = inside or on_host(evaluate, image)
    first = 0
    if keeping.place is not None:
        first = keeping.place.step
        stepper.restore(keeping.place.values)
    for step in range(first, steps):
        if keeping.due and step % (refresh_every or 1) == 0 and (state := stepper.state()):
            keeping.keep(Place(step, state))
        before = stepper.image()
        if refresh_every is not None and step % refresh_every == 0:
            engine.refresh(before, refresh_every)
        after_step(stepper.step(on_host.rate(learning_rate, step / steps, image)), before)
    return stepper.image()


def _grey(evaluate: Evaluate) -> Evaluate:
    def evaluated(image: Image) -> Evaluation:
        found = evaluate(image)
        mean = found.gradient.mean(axis=1, keepdims=True, dtype=np.float32)
        return Evaluation(found.losses, np.repeat(mean, 3, axis=1))

    return evaluated


def _only(free: NDArray[np.bool_], evaluate: Evaluate) -> Evaluate:
    def evaluated(image: Image) -> Evaluation:
        found = evaluate(image)
        return Evaluation(found.losses, found.gradient * free)

    return evaluated


def _only_in(free: NDArray[np.bool_], metric: Metric | None) -> Metric | None:
    """Return the metric between images that are 0 elsewhere."""
    if metric is None:
        return None
    whole = metric
    return lambda image: whole(image * free) * free


def refresh_interval(traits: Traits, optimizer: Optimizer) -> int | None:
    """Return after how many steps the engine is to draw and train anew; ``None`` for never.

    Discriminators learn at every step, but for a search, which cannot follow a loss that changes.
    """
    if not traits.draws:
        return None
    return 1 if traits.adversarial and not optimizer.searches else STEPS_A_DRAW
