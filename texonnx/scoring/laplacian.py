"""The Laplacian pyramid: an image as bands of one octave each, and what is left below them."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16


def laplacian_pyramid(planes: NDArray[np.float32], levels: int) -> list[NDArray[np.float32]]:
    """Split an image into bands.

    Every band is what is lost when the image is halved and doubled again; so the bands, each
    doubled in size and added to the next finer one, give the image back.

    Parameters
    ----------
    planes
        Shape [3, H, W].
    levels
        How many, at least 1; the image itself is the pyramid of one level.

    Returns
    -------
    list of ndarray
        Finest first, of shape [3, ceil(H / 2^k), ceil(W / 2^k)]; the last holds the image's low
        frequencies, not a band.

    References
    ----------
    Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", IEEE Transactions on
    Communications 31 (4), 1983; their weights with a = 3/8, the binomial ones.
    """
    bands = []
    for _ in range(levels - 1):
        halved = halve(planes)
        bands.append(planes - double(halved, planes.shape[1], planes.shape[2]))
        planes = halved
    return [*bands, planes]


def halve(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur and keep every second pixel: REDUCE of Burt and Adelson, from [3, H, W]."""
    return np.ascontiguousarray(_blur(planes)[:, ::2, ::2])


def double(planes: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Put zeros between the pixels and blur: EXPAND of Burt and Adelson, to [3, height, width]."""
    spread = np.zeros((len(planes), height, width), np.float32)
    # Of every 4 pixels one is not zero.
    spread[:, ::2, ::2] = 4 * planes
    return _blur(spread)


def _blur(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = scipy.ndimage.correlate1d(planes, _BINOMIAL, axis=1, mode="mirror")
    return np.asarray(scipy.ndimage.correlate1d(rows, _BINOMIAL, axis=2, mode="mirror"))
