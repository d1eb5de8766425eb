"""Colours kept: luminance and chrominance against YIQ's matrix, histograms against SciPy's roots.

The images vary around the middle so that nothing is clipped, unless a test says so.
"""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import scipy.linalg
from numpy.typing import NDArray

from texonnx.errors import ImageError
from texonnx.images import (
    Image,
    luminance,
    match_colours,
    match_luminance,
    with_colour_of,
)

# The matrix of the FCC's NTSC standard, its rows Y, I and Q.
YIQ = np.array(
    [[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]]
)


def image(seed: int, height: int = 24, width: int = 31, around: float = 0.5) -> Image:
    """Return noise of several strengths along three directions askew to the channels."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(3, 3))).Q * [0.08, 0.04, 0.02]
    noise = np.tensordot(directions, rng.normal(size=(3, height, width)), 1)
    return (around + noise)[np.newaxis].astype(np.float32)


def flat(*colour: float) -> Image:
    pixels = np.array(colour, np.float32).reshape(1, 3, 1, 1)
    return np.tile(pixels, (1, 1, 8, 9))


def yiq(image: Image) -> NDArray[np.float64]:
    return np.asarray(np.tensordot(YIQ, image[0].astype(np.float64), 1))


def colours(image: Image) -> NDArray[np.float64]:
    return np.asarray(image[0].reshape(3, -1), np.float64)


# Luminance


def test_luminance_is_that_of_pillow_to_a_level() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    grey = luminance((levels.transpose(2, 0, 1)[np.newaxis] / 255).astype(np.float32))
    pillow = np.asarray(PIL.Image.fromarray(levels).convert("L"), np.float32) / 255
    assert grey.shape == (1, 3, 20, 30)
    assert grey.dtype == np.float32
    assert np.abs(grey - pillow).max() < 1 / 255


@pytest.mark.parametrize(
    ("colour", "expected"), [((1, 0, 0), 0.299), ((0, 1, 0), 0.587), ((0, 0, 1), 0.114)]
)
def test_the_luminance_of_a_primary_is_its_weight(
    colour: tuple[int, int, int], expected: float
) -> None:
    np.testing.assert_allclose(luminance(flat(*colour)), expected, atol=1e-7)


def test_the_luminance_of_grey_is_itself_and_never_above_white() -> None:
    for level in (0.0, 0.25, 1.0):
        np.testing.assert_allclose(luminance(flat(level, level, level)), level, atol=1e-6)
    assert luminance(flat(1, 1, 1)).max() <= 1


def test_a_matched_luminance_has_the_contents_mean_and_deviation() -> None:
    style, content = image(1, around=0.4), image(2, 40, 20, around=0.6)
    matched = match_luminance(style, content)
    assert matched.shape == style.shape
    assert matched.dtype == np.float32
    wanted = yiq(content)[0]
    for channel in matched[0]:
        assert channel.mean(dtype=np.float64) == pytest.approx(wanted.mean(), abs=1e-6)
        assert channel.std(dtype=np.float64) == pytest.approx(wanted.std(), abs=1e-6)


def test_a_matched_luminance_follows_the_styles() -> None:
    style = image(1)
    matched = match_luminance(style, image(2))[0, 0]
    assert np.corrcoef(matched.ravel(), yiq(style)[0].ravel())[0, 1] == pytest.approx(1, abs=1e-6)


def test_a_luminance_matched_to_itself_is_itself() -> None:
    np.testing.assert_allclose(match_luminance(image(1), image(1)), luminance(image(1)), atol=1e-6)


def test_a_flat_style_takes_the_contents_mean_luminance() -> None:
    content = image(2)
    matched = match_luminance(flat(0.3, 0.1, 0.9), content)
    np.testing.assert_allclose(matched, yiq(content)[0].mean(), atol=1e-6)


def test_a_flat_content_leaves_no_contrast() -> None:
    matched = match_luminance(image(1), flat(0.5, 0.5, 0.5))
    np.testing.assert_allclose(matched, 0.5, atol=1e-6)


def test_matched_luminance_beyond_black_and_white_is_clipped() -> None:
    style = np.full((1, 3, 10, 10), 0.5, np.float32)
    style[..., 0, 0] = 1
    content = np.zeros((1, 3, 10, 10), np.float32)
    content[..., :5, :] = 1
    # One pixel of 100 is 0.5 above the rest: its mean 0.505, its deviation 0.04975. The content's
    # deviation is 0.5, so that pixel goes to 0.5 + 0.495 * 10.05, far above 1.
    matched = match_luminance(style, content)
    assert matched.max() == 1
    assert matched[0, 0, 1, 1] == pytest.approx(0.5 - 0.005 * 0.5 / 0.0497494, abs=1e-4)


# The content's chrominance


def test_luminance_is_of_the_one_and_chrominance_of_the_other() -> None:
    one, other = image(1, around=0.45), image(2, around=0.55)
    joined = with_colour_of(one, other)
    assert joined.dtype == np.float32
    np.testing.assert_allclose(yiq(joined)[0], yiq(one)[0], atol=1e-6)
    np.testing.assert_allclose(yiq(joined)[1:], yiq(other)[1:], atol=1e-6)


def test_an_image_with_its_own_colour_is_itself() -> None:
    np.testing.assert_allclose(with_colour_of(image(1), image(1)), image(1), atol=1e-6)


def test_colours_that_cannot_be_that_light_are_clipped() -> None:
    joined = with_colour_of(flat(1, 1, 1), flat(1, 0, 0))
    # Red has 0.299 of luminance: 0.701 more in each channel.
    np.testing.assert_allclose(joined, flat(1, 0.701, 0.701), atol=1e-6)


def test_sizes_that_differ_are_refused() -> None:
    with pytest.raises(ImageError, match="31x24 and 20x40"):
        with_colour_of(image(1), image(2, 40, 20))


# Histograms


def test_matched_colours_have_the_contents_mean_and_covariance() -> None:
    style, content = image(1, around=0.4), image(2, 40, 20, around=0.6)
    matched = match_colours(style, content)
    assert matched.shape == style.shape
    assert matched.dtype == np.float32
    wanted, got = colours(content), colours(matched)
    np.testing.assert_allclose(got.mean(axis=1), wanted.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(np.cov(got, bias=True), np.cov(wanted, bias=True), atol=1e-6)


def test_colours_are_mapped_by_the_symmetric_square_roots() -> None:
    style, content = image(1), image(2)
    pixels, wanted = colours(style), colours(content)
    roots = [scipy.linalg.sqrtm(np.cov(one, bias=True)) for one in (wanted, pixels)]
    matrix = roots[0] @ scipy.linalg.inv(roots[1])
    expected = matrix @ (pixels - pixels.mean(axis=1, keepdims=True))
    expected += wanted.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(colours(match_colours(style, content)), expected, atol=1e-5)


def test_colours_matched_to_themselves_stay() -> None:
    np.testing.assert_allclose(match_colours(image(1), image(1)), image(1), atol=1e-5)


def test_a_flat_style_takes_the_contents_mean_colour() -> None:
    content = image(2)
    matched = match_colours(flat(0.3, 0.1, 0.9), content)
    expected = np.broadcast_to(colours(content).mean(axis=1)[:, np.newaxis], (3, 72))
    np.testing.assert_allclose(colours(matched), expected, atol=1e-5)


def test_a_flat_content_leaves_one_colour() -> None:
    np.testing.assert_allclose(
        match_colours(image(1, 8, 9), flat(0.2, 0.4, 0.6)), flat(0.2, 0.4, 0.6), atol=1e-5
    )


def test_a_style_in_grey_keeps_to_one_line_of_colours() -> None:
    grey = luminance(image(1))
    matched = colours(match_colours(grey, image(2)))
    deviations = np.linalg.svd(matched - matched.mean(axis=1, keepdims=True), compute_uv=False)
    assert deviations[1] < 1e-4 * deviations[0]


def test_noise_below_a_level_is_not_stretched_beyond_its_share() -> None:
    content = image(2)
    noise = np.random.default_rng(3).normal(0, 1e-4, (1, 3, 64, 64))
    matched = colours(match_colours((0.5 + noise).astype(np.float32), content))
    # 1e-4 is 0.0255 of a level, which is taken to be the content's whole deviation.
    ratio = np.sqrt(np.trace(np.cov(matched)) / np.trace(np.cov(colours(content), bias=True)))
    assert ratio == pytest.approx(0.0255, rel=0.05)


def test_a_single_pixel_takes_the_mean_colour() -> None:
    pixel = flat(0.9, 0.1, 0.5)[:, :, :1, :1]
    matched = match_colours(pixel, image(2))
    np.testing.assert_allclose(colours(matched)[:, 0], colours(image(2)).mean(axis=1), atol=1e-5)
