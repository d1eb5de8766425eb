"""Whether an image is the same all over: contrast and colour in the cells of a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image, luminance

CELLS = 8
"""Down and across."""
_LEAST = 1e-6


@dataclass(frozen=True)
class Evenness:
    """How much a texture differs from place to place, over a grid of 8x8 cells.

    Attributes
    ----------
    edge_over_middle
        Contrast (the standard deviation of luminance within a cell) of the cells at the border,
        over that of the others: 1 where there is no frame.
    contrast_spread
        Standard deviation of the cells' contrasts, over their mean.
    colour_spread
        Root mean square distance of the cells' mean colours from their mean, over the standard
        deviation of the pixels' colours.
    """

    edge_over_middle: float
    contrast_spread: float
    colour_spread: float


def evenness(image: Image) -> Evenness:
    """Measure an image, [1, 3, H, W] in [0, 1], of at least 8 pixels each way."""
    contrast = _cells(luminance(image)[0]).std(axis=(-2, -1))[0]
    border = np.ones((CELLS, CELLS), bool)
    border[1:-1, 1:-1] = False
    colours = _cells(image[0]).mean(axis=(-2, -1)).reshape(3, -1)
    deviation = np.sqrt(image.var(axis=(0, 2, 3), dtype=np.float64).sum())
    return Evenness(
        edge_over_middle=float(contrast[border].mean() / max(contrast[~border].mean(), _LEAST)),
        contrast_spread=float(contrast.std() / max(contrast.mean(), _LEAST)),
        colour_spread=float(np.sqrt(colours.var(axis=1).sum()) / max(deviation, _LEAST)),
    )


def _cells(planes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cut planes [C, H, W] into cells, [C, down, across, h, w]; what is left over is dropped."""
    height, width = (side // CELLS for side in planes.shape[1:])
    cut = planes[:, : height * CELLS, : width * CELLS].astype(np.float64)
    return cut.reshape(-1, CELLS, height, CELLS, width).swapaxes(2, 3)
