"""What a score promises of textures, and of images whose distance is known."""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import scipy.ndimage

from texonnx import Score
from texonnx import score as score_with_structure
from texonnx.errors import ImageError, OptionError
from texonnx.images import Image, load_image, save_image, scale_shorter_side
from texonnx.scoring import Evenness
from texonnx.scoring import score_all as score_all_with_structure

score = functools.partial(score_with_structure, weights=None)
score_all = functools.partial(score_all_with_structure, weights=None)
"""Here without the network that judges the structure, and so without ONNX Runtime."""
STONE = Path(__file__).parents[2] / "images" / "stone.jpg"
MAPLE = STONE.with_name("maple_leaves.jpg")


@pytest.fixture(scope="module")
def stone() -> Image:
    return scale_shorter_side(load_image(STONE), 96)


def score_at_its_size(exemplar: Image, image: Image, seed: int = 0) -> Score:
    return score(exemplar, image, exemplar_size=min(exemplar.shape[2:]), seed=seed)


def white_noise_like(image: Image) -> Image:
    deviations = np.random.default_rng(0).normal(0, 0.2, image.shape)
    return (image.mean(axis=(2, 3), keepdims=True) + deviations).clip(0, 1).astype(np.float32)


def mean_projection(dimensions: int) -> float:
    """The mean length of a unit vector's projection on a uniformly random direction."""
    gamma = math.gamma
    return gamma(dimensions / 2) / gamma((dimensions + 1) / 2) / math.sqrt(math.pi)


def phases_shuffled(image: Image) -> Image:
    """The same power spectrum, and nothing else of the image."""
    spectrum = np.fft.rfft2(image)
    noise = np.fft.rfft2(np.random.default_rng(0).normal(size=image.shape[2:]))
    noise[0, 0] = 1
    return np.fft.irfft2(spectrum * noise / abs(noise), image.shape[2:]).clip(0, 1).astype("f4")


def test_an_image_scores_0_against_itself(stone: Image) -> None:
    found = score_at_its_size(stone, stone)
    assert found.levels == (0, 0)
    assert (found.mean, found.spectrum) == (0, 0)
    assert found.floor > 0
    assert found.spectrum_floor > 0


def test_one_half_of_a_texture_scores_near_the_floor_against_the_other(stone: Image) -> None:
    found = score_at_its_size(stone[..., :48], stone[..., 48:])
    assert found.mean < 2 * found.floor
    assert found.spectrum < 2 * found.spectrum_floor


def test_white_noise_of_the_same_colour_scores_several_times_the_floor(stone: Image) -> None:
    found = score_at_its_size(stone, white_noise_like(stone))
    assert found.mean > 3 * found.floor
    assert found.spectrum > 2 * found.spectrum_floor


def test_shuffled_phases_change_the_patches_and_not_the_spectrum() -> None:
    maple = scale_shorter_side(load_image(MAPLE), 128)
    found = score_at_its_size(maple, phases_shuffled(maple))
    mirrored = score_at_its_size(maple, maple[..., ::-1])
    assert found.mean > 2 * mirrored.mean
    assert found.levels[0] > 3 * mirrored.levels[0]
    assert found.spectrum < found.spectrum_floor


def test_a_blurred_copy_is_worst_at_the_finest_level(stone: Image) -> None:
    blurred = scipy.ndimage.gaussian_filter(stone, (0, 0, 1, 1))
    found = score_at_its_size(stone, blurred)
    assert found.levels[0] > 3 * found.levels[-1]


def test_a_flat_exemplar_is_measured_in_steps_of_8_bits_and_a_cast_counts() -> None:
    grey = np.full((1, 3, 64, 64), 0.5, np.float32)
    cast = grey.copy()
    cast[:, 0] += 2 / 255
    found = score_at_its_size(grey, cast)
    # Two steps in one channel: a shift by 2 in a third of the values that a direction sees.
    shifts = [2 * side * mean_projection(3 * side**2) for side in (1, 3, 5, 7)]
    assert found.levels == pytest.approx((0, np.mean(shifts)), rel=0.1, abs=1e-4)
    assert found.floor == pytest.approx(0, abs=1e-4)


def test_a_cast_over_a_texture_counts_at_the_coarsest_level_alone(stone: Image) -> None:
    darker = stone * np.float32(0.8)
    found = score_at_its_size(darker, darker + np.float32([0.1, 0, 0])[:, None, None])
    assert found.levels[-1] > 0.2
    assert max(found.levels[:-1]) < 1e-3


