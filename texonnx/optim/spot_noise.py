"""Random-phase noise: the colours and the spectrum of an image, and nothing else of it.

Galerne, Gousseau and Morel, "Random Phase Textures: Theory and Synthesis", 2011.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from texonnx.images import Image


def spot_noise(spot: Image, size: tuple[int, int], generator: np.random.Generator) -> Image:
    """Return noise with the power spectrum and the colour covariance of `spot`, of mean 0.

    Parameters
    ----------
    spot
        [1, 3, H', W']; the mean of what is seen of it is taken off.
    size
        Height and width of the noise; a larger one is filled, a smaller one sees part of `spot`.
    generator
        Where the phases come from, one for all three channels, which keeps the colours together.

    Returns
    -------
    ndarray
        float32, [1, 3, H, W].
    """
    height, width = (min(a, b) for a, b in zip(spot.shape[2:], size, strict=True))
    seen = spot[..., :height, :width]
    canvas = np.zeros((1, 3, *size), np.float32)
    canvas[..., :height, :width] = seen - seen.mean(axis=(2, 3), keepdims=True)
    canvas *= np.float32(np.sqrt(size[0] * size[1] / (height * width)))
    white = fft.rfft2(generator.standard_normal(size, dtype=np.float32))
    phases = white / np.maximum(np.abs(white), np.finfo(np.float32).tiny)
    noise: Image = fft.irfft2(fft.rfft2(canvas) * phases, s=size).astype(np.float32)
    return noise
