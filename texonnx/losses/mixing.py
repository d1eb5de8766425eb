"""How what is taken from several exemplars becomes one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = Sequence[NDArray[np.float32]]


def average(values: Values, shares: Sequence[float]) -> NDArray[np.float32]:
    """Return the weighted average: of means a mean, of sorted rows the Wasserstein barycentre."""
    total: NDArray[np.float32] = np.zeros_like(values[0])
    for share, value in zip(shares, values, strict=True):
        total += np.float32(share) * value
    return total


def share_of_positions(values: Values, shares: Sequence[float]) -> NDArray[np.float32]:
    """Return some columns of each matrix, evenly spaced, as many as its share allows."""
    counted = [pair for pair in zip(values, shares, strict=True) if pair[1] > 0]
    most = min(value.shape[1] / share for value, share in counted)
    chosen = []
    for value, share in counted:
        count = max(1, int(most * share))
        chosen.append(value[:, np.linspace(0, value.shape[1] - 1, count).round().astype(int)])
    return np.concatenate(chosen, axis=1)
