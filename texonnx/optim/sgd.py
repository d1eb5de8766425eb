"""Plain gradient descent, for engines that have none inside the runtime."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from texonnx.images import Image
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.sizes import size_of


class SgdStepper:
    """Moves the image against the gradient."""

    def __init__(self, evaluate: Callable[[Image], Evaluation], image: Image) -> None:
        self._evaluate = evaluate
        self._image = image

    def step(self, learning_rate: float) -> Losses:
        """Move the image by one step; return the losses of the image as it was before."""
        evaluation = self._evaluate(self._image)
        with np.errstate(over="ignore", invalid="ignore"):
            self._image = self._image - np.float32(learning_rate) * evaluation.gradient
        return evaluation.losses

    def image(self) -> Image:
        """Return the image as it is now, [1, 3, H, W]."""
        return self._image

    @staticmethod
    def rate(learning_rate: float, progress: float, image: Image) -> float:
        """Return what multiplies the gradient: `learning_rate` times the number of pixels.

        The losses are means over positions, so that one pixel's share of the gradient falls as the
        image grows; with this one learning rate serves every scale.
        """
        height, width = size_of(image)
        return learning_rate * height * width
