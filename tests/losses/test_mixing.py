"""How the statistics of several exemplars become one: against formulas written otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from texonnx.losses.mixing import bures_barycentre

RNG = np.random.default_rng(3)


def moments(size: int, positions: int) -> NDArray[np.float32]:
    """Return second moments of features, of full rank where there are positions enough."""
    features = RNG.random((size, positions))
    return np.asarray(features @ features.T / positions, np.float32)


@pytest.mark.parametrize("share", [0.5, 0.2, 0.9])
def test_of_two_it_is_the_point_on_the_geodesic(share: float) -> None:
    """Of Gaussians' optimal transport, as in Takatsu 2011: by matrix square roots."""
    first, second = moments(7, 50), moments(7, 40)
    product = np.real(sqrtm(first.astype(float) @ second.astype(float)))
    expected = (
        share**2 * first + (1 - share) ** 2 * second + share * (1 - share) * (product + product.T)
    )
    found = bures_barycentre([first, second], [share, 1 - share])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_of_three_it_is_the_fixed_point() -> None:
    """C = sum s_i (C^1/2 A_i C^1/2)^1/2: Agueh and Carlier 2011, eq. 6.2."""
    several, shares = [moments(5, 30) for _ in range(3)], [0.5, 0.3, 0.2]
    found = bures_barycentre(several, shares).astype(float)
    root = np.real(sqrtm(found))
    expected = sum(
        share * np.real(sqrtm(root @ one @ root))
        for one, share in zip(several, shares, strict=True)
    )
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-5)


def test_of_numbers_it_averages_amplitudes() -> None:
    found = bures_barycentre([np.array([[value]], np.float32) for value in (4, 16)], [0.5, 0.5])
    np.testing.assert_allclose(found, [[9]], rtol=1e-6)  # (2 / 2 + 4 / 2)^2


def test_it_is_less_than_the_average_which_is_that_of_a_patchwork() -> None:
    """The average is met by the one texture here and the other there, the barycentre is not."""
    first, second = moments(6, 60), 5 * moments(6, 60)
    found = bures_barycentre([first, second], [0.5, 0.5])
    difference = (first + second) / 2 - found
    assert np.linalg.eigvalsh(difference).min() > -1e-5
    assert np.trace(found) < 0.9 * np.trace((first + second) / 2)


def test_fewer_positions_than_channels_will_do() -> None:
    first, second = moments(20, 4), moments(20, 6)
    found = bures_barycentre([first, second], [0.4, 0.6])
    assert np.linalg.matrix_rank(found, tol=1e-4) <= 6
    np.testing.assert_array_equal(found, found.T)
    assert np.linalg.eigvalsh(found).min() > -1e-5


def test_one_that_counts_alone_stays_bit_for_bit() -> None:
    first, second = moments(4, 9), moments(4, 9)
    assert bures_barycentre([first, second], [0.0, 1.0]) is second


def test_of_what_is_nothing_it_is_nothing() -> None:
    nothing = np.zeros((3, 3), np.float32)
    np.testing.assert_array_equal(bures_barycentre([nothing, nothing], [0.5, 0.5]), nothing)
    some = moments(3, 9)
    np.testing.assert_allclose(
        bures_barycentre([nothing, some], [0.5, 0.5]), some / 4, rtol=1e-5, atol=1e-7
    )
