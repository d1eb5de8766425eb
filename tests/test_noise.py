"""Random numbers that every host draws alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from texonnx.noise import PRIME, ROUNDS, SEED_FACTOR, STREAM_FACTOR, standard_normal


def by_hand(count: int, seed: int, stream: int) -> list[float]:
    """Follow the definition in Python's own whole numbers and float64."""

    def uniform(place: int, stream: int) -> float:
        key = (seed * SEED_FACTOR + stream * STREAM_FACTOR) % PRIME
        for factor, shift in ROUNDS:
            place = pow(place + key * factor + shift, 5, PRIME)
        return (place + 0.5) / PRIME

    pairs = (count + 1) // 2
    polar = [
        (math.sqrt(-2 * math.log(uniform(k, 2 * stream))), 2 * math.pi * uniform(k, 2 * stream + 1))
        for k in range(pairs)
    ]
    halves = [[radius * wave(angle) for radius, angle in polar] for wave in (math.cos, math.sin)]
    return [*halves[0], *halves[1]][:count]


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (0, 9), (7, 0), (2**31, 65536), (10**30, 3)])
@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_the_numbers_are_those_of_the_definition(count: int, seed: int, stream: int) -> None:
    found = standard_normal((count,), seed, stream)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_hand(count, seed, stream), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (1, 0), (0, 1), (5, 65536)])
def test_they_are_normally_distributed_and_neighbours_are_not_related(
    seed: int, stream: int
) -> None:
    noise = standard_normal((256, 256), seed, stream)
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    for here, there in (
        (noise[1:], noise[:-1]),
        (noise[:, 1:], noise[:, :-1]),
        (noise[:128], noise[128:]),
    ):
        # One over the root of 65,000 is 0.004.
        assert abs(np.corrcoef(here.ravel(), there.ravel())[0, 1]) < 0.02


def test_their_spectrum_is_white() -> None:
    power = np.abs(np.fft.rfft2(standard_normal((256, 256), 0, 0))[1:, 1:128]) ** 2 / 256**2
    assert stats.kstest(power.ravel(), "expon").pvalue > 1e-3


@pytest.mark.parametrize("other", [(1, 0), (0, 1), (PRIME - 1, 0)])
def test_another_seed_or_stream_gives_unrelated_numbers(other: tuple[int, int]) -> None:
    first, second = standard_normal((65536,), 0, 0), standard_normal((65536,), *other)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02
    # As many as chance gives, of 2³¹ numbers.
    assert len(np.intersect1d(first, second)) < 500


def test_the_shape_only_folds_them() -> None:
    assert np.array_equal(standard_normal((3, 5), 4, 2), standard_normal((15,), 4, 2).reshape(3, 5))
    assert standard_normal((0,), 0, 0).shape == (0,)
