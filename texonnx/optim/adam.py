"""Adam on the host.

Kingma and Ba, "Adam", 2015, in the order of section 2's last paragraph, as in the step graph.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.objective.adam_step import BETA1, BETA2, EPSILON
from texonnx.optim.keeping import Values, numbers
from texonnx.optim.run import Evaluate, HostStepper

FALL_BEGINS = 0.7


class AdamStepper(HostStepper):
    """Moves the image by Adam; keeps the two moments."""

    def __init__(self, evaluate: Evaluate, image: Image) -> None:
        super().__init__(evaluate, image)
        self._first = np.zeros_like(image)
        self._second = np.zeros_like(image)
        self._step = 0

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that it goes on from, by name."""
        moments = {"first_moment": self._first, "second_moment": self._second}
        return {**super().state(), **moments, **numbers(step=self._step)}

    def restore(self, state: Values) -> None:
        """Go on from what :meth:`state` returned."""
        super().restore(state)
        self._first, self._second = state["first_moment"].copy(), state["second_moment"].copy()
        self._step = int(state["step"])

    def _change(self, learning_rate: float, gradient: Image) -> Image:
        self._step += 1
        self._first += np.float32(1 - BETA1) * (gradient - self._first)
        self._second += np.float32(1 - BETA2) * (gradient * gradient - self._second)
        correction = math.sqrt(1 - BETA2**self._step) / (1 - BETA1**self._step)
        divisor = np.sqrt(self._second) + np.float32(EPSILON)
        return np.float32(learning_rate * correction) * (self._first / divisor)

    @staticmethod
    def rate(learning_rate: float, progress: float, image: Image) -> float:
        """Return the learning rate at `progress` from 0 to 1.

        It is whole for most of a scale, then falls to 0 along a half cosine: Adam's steps are about
        as long as the learning rate however small the gradient, and unless they shrink in the end,
        they leave a grain on the image. (The cosine is Loshchilov and Hutter's, "SGDR", 2017,
        eq. 5.)

        Examples
        --------
        >>> image = np.zeros((1, 3, 1, 1), np.float32)
        >>> [round(AdamStepper.rate(0.02, share, image), 3) for share in (0.0, 0.7, 0.85, 1.0)]
        [0.02, 0.02, 0.01, 0.0]
        """
        falling = max(0.0, (progress - FALL_BEGINS) / (1 - FALL_BEGINS))
        return learning_rate * ((1 + math.cos(math.pi * falling)) / 2)
