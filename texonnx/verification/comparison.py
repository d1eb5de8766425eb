"""Relative errors, of slopes too, and the tolerances they are held to.

The tolerances follow from what was measured with the pretrained VGG-16, all 13 layers, images of
64x64 pixels and every loss; each says what.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FINITE_DIFFERENCES = 5e-3
"""Of the image's gradient. Measured: 5e-5 to 1e-3."""

DISCRIMINATORS = 3e-2
"""Of the discriminators' gradient. Measured: 1e-3 to 8e-3, the more the smaller the images are.
Their penalty is on slopes, which jump at the kinks of LeakyReLU: differences see the jumps, and a
gradient does not."""

EXEMPLAR = 1e-5
"""Loss of the exemplar against its own statistics, in that of noise. Measured: 0."""

SUM = 1e-5
"""The loss against its parts added up. Measured: 4e-8."""

UNIT = 1e-5
"""Lengths of the random directions against 1. Measured: 1e-7."""

ADAM = 1e-4
"""A step against the same in NumPy with the objective's gradient. Measured: 8e-6, float32's
rounding of an image that moves by 0.02."""

LBFGS = 1e-2
"""What a few evaluations of L-BFGS change, against the same in NumPy. Measured: 1e-6 (gram)."""

PROVIDERS = {"loss": 1e-4, "gradient": 5e-3}
"""Measured, OpenVINO against the CPU: 2e-7 and 3e-5. A ReLU near 0 passes its gradient or not as
rounding has it, so that other ways to convolve differ by more; bfloat16 is at 0.1."""

GRAPHS = 1e-3
"""Outputs of the other graphs. Measured, OpenVINO against the CPU: 5e-6."""

_DIRECTIONS = 4
_STEP = 3e-4
"""Length of a step of the central differences, in that of the point.

Measured at 64x64, as the error of the slope: with ten times as much, the kinks of ReLU make it up
to 4e-3 for an image, and more for discriminators; with a tenth, rounding of the loss makes it up
to 3e-3.
"""


def relative(found: ArrayLike, expected: ArrayLike) -> float:
    """Return the L2 norm of the difference, in that of `expected`.

    Infinite where a number is not finite or the shapes differ; where all of `expected` is 0, the
    norm of `found`.

    Examples
    --------
    >>> round(relative([3.0, 4.1], [3.0, 4.0]), 6)
    0.02
    """
    one, other = (np.asarray(values, np.float64) for values in (found, expected))
    if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
        return math.inf
    return float(np.linalg.norm(one - other)) / (float(np.linalg.norm(other)) or 1.0)


def worst(found: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]) -> float:
    """Return the largest relative error of several values by name."""
    return max((relative(found[name], expected[name]) for name in expected), default=0.0)


def slope_error(
    loss_at: Callable[[NDArray[np.float32]], float],
    point: NDArray[np.float32],
    gradient: NDArray[np.float32],
    seed: int,
) -> float:
    """Return the relative error of a gradient's slopes, against central differences.

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
    for _ in range(_DIRECTIONS):
        step = _direction(exact, generator) * _STEP * np.linalg.norm(point)
        ahead, behind = ((point + sign * step).astype(np.float32) for sign in (1, -1))
        differences.append(loss_at(ahead) - loss_at(behind))
        # The step as rounded, not as wanted.
        slopes.append(np.vdot(exact, ahead.astype(np.float64) - behind.astype(np.float64)))
    return relative(slopes, differences)


def _direction(
    gradient: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return a unit vector."""
    halved = gradient * generator.integers(0, 2, gradient.shape)
    direction = _unit(halved) + _unit(generator.standard_normal(gradient.shape))
    return _unit(direction)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / (float(np.linalg.norm(vector)) or 1.0)
