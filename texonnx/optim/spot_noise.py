"""Random-phase noise: the colours and the spectrum of an image, and nothing else of it.

Galerne, Gousseau and Morel, "Random Phase Textures: Theory and Synthesis", 2011.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from texonnx.images import Image


def spot_noise(spot: Image, white: NDArray[np.float32]) -> Image:
    """Return noise with the power spectrum and the colour covariance of `spot`, of mean 0.

    :func:`texonnx.subgraphs.spot_noise.spot_noise` is the same in a graph.

    Parameters
    ----------
    spot
        [1, 3, H', W']; the mean of what is seen of it is taken off.
    white
        White noise, [H, W], of the size of the result: one larger than `spot` is filled, a smaller
        one sees part of it. The phases come from it, one for all three channels, which keeps the
        colours together.

    Returns
    -------
    ndarray
        float32, [1, 3, H, W].
    """
    size = white.shape
    height, width = (min(a, b) for a, b in zip(spot.shape[2:], size, strict=True))
    seen = spot[..., :height, :width]
    canvas = np.zeros((1, 3, *size), np.float32)
    canvas[..., :height, :width] = seen - seen.mean(axis=(2, 3), keepdims=True)
    canvas *= np.float32(np.sqrt(size[0] * size[1] / (height * width)))
    waves = fft.rfft2(white)
    phases = waves / np.maximum(np.abs(waves), np.finfo(np.float32).tiny)
    noise: Image = fft.irfft2(fft.rfft2(canvas) * phases, s=size).astype(np.float32)
    return noise
