"""Random-phase noise: what it takes over from its spot, by sums over the pixels in float64."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.optim.spot_noise import spot_noise

RNG = np.random.default_rng(0)
MIXING = np.array([[0.5, 0.1, 0.0], [0.3, 0.3, 0.1], [0.0, 0.2, 0.4]])


def spot_of(height: int, width: int) -> Image:
    """Coloured blobs: neighbours alike, channels related."""
    white = RNG.standard_normal((3, height + 2, width + 3))
    blobs = sum(
        white[:, i : i + height, j : j + width] for i, j in ((0, 0), (0, 3), (2, 1), (1, 2), (1, 1))
    )
    return (0.5 + np.tensordot(MIXING, blobs, axes=1) / 10)[None].astype(np.float32)


def noise_of(spot: Image, size: tuple[int, int], seed: int = 0) -> Image:
    return spot_noise(spot, np.random.default_rng(seed).standard_normal(size, dtype=np.float32))


def centred(image: Image) -> NDArray[np.float64]:
    """Return [3, H, W], without its mean."""
    double: NDArray[np.float64] = image[0].astype(np.float64)
    return double - double.mean(axis=(1, 2), keepdims=True)


def second_moments(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.einsum("ahw,bhw->ab", image, image) / image[0].size


ODD_AND_EVEN = [(16, 16), (15, 16), (16, 15), (13, 17), (1, 9), (9, 1)]


@pytest.mark.parametrize("size", ODD_AND_EVEN, ids=str)
def test_in_the_size_of_the_spot_the_power_spectrum_is_the_spots(size: tuple[int, int]) -> None:
    spot = spot_of(*size)
    ours, theirs = (np.fft.fft2(each) for each in (noise_of(spot, size)[0], centred(spot)))
    # Also between channels: one phase for all three.
    for a in range(3):
        for b in range(3):
            expected = theirs[a] * theirs[b].conj()
            np.testing.assert_allclose(
                ours[a] * ours[b].conj(), expected, atol=1e-5 * np.abs(theirs).max() ** 2
            )


@pytest.mark.parametrize("size", [(16, 20), (33, 20), (16, 41), (47, 61)], ids=str)
def test_the_mean_is_0_and_the_colour_covariance_the_spots(size: tuple[int, int]) -> None:
    # By Parseval's theorem exactly so, in every larger size as well: the phases leave the power
    # alone, and the factor makes up for the empty part of the canvas.
    spot = spot_of(16, 20)
    noise = noise_of(spot, size)
    deviation = float(centred(spot).std())
    np.testing.assert_allclose(noise[0].mean(axis=(1, 2)), 0, atol=1e-5 * deviation)
    np.testing.assert_allclose(
        second_moments(noise[0].astype(np.float64)),
        second_moments(centred(spot)),
        atol=1e-5 * deviation**2,
    )


@pytest.mark.parametrize("lag", [(0, 1), (1, 0), (2, 3), (5, 1)], ids=str)
def test_in_a_larger_size_the_autocovariance_is_the_spots(lag: tuple[int, int]) -> None:
    # The products of all pairs of pixels of the spot, over the number of its pixels; the noise
    # goes on at its other side.
    spot = spot_of(16, 20)
    noise = noise_of(spot, (37, 44))[0].astype(np.float64)
    dy, dx = lag
    c = centred(spot)
    expected = np.einsum("ahw,bhw->ab", c[:, dy:, dx:], c[:, : 16 - dy, : 20 - dx]) / (16 * 20)
    shifted = np.roll(noise, lag, axis=(1, 2))
    found = np.einsum("ahw,bhw->ab", noise, shifted) / noise[0].size
    np.testing.assert_allclose(found, expected, atol=1e-5 * float(c.var()))


@pytest.mark.parametrize("size", [(9, 12), (16, 7), (5, 20), (5, 31)], ids=str)
def test_in_a_smaller_size_the_noise_varies_as_the_part_of_the_spot_that_it_sees(
    size: tuple[int, int],
) -> None:
    spot = spot_of(16, 20)
    noise = noise_of(spot, size)
    seen = centred(spot)[:, : size[0], : size[1]]
    seen = seen - seen.mean(axis=(1, 2), keepdims=True)
    found = centred(noise)
    np.testing.assert_allclose(
        second_moments(found), second_moments(seen), atol=1e-5 * float(seen.var())
    )


@pytest.mark.parametrize("size", [(9, 12), (5, 31)], ids=str)
def test_the_mean_is_0_where_part_of_the_spot_is_seen(size: tuple[int, int]) -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 20, dtype=np.float32), (1, 3, 16, 20))
    noise = noise_of(ramp, size)
    np.testing.assert_allclose(noise[0].mean(axis=(1, 2)), 0, atol=1e-5)


def test_nothing_else_is_the_spots() -> None:
    """Random phases leave no more likeness than chance: about one over the root of the pixels."""
    spot = spot_of(64, 64)
    first, second = (centred(noise_of(spot, (64, 64), seed)).ravel() for seed in (1, 2))
    for a, b in ((first, centred(spot).ravel()), (first, second)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.2


@pytest.mark.parametrize("size", [(16, 20), (33, 41), (7, 9)], ids=str)
def test_the_same_seed_gives_the_same_noise_and_another_seed_another(size: tuple[int, int]) -> None:
    spot = spot_of(16, 20)
    first, again, other = (noise_of(spot, size, seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("size", [*ODD_AND_EVEN, (40, 50), (1, 1)], ids=str)
def test_the_noise_has_the_size_asked_for_in_float32(size: tuple[int, int]) -> None:
    noise = noise_of(spot_of(12, 14), size)
    assert noise.shape == (1, 3, *size)
    assert noise.dtype == np.float32
    assert np.isfinite(noise).all()


@pytest.mark.parametrize("size", [(12, 14), (25, 31), (5, 6)], ids=str)
def test_a_flat_spot_makes_no_noise(size: tuple[int, int]) -> None:
    spot = np.full((1, 3, 12, 14), 0.3, np.float32)
    np.testing.assert_allclose(noise_of(spot, size), 0, atol=1e-6)


def test_the_spot_is_left_alone() -> None:
    spot = spot_of(12, 14)
    before = spot.copy()
    noise_of(spot, (20, 20))
    assert np.array_equal(spot, before)