@pytest.mark.parametrize("size", [(128, 192), (96, 64), (50, 200)])
def test_the_image_may_be_of_another_size(size: tuple[int, int], stone: Image) -> None:
    tiled = np.tile(stone, (1, 1, 2, 3))[..., : size[0], : size[1]]
    found = score_at_its_size(stone, tiled)
    assert len(found.levels) == len(found.floor_levels) == {128: 2, 64: 2, 50: 1}[min(size)]
    assert found.mean < 2 * found.floor


def test_the_exemplar_alone_is_scaled(stone: Image) -> None:
    half = scale_shorter_side(stone, 48)
    assert score(stone, half, exemplar_size=48).mean == 0
    assert score(half, stone, exemplar_size=48).mean > 0.05


def test_a_grey_exemplar_can_be_scored() -> None:
    brick = load_image(STONE.with_name("brick_gray.png"))
    scaled = scale_shorter_side(brick, 64)
    assert score(brick, scaled, exemplar_size=64).mean == 0
    assert score(brick, scaled[..., ::-1], exemplar_size=64).mean < 0.2


def test_the_same_seed_gives_the_same_score(stone: Image) -> None:
    noise = white_noise_like(stone)
    again = score_at_its_size(stone, noise)
    assert score_at_its_size(stone, noise) == again
    other = score_at_its_size(stone, noise, seed=1)
    assert other != again
    assert other.mean == pytest.approx(again.mean, rel=0.05)


def test_files_score_as_their_arrays_do(stone: Image, tmp_path: Path) -> None:
    save_image(tmp_path / "stone.png", stone[..., :40, :40])
    save_image(tmp_path / "other.png", stone[..., 40:, 40:])
    first, second = (load_image(tmp_path / name) for name in ("stone.png", "other.png"))
    assert score(tmp_path / "stone.png", str(tmp_path / "other.png"), exemplar_size=40) == score(
        first, second, exemplar_size=40
    )


def test_of_a_transparent_exemplar_the_opaque_rectangle_is_scored(
    stone: Image, tmp_path: Path
) -> None:
    part = np.ascontiguousarray(stone[:, :, 16:, :80])
    save_image(tmp_path / "part.png", part)
    hole = np.rint(255 * np.moveaxis(stone[0], 0, -1)).astype(np.uint8)
    opaque = np.zeros((*hole.shape[:2], 1), np.uint8)
    opaque[16:, :80] = 255
    PIL.Image.fromarray(np.concatenate([hole, opaque], axis=-1)).save(tmp_path / "hole.png")
    plain, cut = (score(tmp_path / name, stone) for name in ("part.png", "hole.png"))
    assert cut == plain


def test_several_images_are_scored_on_the_levels_of_the_smallest(stone: Image) -> None:
    whole, part = score_all(stone, [stone, stone[..., :40, :40]], exemplar_size=96)
    assert len(whole.levels) == len(part.levels) == 1
    assert part == score(stone, stone[..., :40, :40], exemplar_size=96)


def test_mean_and_floor_are_those_of_the_levels() -> None:
    even = Evenness(1, 0, 0)
    found = Score((1, 2, 6), 9, (0, 1, 2), 9, evenness=even, evenness_of_exemplar=even)
    assert (found.mean, found.floor) == (3, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.spectrum = 0  # type: ignore[misc]


@pytest.mark.parametrize("size", [(31, 64), (64, 7)])
def test_an_image_that_is_too_small_is_refused_with_both_sizes(
    size: tuple[int, int], stone: Image
) -> None:
    with pytest.raises(ImageError) as caught:
        score(stone, stone[..., : size[0], : size[1]])
    assert f"{size[1]}x{size[0]}" in str(caught.value)
    assert "32x32" in str(caught.value)


def test_an_image_of_32_pixels_is_large_enough(stone: Image) -> None:
    small = stone[..., :32, :32]
    assert score(small, small, exemplar_size=32).levels == (0,)


@pytest.mark.parametrize(("exemplar_size", "seed"), [(0, 0), (64, -1)])
def test_numbers_out_of_range_are_refused(exemplar_size: int, seed: int, stone: Image) -> None:
    with pytest.raises(OptionError, match="or more, not"):
        score(stone, stone, exemplar_size=exemplar_size, seed=seed)


def test_an_exemplar_scaled_too_small_is_refused(stone: Image) -> None:
    with pytest.raises(ImageError, match="scaled exemplar has 20x20 pixels"):
        score(stone, stone, exemplar_size=20)
