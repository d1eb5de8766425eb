"""The Laplacian pyramid against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from texonnx.scoring.laplacian import double, halve, laplacian_pyramid


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)


@pytest.mark.parametrize("size", [(64, 64), (33, 47), (40, 101)])
def test_the_bands_doubled_and_added_give_the_image_back(size: tuple[int, int]) -> None:
    image = noise(3, *size)
    *bands, collapsed = laplacian_pyramid(image, 4)
    for band in reversed(bands):
        collapsed = band + double(collapsed, *band.shape[1:])
    np.testing.assert_allclose(collapsed, image, atol=1e-6)


def test_sizes_halve_and_odd_ones_round_up() -> None:
    shapes = [level.shape for level in laplacian_pyramid(noise(3, 33, 64), 3)]
    assert shapes == [(3, 33, 64), (3, 17, 32), (3, 9, 16)]


def test_one_level_is_the_image() -> None:
    image = noise(3, 20, 20)
    [level] = laplacian_pyramid(image, 1)
    np.testing.assert_array_equal(level, image)


@pytest.mark.parametrize("size", [(32, 32), (31, 45)])
def test_a_flat_image_has_empty_bands_up_to_the_border(size: tuple[int, int]) -> None:
    *bands, low = laplacian_pyramid(np.full((3, *size), 0.3, np.float32), 3)
    for band in bands:
        np.testing.assert_allclose(band, 0, atol=1e-6)
    np.testing.assert_allclose(low, 0.3, atol=1e-6)


def test_halving_is_a_binomial_blur_at_every_second_pixel_of_a_mirrored_image() -> None:
    image = noise(3, 12, 15)
    weights = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    mirrored = np.pad(image, ((0, 0), (2, 2), (2, 2)), mode="reflect")
    expected = [
        [(mirrored[:, y : y + 5, x : x + 5] * weights).sum(axis=(1, 2)) for x in range(0, 15, 2)]
        for y in range(0, 12, 2)
    ]
    np.testing.assert_allclose(halve(image), np.transpose(expected, (2, 0, 1)), atol=1e-6)


def test_doubling_a_ramp_interpolates_it() -> None:
    ramp = np.broadcast_to(np.arange(10, dtype=np.float32), (3, 10, 10))
    doubled = double(ramp, 20, 20)[:, :, 2:-3]
    np.testing.assert_allclose(doubled, np.broadcast_to(np.arange(2, 17) / 2, (3, 20, 15)))
