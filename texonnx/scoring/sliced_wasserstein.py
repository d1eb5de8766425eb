"""The sliced Wasserstein distance between the patches of two images.

The distance between two clouds of points is averaged over the lines they are projected on; on a
line, the optimal transport pairs equal ranks (Rabin, Peyre, Delon and Bernot, "Wasserstein
Barycenter and Its Application to Texture Mixing", 2011).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PATCH_SIDE = 7
"""Pixels; with 3 channels a patch is a point in 147 dimensions."""
MAX_PATCHES = 16384
"""Of larger images a sample of so many positions is taken."""
DIRECTIONS = 512
_SEEN_SIDES = (1, 3, 5, 7)


def random_directions(count: int, seed: int) -> NDArray[np.float32]:
    """Return unit vectors to project patches on.

    Of every four, one each is uniform over all that sees 1x1, 3x3, 5x5 and 7x7 pixels. Karras et
    al. take the last kind alone. But sums of 147 values are nearly normal, whatever the texture:
    with them an image of the exemplar's spectrum and random phases passes for the exemplar. The
    smaller ones see that its edges and its flat places are gone.

    Parameters
    ----------
    count
        How many.
    seed
        The same seed gives the same directions.

    Returns
    -------
    ndarray
        Shape [count, 3 * PATCH_SIDE**2].
    """
    seen = np.arange(PATCH_SIDE) < np.resize(_SEEN_SIDES, count)[:, np.newaxis]
    window = seen[:, np.newaxis, :, np.newaxis] & seen[:, np.newaxis, np.newaxis, :]
    shape = (count, 3, PATCH_SIDE, PATCH_SIDE)
    normal = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) * window
    directions = normal.reshape(count, -1)
    return np.asarray(directions / np.linalg.norm(directions, axis=1, keepdims=True))


def sample_patches(planes: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Return the square patches of an image, each as one row.

    Parameters
    ----------
    planes
        Shape [3, H, W], sides of at least `PATCH_SIDE`.
    seed
        Of the positions, where there are more than `MAX_PATCHES`; the same seed and size give the
        same positions.

    Returns
    -------
    ndarray
        Shape [patches, 3 * PATCH_SIDE**2]: by channel, row and column.
    """
    windows = np.lib.stride_tricks.sliding_window_view(
        planes, (PATCH_SIDE, PATCH_SIDE), axis=(1, 2)
    ).transpose(1, 2, 0, 3, 4)
    rows, columns = windows.shape[:2]
    positions = np.arange(rows * columns)
    if positions.size > MAX_PATCHES:
        generator = np.random.default_rng(seed)
        positions = np.sort(generator.choice(positions.size, MAX_PATCHES, replace=False))
    chosen = windows[positions // columns, positions % columns]
    return np.asarray(chosen.reshape(positions.size, -1))


def quantiles(patches: NDArray[np.float32], directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the projections on each direction, sorted, rising: [directions, patches]."""
    return np.sort(directions @ patches.T, axis=1)


def wasserstein(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the Wasserstein-1 distance on every line, averaged over the lines.

    That is the area between the two quantile functions, exact also where the numbers of points
    differ.

    Parameters
    ----------
    first, second
        Sorted values of shape [lines, N] and [lines, M].

    Examples
    --------
    >>> wasserstein(np.float32([[0, 1]]), np.float32([[0, 0, 3]]))
    0.8333333333333334
    """
    n, m = first.shape[1], second.shape[1]
    if n == m:
        return float(np.abs(first - second).mean(dtype=np.float64))
    # Both functions are steps; in units of 1/(N M) the steps end at whole numbers.
    ends = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)
    starts, widths = ends[:-1], np.diff(ends)
    gaps = np.abs(first[:, starts // m] - second[:, starts // n]).mean(axis=0, dtype=np.float64)
    return float(gaps @ widths / (n * m))
