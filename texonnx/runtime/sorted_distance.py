"""The distance between sorted rows and its gradient, by NumPy's vectorised sort, in threads.

ONNX Runtime's TopK compares values through an index; NumPy sorts plain numbers with SIMD. So each
value and its column go into one 64-bit number, the value's bits above the column's: for values of
0 and more the order of those numbers is the order of the values, equal ones by column.
"""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial

import numpy as np
from numpy.typing import NDArray

_VALUES_A_TASK = 1 << 19
"""Its 4 MB of keys stay in a core's cache or near it."""


def sorted_distance(
    features: NDArray[np.float32],
    target: NDArray[np.float32],
    weight: float,
    cotangent: NDArray[np.float32],
    threads: Executor,
) -> float:
    """Return `weight` times the mean of (sort F - target)², and write its gradient.

    Parameters
    ----------
    features
        F, [N, M], float32, nothing below 0: what a ReLU leaves.
    target
        Sorted rows, [N, M].
    weight
        What multiplies the mean.
    cotangent
        [N, M]; filled with the gradient with respect to `features`.
    threads
        Where the rows are shared out.
    """
    rows, columns = features.shape
    step = max(1, _VALUES_A_TASK // columns)
    slope = np.float32(2 * weight / features.size)
    share = partial(_rows_distance, features, target, slope, cotangent)
    squares = threads.map(share, range(0, rows, step), range(step, rows + step, step))
    return weight * sum(squares) / features.size


def _rows_distance(
    features: NDArray[np.float32],
    target: NDArray[np.float32],
    slope: np.float32,
    cotangent: NDArray[np.float32],
    first: int,
    end: int,
) -> float:
    """Return the sum of squares over some rows, and write their gradient."""
    values = features[first:end]
    keys = values.view(np.uint32).astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= np.arange(values.shape[1], dtype=np.uint64)
    # As float64 the numbers keep their order, and NumPy sorts those faster.
    keys.view(np.float64).sort(axis=1)
    columns = (keys & np.uint64(0xFFFFFFFF)).view(np.int64)
    keys >>= np.uint64(32)
    difference = keys.astype(np.uint32).view(np.float32)
    difference -= target[first:end]
    flat = difference.ravel()
    squares = float(np.dot(flat, flat))
    difference *= slope
    np.put_along_axis(cotangent[first:end], columns, difference, axis=1)
    return squares
