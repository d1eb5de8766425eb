"""The metric in which L-BFGS takes its first step at a scale, and in which it corrects itself.

By itself the gradient of a texture loss moves colours that do not occur together, and the coarse
structures first, which a coarser scale has settled. So the inverse Hessian that L-BFGS starts from
(Nocedal and Wright, "Numerical Optimization", 2006, eq. 7.20) is here not the identity but the
exemplar's colour covariance times a power of the frequency; docs/performance.md has what it brings.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from texonnx.images import Image
from texonnx.objective.lbfgs_step import ALL_COLOURS, LEAST_FREQUENCY, POWER_OF_FREQUENCY
from texonnx.sizes import Size


class ImageMetric:
    """A symmetric positive definite map of images to images.

    Parameters
    ----------
    exemplar
        [1, 3, H', W'], whose colours vary together as the result's shall.
    size
        Height and width in pixels of the images to be mapped.
    power_of_frequency
        What the frequency is raised to; 0 favours none.
    """

    def __init__(
        self,
        exemplar: Image,
        size: Size,
        power_of_frequency: float = POWER_OF_FREQUENCY,
    ) -> None:
        self._size = size
        vertical = fft.fftfreq(size[0])[:, None]
        horizontal = fft.rfftfreq(size[1])[None, :]
        frequency = np.sqrt(vertical**2 + horizontal**2 + LEAST_FREQUENCY**2)
        gain = frequency**power_of_frequency
        self._gain = (gain / gain.mean()).astype(np.float32)
        covariance = np.cov(exemplar.reshape(3, -1).astype(np.float64), bias=True)
        variance = np.trace(covariance) / 3
        share = 1 - ALL_COLOURS if variance > 0 else 0.0
        colours = (1 - share) * np.eye(3) + share * covariance / max(variance, 1e-12)
        self._colours = colours.astype(np.float32)

    def __call__(self, image: Image) -> Image:
        """Return the image mapped, [1, 3, H, W]."""
        mixed = (self._colours @ image.reshape(3, -1)).reshape(image.shape)
        mapped: Image = fft.irfft2(fft.rfft2(mixed) * self._gain, s=self._size)
        return mapped
