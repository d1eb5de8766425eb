"""Where a run starts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from texonnx.images import Image, resize
from texonnx.optim.initial import blended, initial_image, with_detail
from texonnx.options import INITS
from texonnx.sizes import Size

COLOUR = np.array([0.2, 0.5, 0.8], np.float32).reshape(1, 3, 1, 1)
EXEMPLAR = np.broadcast_to(COLOUR, (1, 3, 10, 12)).copy()


@pytest.mark.parametrize("init", INITS)
def test_the_image_has_the_size_asked_for_in_float32(init: str) -> None:
    image = initial_image(init, EXEMPLAR, (30, 50), 0)
    assert image.shape == (1, 3, 30, 50)
    assert image.dtype == np.float32


@pytest.mark.parametrize("init", INITS)
def test_the_same_seed_gives_the_same_image_and_another_seed_another(init: str) -> None:
    first, again, other = (initial_image(init, EXEMPLAR, (20, 20), seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_the_image_lies_in_0_to_1_at_the_limits_too(init: str, level: float) -> None:
    image = initial_image(init, np.full((1, 3, 8, 8), level, np.float32), (64, 64), 0)
    assert image.min() >= 0
    assert image.max() <= 1


@pytest.mark.parametrize("init", INITS)
def test_the_mean_colour_is_the_exemplars(init: str) -> None:
    image = initial_image(init, EXEMPLAR, (64, 64), 0)
    # The mean of 4096 draws strays by a 64th of their deviation; four times that.
    deviation = float(image.std(axis=(2, 3)).max())
    np.testing.assert_allclose(
        image.mean(axis=(2, 3), keepdims=True), COLOUR, atol=4 * deviation / 64 + 1e-6
    )


def test_mean_is_much_flatter_than_noise() -> None:
    noise = initial_image("noise", EXEMPLAR, (64, 64), 0)
    mean = initial_image("mean", EXEMPLAR, (64, 64), 0)
    assert mean.std(axis=(2, 3)).max() < 0.5 * noise.std(axis=(2, 3)).min()
    assert mean.std() > 0


# The spectrum


def textured(height: int, width: int, seed: int = 0, contrast: float = 0.05) -> Image:
    """Pixels one by one at random around a colour, channels related, far from 0 and 1."""
    white = np.random.default_rng(seed).uniform(-1, 1, (3, height, width))
    mixing = np.array([[1.0, 0.0, 0.0], [0.8, 0.3, 0.0], [-0.5, 0.2, 0.4]])
    deviations = contrast * np.tensordot(mixing, white, axes=1)
    return (COLOUR + deviations[None]).astype(np.float32)


def colour_covariance(image: Image) -> NDArray[np.float64]:
    return np.cov(image.astype(np.float64).reshape(3, -1), bias=True)


@pytest.mark.parametrize("size", [(20, 24), (21, 33), (50, 47)], ids=str)
def test_spectrum_has_the_mean_and_the_covariance_of_the_exemplars_colours(
    size: tuple[int, int],
) -> None:
    # Exactly so: random phases leave the power of every frequency as it is (Parseval).
    exemplar = textured(20, 24)
    image = initial_image("spectrum", exemplar, size, 0)
    np.testing.assert_allclose(image.mean(axis=(2, 3)), exemplar.mean(axis=(2, 3)), atol=1e-5)
    expected = colour_covariance(exemplar)
    np.testing.assert_allclose(
        colour_covariance(image), expected, atol=1e-4 * np.abs(expected).max()
    )


def test_spectrum_keeps_what_is_coarse_coarse() -> None:
    # A ramp of one wave: between neighbours it changes little, and so does its noise.
    wave = 0.1 * np.sin(2 * np.pi * np.arange(32) / 32)
    exemplar = np.broadcast_to(0.5 + wave, (1, 3, 32, 32)).astype(np.float32)
    image = initial_image("spectrum", exemplar, (32, 32), 0)
    changes = np.diff(image.astype(np.float64), axis=3).std()
    assert changes < 0.25 * image.std()
    assert np.diff(image, axis=2).std() < 1e-4


# Detail


def detail_of(exemplar: Image, size: Size, coarser: Size, seed: int = 0) -> NDArray[np.float64]:
    """What is added to a grey image of `size`."""
    image = np.full((1, 3, *size), 0.5, np.float32)
    return with_detail(image, exemplar, coarser, seed).astype(np.float64) - image


@pytest.mark.parametrize("size", [(16, 20), (24, 31)], ids=str)
def test_a_flat_exemplar_has_no_detail(size: Size) -> None:
    exemplar = np.broadcast_to(COLOUR, (1, 3, 16, 20)).astype(np.float32)
    np.testing.assert_allclose(detail_of(exemplar, size, (8, 10)), 0, atol=1e-6)


def test_an_exemplar_that_is_coarse_already_has_hardly_any_detail() -> None:
    wave = 0.2 * np.sin(2 * np.pi * (np.arange(64) + 0.5) / 32)
    exemplar = np.broadcast_to(0.5 + wave, (1, 3, 64, 64)).astype(np.float32)
    assert detail_of(exemplar, (64, 64), (32, 32)).std() < 0.05 * exemplar.std()


def test_a_pattern_that_the_coarser_scale_cannot_have_comes_back_in_its_strength() -> None:
    # Every other column brighter: halved, nothing is left of it.
    stripes = np.where(np.arange(32) % 2, 0.1, -0.1)
    exemplar = np.broadcast_to(0.5 + stripes, (1, 3, 32, 32)).astype(np.float32)
    found = detail_of(exemplar, (32, 32), (16, 16))
    assert found.std() == pytest.approx(0.1, rel=0.1)


def test_detail_is_no_coarser_than_the_coarser_scale_could_have() -> None:
    # White noise has its power everywhere alike: a sixteenth of it within an eighth of a cycle per
    # pixel, half of what the coarser scale can show. Of the detail hardly any is there.
    exemplar = textured(64, 64)
    power = np.abs(np.fft.fft2(detail_of(exemplar, (64, 64), (32, 32)))) ** 2
    frequency = np.abs(np.fft.fftfreq(64))
    coarse = np.maximum(frequency[:, None], frequency[None]) <= 1 / 8
    assert power[..., coarse].sum() < 0.01 * power.sum()


def test_detail_is_added_to_the_image_whatever_that_is() -> None:
    exemplar, image = textured(32, 32), textured(40, 44, seed=3)
    added = with_detail(image, exemplar, (16, 16), 5) - image
    np.testing.assert_allclose(added, detail_of(exemplar, (40, 44), (16, 16), 5), atol=1e-6)


def test_detail_is_seeded_and_another_at_every_size() -> None:
    exemplar = textured(32, 32)
    first, again, other = (detail_of(exemplar, (32, 32), (16, 16), seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    assert not np.allclose(detail_of(exemplar, (33, 32), (16, 16), 1)[:, :, :32], first)


def test_adding_detail_leaves_its_arguments_alone() -> None:
    exemplar, image = textured(16, 16), textured(20, 20)
    before = exemplar.copy(), image.copy()
    with_detail(image, exemplar, (8, 8), 0)
    assert np.array_equal(exemplar, before[0])
    assert np.array_equal(image, before[1])


# Detail of several


def test_what_stands_alone_is_not_touched() -> None:
    image = textured(24, 28)
    assert blended([(image, 1.0)], Size(12, 14)) is image


def test_averaged_details_keep_the_contrast_that_theirs_have_in_the_mean() -> None:
    first, second = textured(64, 64, seed=1, contrast=0.1), textured(64, 64, seed=2, contrast=0.04)
    coarser = Size(32, 32)
    found = blended([(first, 0.25), (second, 0.75)], coarser)

    def detail(image: Image) -> Image:
        return image - resize(resize(image, *coarser), 64, 64)

    wanted = 0.25 * detail(first).std(axis=(2, 3)) + 0.75 * detail(second).std(axis=(2, 3))
    assert (detail(0.25 * first + 0.75 * second).std(axis=(2, 3)) < 0.85 * wanted).all()
    np.testing.assert_allclose(detail(found).std(axis=(2, 3)), wanted, rtol=0.1)
    np.testing.assert_allclose(
        resize(found, *coarser), resize(0.25 * first + 0.75 * second, *coarser), atol=0.02
    )


def test_where_there_is_no_detail_none_is_made() -> None:
    np.testing.assert_allclose(
        blended([(EXEMPLAR, 0.5), (EXEMPLAR + 0.1, 0.5)], Size(5, 6)), EXEMPLAR + 0.05, atol=1e-4
    )
