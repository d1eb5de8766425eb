"""The sliced Wasserstein distance against SciPy's on a line, and against known shifts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from texonnx.scoring.sliced_wasserstein import (
    MAX_PATCHES,
    quantiles,
    random_directions,
    sample_patches,
    wasserstein,
)

generator = np.random.default_rng(0)


def points(count: int) -> np.ndarray:
    return generator.standard_normal((count, 147)).astype(np.float32)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 75), (7, 64), (1, 9)])
def test_the_distance_on_a_line_is_that_of_scipy(n: int, m: int) -> None:
    first, second = generator.normal(size=(4, n)), generator.normal(1, 2, size=(4, m))
    expected = [scipy.stats.wasserstein_distance(a, b) for a, b in zip(first, second, strict=True)]
    found = wasserstein(np.sort(first).astype(np.float32), np.sort(second).astype(np.float32))
    assert found == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_shift_is_as_far_as_its_projections_are_long() -> None:
    directions = random_directions(64, 0)
    patches = points(500)
    shift = generator.uniform(-1, 1, 147).astype(np.float32)
    found = wasserstein(quantiles(patches, directions), quantiles(patches + shift, directions))
    expected = np.mean([abs(math.fsum(shift * direction)) for direction in directions])
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_order_of_the_patches_plays_no_part() -> None:
    directions = random_directions(16, 0)
    patches = points(200)
    shuffled = generator.permutation(patches)
    found = wasserstein(quantiles(patches, directions), quantiles(shuffled, directions))
    assert found == pytest.approx(0, abs=1e-6)


def test_directions_are_of_length_1_and_a_quarter_each_sees_1_3_5_and_7_pixels_square() -> None:
    directions = random_directions(400, 0)
    np.testing.assert_allclose((directions**2).sum(axis=1), 1, rtol=1e-5)
    assert [np.count_nonzero(one) for one in directions] == [3, 27, 75, 147] * 100


@pytest.mark.parametrize(("first", "pixels"), [(0, 1), (1, 9), (2, 25), (3, 49)])
def test_directions_point_everywhere_in_what_they_see(first: int, pixels: int) -> None:
    directions = random_directions(16000, 0)[first::4]
    seen = directions[:, directions.any(axis=0)]
    # Of uniform directions, d d' averages to the identity over the dimension.
    covariance = seen.T @ seen / len(seen) * 3 * pixels
    np.testing.assert_allclose(covariance, np.eye(3 * pixels), atol=0.12)


def test_the_patches_of_a_small_image_are_all_of_them() -> None:
    image = generator.uniform(0, 1, (3, 9, 8)).astype(np.float32)
    patches = sample_patches(image, 0)
    expected = [image[:, y : y + 7, x : x + 7].ravel() for y in range(3) for x in range(2)]
    np.testing.assert_array_equal(patches, expected)


def test_the_patches_of_a_large_image_are_a_sample_without_repetition() -> None:
    # Every pixel has a value of its own, so a patch is known by its first.
    image = np.arange(3 * 200 * 200, dtype=np.float32).reshape(3, 200, 200)
    first = sample_patches(image, 0)[:, 0]
    assert len(set(first)) == len(first) == MAX_PATCHES
    assert set(first) != set(sample_patches(image, 1)[:, 0])


def test_the_same_seed_samples_the_same_patches() -> None:
    image = generator.uniform(0, 1, (3, 150, 150)).astype(np.float32)
    np.testing.assert_array_equal(sample_patches(image, 3), sample_patches(image, 3))
