"""What an engine is: loss and gradient of an image, and optimiser steps inside the runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.optimizers import Optimizer
from texonnx.runtime.goal import Goal
from texonnx.sizes import Size


@dataclass(frozen=True)
class Losses:
    """The value of the objective for one image.

    Attributes
    ----------
    total
        The weighted sum over layers and losses.
    layers
        Its parts, weights included, in the order of the objective's parts.
    """

    total: float
    layers: NDArray[np.float32]

    @classmethod
    def of(cls, results: Mapping[str, NDArray[np.float32]]) -> Losses:
        """Return a copy of what a graph gives as ``loss`` and ``layer_losses``."""
        return cls(float(results["loss"]), results["layer_losses"].copy())


@dataclass(frozen=True)
class Evaluation:
    """The value of the objective and its gradient with respect to the image, [1, 3, H, W]."""

    losses: Losses
    gradient: Image


class Stepper(Protocol):
    """An optimiser inside the runtime; it keeps the image and the optimiser's state."""

    def step(self, learning_rate: float) -> Losses:
        """Move the image by one step; return the losses of the image as it was before."""

    def image(self) -> Image:
        """Return a copy of the image as it is now, [1, 3, H, W]."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Return a copy of all that it goes on from, by name; nothing if it cannot tell."""

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what :meth:`state` returned."""


class Engine(Protocol):
    """One way to run an objective.

    Attributes
    ----------
    name
        ``training`` or ``analytic``.
    provider
        The short name of the execution provider.
    """

    name: str
    provider: str

    def aim(self, goal: Goal, size: Size) -> None:
        """Take the targets from `goal`, for images of `size`."""

    def release(self) -> None:
        """Let go of the memory of the scale that was aimed at last."""

    def refresh(self, image: Image, steps: int) -> None:
        """Draw and train what the losses want anew, before `steps` more steps from `image`.

        Does nothing where no loss wants that.
        """

    def loss_and_gradient(self, image: Image) -> Evaluation:
        """Evaluate the objective and its gradient at `image`, [1, 3, H, W] in [0, 1]."""

    def sample(self, image: Image) -> float | None:
        """Evaluate some parts of a large image; return the seconds that all of them would take.

        ``None``, and nothing is done, where the objective is not evaluated in parts.
        """

    def stepper(self, optimizer: Optimizer, image: Image) -> Stepper | None:
        """Return `optimizer` inside the runtime, starting at `image`, or ``None`` if not there."""
