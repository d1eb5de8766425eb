"""Gradients against central differences, along directions with a slope that float32 can resolve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from texonnx.verification.comparison import relative

DIRECTIONS = 4

STEP = 3e-4
"""Length of a step, in that of the point.

Measured at 64x64, as the error of the slope: with ten times as much, the kinks of ReLU make it up
to 4e-3 for an image, and more for discriminators; with a tenth, rounding of the loss makes it up
to 3e-3.
"""

Vector = NDArray[np.float64]


def slope_error(
    loss_at: Callable[[NDArray[np.float32]], float],
    point: NDArray[np.float32],
    gradient: NDArray[np.float32],
    seed: int,
) -> float:
    """Return the relative error of a gradient's slopes along random directions.

    A direction is the gradient at half of all places, chosen at random, plus noise of the same
    length. Along noise alone, a function of so many numbers is nearly level, and its slope
    drowns in rounding.

    Parameters
    ----------
    loss_at
        The function.
    point, gradient
        Where, and what is to be tested, of one shape.
    seed
        Of the directions.
    """
    generator = np.random.default_rng(seed)
    exact = gradient.astype(np.float64)
    slopes, differences = [], []
    for _ in range(DIRECTIONS):
        step = _direction(exact, generator) * STEP * np.linalg.norm(point)
        ahead, behind = ((point + sign * step).astype(np.float32) for sign in (1, -1))
        differences.append(loss_at(ahead) - loss_at(behind))
        # The step as rounded, not as wanted.
        slopes.append(np.vdot(exact, ahead.astype(np.float64) - behind.astype(np.float64)))
    return relative(slopes, differences)


def _direction(gradient: Vector, generator: np.random.Generator) -> Vector:
    """Return a unit vector."""
    halved = gradient * generator.integers(0, 2, gradient.shape)
    direction = _unit(halved) + _unit(generator.standard_normal(gradient.shape))
    return _unit(direction)


def _unit(vector: Vector) -> Vector:
    return vector / (float(np.linalg.norm(vector)) or 1.0)
