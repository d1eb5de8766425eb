"""Plain gradient descent on the host."""

from __future__ import annotations

import numpy as np

from texonnx.images import Image
from texonnx.optim.run import HostStepper
from texonnx.sizes import size_of


class SgdStepper(HostStepper):
    """Moves the image against the gradient."""

    def _change(self, learning_rate: float, gradient: Image) -> Image:
        return np.float32(learning_rate) * gradient

    @staticmethod
    def rate(learning_rate: float, progress: float, image: Image) -> float:
        """Return what multiplies the gradient: `learning_rate` times the number of pixels.

        The losses are means over positions, so that one pixel's share of the gradient falls as the
        image grows; with this one learning rate serves every scale.
        """
        height, width = size_of(image)
        return learning_rate * height * width
