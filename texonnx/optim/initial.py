"""Where an optimisation starts."""

from __future__ import annotations

import numpy as np

from texonnx.artifacts.objective import Size
from texonnx.images import Image

_CONTRAST = {"noise": 0.05, "mean": 0.01}
"""Standard deviation of the noise; a flat image would keep what is symmetric symmetric."""

INITS = tuple(_CONTRAST)


def initial_image(init: str, exemplar: Image, size: Size, seed: int) -> Image:
    """Return the exemplar's mean colour with seeded Gaussian noise, [1, 3, H, W] in [0, 1].

    Parameters
    ----------
    init
        ``noise``, or ``mean`` for hardly any.
    exemplar
        [1, 3, H', W'], in [0, 1].
    size
        Height and width in pixels.
    seed
        The same seed gives the same image.
    """
    colour = exemplar.mean(axis=(2, 3), keepdims=True)
    noise = np.random.default_rng(seed).standard_normal((1, 3, *size), dtype=np.float32)
    image: Image = colour + np.float32(_CONTRAST[init]) * noise
    return image.clip(0, 1)
