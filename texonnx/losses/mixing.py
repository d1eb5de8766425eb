"""How what is taken from several exemplars becomes one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Values = Sequence[NDArray[np.float32]]

_MOST_ROUNDS = 20
_SETTLED = 1e-4
_LEAST_EIGENVALUE = 1e-7
"""Of the largest: what is less is the rounding of float32."""


def average(values: Values, shares: Sequence[float]) -> NDArray[np.float32]:
    """Return the weighted average: of means a mean, of sorted rows the Wasserstein barycentre."""
    total: NDArray[np.float32] = np.zeros_like(values[0])
    for share, value in zip(shares, values, strict=True):
        total += np.float32(share) * value
    return total


def bures_barycentre(values: Values, shares: Sequence[float]) -> NDArray[np.float32]:
    """Return the Wasserstein barycentre of Gaussians with these second moments, each [N, N].

    The average of second moments is also that of an image that has the one texture here and the
    other there; the barycentre averages amplitudes instead, along the directions that fit best.
    With factors A_i = X_i X_i' it is Z Z' for Z = sum s_i X_i R_i, and the rotations R_i that bring
    X_i R_i nearest to Z. Of two matrices any X_1 for Z gives it at once; of more, the fixed point
    of Alvarez-Esteban, del Barrio, Cuesta-Albertos and Matran, "A fixed-point approach to
    barycenters in Wasserstein space", 2016.
    """
    counted = [(value, share) for value, share in zip(values, shares, strict=True) if share > 0]
    if len(counted) == 1:
        return counted[0][0]
    unequal = [(_factor(value), share) for value, share in counted]
    rank = max(factor.shape[1] for factor, _ in unequal)
    factors = [
        (np.pad(factor, ((0, 0), (0, rank - factor.shape[1]))), share) for factor, share in unequal
    ]
    together, _ = max(factors, key=lambda pair: pair[1])
    for _ in range(1 if len(factors) == 2 else _MOST_ROUNDS):
        before = together
        together = np.sum(
            [share * _rotated_towards(before, factor) for factor, share in factors], axis=0
        )
        if np.linalg.norm(together - before) <= _SETTLED * np.linalg.norm(together):
            break
    return np.asarray(together @ together.T, np.float32)


def share_of_positions(values: Values, shares: Sequence[float]) -> NDArray[np.float32]:
    """Return some columns of each matrix, evenly spaced, as many as its share allows."""
    counted = [pair for pair in zip(values, shares, strict=True) if pair[1] > 0]
    most = min(value.shape[1] / share for value, share in counted)
    chosen = []
    for value, share in counted:
        count = max(1, int(most * share))
        chosen.append(value[:, np.linspace(0, value.shape[1] - 1, count).round().astype(int)])
    return np.concatenate(chosen, axis=1)


def _factor(moments: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return X [N, rank] with X X' = `moments`, which are symmetric and not negative."""
    values, vectors = linalg.eigh(moments.astype(np.float64))
    kept = values >= _LEAST_EIGENVALUE * values[-1]
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept].clip(0)))


def _rotated_towards(aim: NDArray[np.float64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the nearest to `aim` of all products of `factor` with a rotation (Procrustes)."""
    left, _, right = linalg.svd(factor.T @ aim)
    return np.asarray(factor @ (left @ right))
