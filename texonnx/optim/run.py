"""Running an optimiser on an engine for one scale, whichever of them takes the steps."""

from __future__ import annotations

import math
from collections.abc import Callable

from texonnx.errors import OptionError, unknown
from texonnx.images import Image
from texonnx.optim.adam import AdamStepper
from texonnx.optim.lbfgs import minimise_lbfgs
from texonnx.optim.metric import ImageMetric
from texonnx.optim.scipy_lbfgs import minimise_scipy_lbfgs
from texonnx.optim.sgd import SgdStepper, sgd_rate
from texonnx.runtime.engine import Engine, Losses

OPTIMIZERS = ("lbfgs", "scipy-lbfgs", "adam", "sgd")
_FALL_BEGINS = 0.7

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
    falling = max(0.0, (progress - _FALL_BEGINS) / (1 - _FALL_BEGINS))
    return (1 + math.cos(math.pi * falling)) / 2


def optimise(
    engine: Engine,
    image: Image,
    optimizer: str,
    steps: int,
    learning_rate: float,
    after_step: AfterStep,
    exemplar: Image | None = None,
) -> Image:
    """Return `image` after `steps` steps (for L-BFGS: evaluations) of `optimizer`.

    Adam and SGD step inside the runtime where the engine has them. Steps move the image where
    they like; it is brought back to [0, 1] by whoever shows it. `exemplar`, [1, 3, H', W'], gives
    L-BFGS its metric.
    """
    evaluate = engine.loss_and_gradient
    if optimizer == "scipy-lbfgs":
        return minimise_scipy_lbfgs(evaluate, image, steps, after_step)
    if optimizer == "lbfgs":
        size = (image.shape[2], image.shape[3])
        metric = None if exemplar is None else ImageMetric(exemplar, size)
        return minimise_lbfgs(evaluate, image, steps, after_step, metric)
    on_the_host = AdamStepper if optimizer == "adam" else SgdStepper
    stepper = engine.stepper(optimizer, image) or on_the_host(evaluate, image)
    for step in range(steps):
        if optimizer == "sgd":
            rate = sgd_rate(learning_rate, image)
        else:
            rate = learning_rate * share_of_learning_rate(step / steps)
        before = stepper.image()
        after_step(stepper.step(rate), before)
    return stepper.image()
