"""Running an optimiser on an engine for one scale, whichever of them takes the steps."""

from __future__ import annotations

import math
from collections.abc import Callable

from texonnx.errors import OptionError, unknown
from texonnx.images import Image
from texonnx.objective.source import GraphSource
from texonnx.optim.adam import AdamStepper
from texonnx.optim.lbfgs import minimise_lbfgs
from texonnx.optim.metric import ImageMetric
from texonnx.optim.scipy_lbfgs import minimise_scipy_lbfgs
from texonnx.optim.sgd import SgdStepper, sgd_rate
from texonnx.runtime.engine import Engine, Losses

OPTIMIZERS = ("auto", "lbfgs", "scipy-lbfgs", "adam", "sgd")
_LBFGS = ("lbfgs", "scipy-lbfgs")
STEPS_A_DRAW = 10
"""Random directions serve for so many steps, and L-BFGS begins anew after as many."""

FALL_BEGINS = 0.7

AfterStep = Callable[[Losses, Image], None]
"""Is told the losses and the image of every step; may raise to stop the run."""


def check_optimizer(name: str) -> str:
    """Return `name` if there is such an optimiser, else raise :class:`OptionError`."""
    if name not in OPTIMIZERS:
        raise OptionError(unknown("optimizer", name, OPTIMIZERS))
    return name


def share_of_learning_rate(progress: float) -> float:
    """Return the share of Adam's learning rate at `progress` from 0 to 1.

    It is 1 for most of a scale, then falls to 0 along a half cosine: Adam's steps are about as
    long as the learning rate however small the gradient, and unless they shrink in the end, they
    leave a grain on the image. (The cosine is Loshchilov and Hutter's, "SGDR", 2017, eq. 5.)

    Examples
    --------
    >>> [round(share_of_learning_rate(progress), 3) for progress in (0.0, 0.7, 0.85, 1.0)]
    [1.0, 1.0, 0.5, 0.0]
    """
    falling = max(0.0, (progress - FALL_BEGINS) / (1 - FALL_BEGINS))
    return (1 + math.cos(math.pi * falling)) / 2


def optimise(
    engine: Engine,
    image: Image,
    optimizer: str,
    steps: int,
    learning_rate: float,
    after_step: AfterStep,
    metric: ImageMetric | None = None,
    refresh_every: int | None = None,
) -> Image:
    """Return `image` after `steps` steps (for L-BFGS: evaluations) of `optimizer`.

    Adam and SGD step inside the runtime where the engine has them. Steps move the image where
    they like; it is brought back to [0, 1] by whoever shows it. `metric` is for ``lbfgs`` alone.
    Every `refresh_every` steps the engine draws and trains anew; L-BFGS then
    starts anew, from the best image so far.
    """
    if optimizer in _LBFGS:
        for done in range(0, steps, refresh_every or steps):
            count = min(refresh_every or steps, steps - done)
            if refresh_every is not None:
                engine.refresh(image, count)
            image = _minimise(engine, image, optimizer, count, after_step, metric)
        return image
    on_the_host = AdamStepper if optimizer == "adam" else SgdStepper
    stepper = engine.stepper(optimizer, image) or on_the_host(engine.loss_and_gradient, image)
    for step in range(steps):
        if optimizer == "sgd":
            rate = sgd_rate(learning_rate, image)
        else:
            rate = learning_rate * share_of_learning_rate(step / steps)
        before = stepper.image()
        if refresh_every is not None and step % refresh_every == 0:
            engine.refresh(before, refresh_every)
        after_step(stepper.step(rate), before)
    return stepper.image()


def _minimise(
    engine: Engine,
    image: Image,
    optimizer: str,
    evaluations: int,
    after_step: AfterStep,
    metric: ImageMetric | None,
) -> Image:
    evaluate = engine.loss_and_gradient
    if optimizer == "scipy-lbfgs":
        return minimise_scipy_lbfgs(evaluate, image, evaluations, after_step)
    return minimise_lbfgs(evaluate, image, evaluations, after_step, metric)


def refresh_interval(source: GraphSource, optimizer: str) -> int | None:
    """Return after how many steps the engine is to draw and train anew; ``None`` for never.

    Discriminators learn at every step, but for L-BFGS, which cannot follow a loss that changes.
    """
    if not source.draws:
        return None
    return 1 if source.adversarial and optimizer not in _LBFGS else STEPS_A_DRAW
