"""Running an optimiser on an engine for one scale, whichever of them takes the steps."""

from __future__ import annotations

import math
from collections.abc import Callable

from texonnx.errors import OptionError, unknown
from texonnx.images import Image
from texonnx.optim.lbfgs import minimise_lbfgs
from texonnx.optim.sgd import SgdStepper, sgd_rate
from texonnx.runtime.engine import Engine, Losses

OPTIMIZERS = ("adam", "sgd", "lbfgs")

AfterStep = Callable[[Losses, Image], None]
"""Is told the losses and the image of every step; may raise to stop the run."""


def check_optimizer(name: str) -> str:
    """Return `name` if there is such an optimiser, else raise :class:`OptionError`."""
    if name not in OPTIMIZERS:
        raise OptionError(unknown("optimizer", name, OPTIMIZERS))
    return name


def half_cosine(progress: float) -> float:
    """Return the share of Adam's learning rate at `progress` from 0 to 1: 1 at first, 0 at last.

    Adam's steps are about as long as the learning rate however small the gradient; unless they
    shrink, they leave a grain on the image. Loshchilov and Hutter, "SGDR", 2017, eq. 5.

    Examples
    --------
    >>> half_cosine(0.0), half_cosine(0.5), half_cosine(1.0)
    (1.0, 0.5, 0.0)
    """
    return round((1 + math.cos(math.pi * progress)) / 2, 12)


def optimise(
    engine: Engine,
    image: Image,
    optimizer: str,
    steps: int,
    learning_rate: float,
    after_step: AfterStep,
) -> Image:
    """Return `image` after `steps` steps (for L-BFGS: evaluations) of `optimizer`.

    Adam and SGD step inside the runtime where the engine has them. Steps move the image where
    they like; it is brought back to [0, 1] by whoever shows it.
    """
    if optimizer == "lbfgs":
        return minimise_lbfgs(engine.loss_and_gradient, image, steps, after_step)
    stepper = engine.stepper(optimizer, image) or SgdStepper(engine.loss_and_gradient, image)
    for step in range(steps):
        if optimizer == "sgd":
            rate = sgd_rate(learning_rate, image)
        else:
            rate = learning_rate * half_cosine(step / steps)
        before = stepper.image()
        after_step(stepper.step(rate), before)
    return stepper.image()
