"""The power spectrum of images whose spectrum is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from texonnx.scoring.spectrum import RINGS, log_power, spectrum_difference


def noise(height: int, width: int, deviation: float = 0.1) -> np.ndarray:
    normal = np.random.default_rng(height).standard_normal((3, height, width))
    return (0.5 + deviation * normal).astype(np.float32)


@pytest.mark.parametrize("size", [(256, 256), (96, 200)])
def test_white_noise_has_its_variance_in_every_ring_whatever_its_size(
    size: tuple[int, int],
) -> None:
    # The innermost rings hold few frequencies, so their means are uncertain.
    power = log_power(noise(*size)).mean(axis=0)[4:]
    np.testing.assert_allclose(power, math.log(0.01), atol=0.3)


def test_a_grating_has_its_power_in_the_ring_of_its_frequency() -> None:
    frequency = 0.2
    grating = 0.5 + 0.3 * np.cos(2 * np.pi * frequency * np.arange(128))
    power = log_power(np.broadcast_to(grating, (3, 128, 128)).astype(np.float32))
    assert set(power.argmax(axis=1)) == {int(frequency / (0.5 / RINGS))}


def test_half_the_contrast_is_a_quarter_of_the_power() -> None:
    image = noise(64, 64)
    faded = 0.5 + (image - 0.5) / 2
    found = spectrum_difference(log_power(image), log_power(faded))
    assert found == pytest.approx(math.log(4), rel=1e-2)


def test_brightness_plays_no_part() -> None:
    image = noise(64, 64)
    found = spectrum_difference(log_power(image), log_power(image - np.float32(0.2)))
    assert found == pytest.approx(0, abs=1e-4)


def test_a_flat_image_has_the_power_of_rounding_to_8_bits() -> None:
    # The variance of an error that is uniform over one step.
    expected = math.log((1 / 255) ** 2 / 12)
    flat = np.full((3, 64, 64), 0.4, np.float32)
    np.testing.assert_allclose(log_power(flat), expected, atol=1e-3)


def test_rings_that_a_small_image_lacks_are_left_out() -> None:
    small, large = log_power(noise(32, 32)), log_power(noise(256, 256))
    assert np.isnan(small).any()
    assert 0 < spectrum_difference(small, large) < 0.7
