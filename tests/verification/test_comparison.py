"""Slopes against central differences, of functions whose gradient is known."""

from __future__ import annotations

import numpy as np
import pytest

from texonnx.verification.comparison import slope_error

POINT = np.random.default_rng(0).random((1, 3, 16, 16), np.float32)


def cube_sum(image: np.ndarray) -> float:
    return float((image.astype(np.float64) ** 3).sum())


def test_a_gradient_that_is_right_has_no_error() -> None:
    assert slope_error(cube_sum, POINT, 3 * POINT**2, 0) < 1e-5


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_a_gradient_that_is_too_long_is_found(factor: float) -> None:
    error = slope_error(cube_sum, POINT, np.float32(factor * 3) * POINT**2, 0)
    assert error == pytest.approx(0.02, rel=0.05)


def test_a_gradient_that_is_wrong_at_a_few_places_is_found() -> None:
    gradient = 3 * POINT**2
    gradient[..., 0] = 0  # a border of one pixel
    assert slope_error(cube_sum, POINT, gradient, 0) > 5e-3


def test_a_gradient_in_another_place_is_found() -> None:
    assert slope_error(cube_sum, POINT, np.roll(3 * POINT**2, 1, axis=3), 0) > 0.1


def test_no_gradient_where_there_is_a_slope_is_found() -> None:
    assert slope_error(cube_sum, POINT, np.zeros_like(POINT), 0) == 1
