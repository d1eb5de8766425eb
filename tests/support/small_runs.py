"""What the tests of whole runs share: random weights drawn once, and figures of images."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from texonnx.images import Image
from texonnx.weights import random_weights

SMALL: dict[str, Any] = {"weights": "random:0", "layers": "conv1_1,conv2_1"}
"""An objective without a download, and with a gradient within milliseconds."""

draw_once = functools.cache(random_weights)
"""In place of `library.random_weights`: drawing them and measuring them takes seconds."""


def psnr(a: Image, b: Image) -> float:
    """Peak signal-to-noise ratio in decibels, of values in [0, 1]."""
    error = float(np.mean((a - b) ** 2, dtype=np.float64))
    return math.inf if error == 0 else -10 * math.log10(error)


def roughness(image: Image) -> float:
    """Mean squared difference of neighbours."""
    return float(np.mean(np.diff(image, axis=2) ** 2) + np.mean(np.diff(image, axis=3) ** 2))


def colour(image: Image) -> np.ndarray:
    """Mean red, green and blue."""
    mean: np.ndarray = image.mean(axis=(0, 2, 3))
    return mean
