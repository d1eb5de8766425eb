"""What structure and copies promise of pictures: made by this program, cut, turned and pasted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.spatial.distance
from support.small_runs import draw_once

from texonnx import score
from texonnx.images import Image, load_image, scale_shorter_side
from texonnx.scoring.copies import CopyFinder
from texonnx.scoring.copy_map import copy_map
from texonnx.scoring.features import Nearest, averaged, patches
from texonnx.scoring.structure import StructureJudge
from texonnx.weights import library
from texonnx.weights.network import VggWeights

IMAGES = Path(__file__).parents[2] / "images"
PICTURES = Path(__file__).parent / "pictures"
STEPS = (200, 100, 50, 8)


@pytest.fixture(scope="module")
def stone() -> Image:
    return scale_shorter_side(load_image(IMAGES / "stone.jpg"), 128)


@pytest.fixture(scope="module")
def judge(stone: Image, pretrained: VggWeights) -> StructureJudge:
    return StructureJudge(stone, pretrained, 0)


@pytest.mark.parametrize(
    ("exemplar", "name"),
    [("brick_gray.png", "bricks"), ("coffee_beans.jpg", "beans"), ("stone.jpg", "pebbles")],
)
def test_more_steps_make_a_better_structure(
    exemplar: str, name: str, pretrained: VggWeights
) -> None:
    # 256x256, seed 1, so many evaluations at each of three scales; looked at: so they rank.
    judge = StructureJudge(
        scale_shorter_side(load_image(IMAGES / exemplar), 256), pretrained, seed=0
    )
    found = [judge.judge(load_image(PICTURES / f"{name}-{steps}.jpg")) for steps in STEPS]
    for figures in ([one.plausible for one in found], [one.covers for one in found]):
        assert figures == sorted(figures)
        assert figures[-1] > 1.05 * figures[0]


def test_an_image_is_all_seen_in_itself_and_all_copied(judge: StructureJudge, stone: Image) -> None:
    found = judge.judge(stone)
    assert found.plausible == pytest.approx(0, abs=1e-4)
    assert found.covers == pytest.approx(0, abs=1e-4)
    assert found.copies.copied > 0.99
    assert found.copies.used > 0.99
    assert judge.judge(stone[..., ::-1].copy()).mean > 0.5


def test_half_of_the_exemplar_is_seen_in_it_and_does_not_cover_it(
    judge: StructureJudge, stone: Image
) -> None:
    found = judge.judge(np.ascontiguousarray(stone[..., :72]))
    assert found.plausible < 0.3
    assert found.covers > found.plausible + 0.3
    assert 0.4 < found.copies.used < 0.65


@pytest.mark.parametrize("shift", [(16, 24), (33, 50), (47, 21)], ids=str)
def test_a_rolled_exemplar_is_a_copy_whether_its_places_fit_the_grid_or_not(
    judge: StructureJudge, stone: Image, shift: tuple[int, int]
) -> None:
    assert judge.judge(np.roll(stone, shift, (2, 3))).copies.copied > 0.4


def test_pasted_squares_are_copies_and_what_was_synthesised_is_none(
    pretrained: VggWeights,
) -> None:
    exemplar = scale_shorter_side(load_image(IMAGES / "stone.jpg"), 256)
    judge = StructureJudge(exemplar, pretrained, 0)
    pasted = exemplar.copy()
    corners = np.random.default_rng(0).integers(0, 192, (4, 4, 2))
    for row, column in np.ndindex(4, 4):
        y, x = corners[row, column]
        square = exemplar[..., y : y + 64, x : x + 64]
        pasted[..., 64 * row : 64 * row + 64, 64 * column : 64 * column + 64] = square
    assert judge.judge(pasted).copies.copied > 0.5
    assert judge.judge(load_image(PICTURES / "pebbles-100.jpg")).copies.copied < 0.05


def test_another_piece_of_the_same_texture_is_no_copy(pretrained: VggWeights) -> None:
    whole = scale_shorter_side(load_image(IMAGES / "stone.jpg"), 256)
    judge = StructureJudge(np.ascontiguousarray(whole[..., :128]), pretrained, 0)
    found = judge.judge(np.ascontiguousarray(whole[..., 128:]))
    assert found.copies.copied < 0.05
    # It is the floor itself, but for what the maps see beyond the cut.
    assert found.plausible == pytest.approx(1, abs=0.25)


def test_the_distances_are_those_of_every_pair_of_patches() -> None:
    generator = np.random.default_rng(0)
    image, exemplar = (
        generator.random((1, 5, rows, columns), np.float32) for rows, columns in ((9, 7), (6, 8))
    )
    matches = Nearest()(image, patches(exemplar))
    every = scipy.spatial.distance.cdist(
        patches(exemplar).reshape(24, -1), patches(image).reshape(35, -1), "cosine"
    )
    np.testing.assert_allclose(1 - matches.similarity, every.min(axis=1), atol=1e-6)
    np.testing.assert_array_equal(matches.nearest.ravel(), every.argmin(axis=0))


def test_rows_some_at_a_time_give_what_all_at_once_give(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    image, exemplar = (generator.random((1, 4, 11, 9), np.float32) for _ in range(2))
    nearest = Nearest()
    whole = nearest(image, patches(exemplar))
    monkeypatch.setattr("texonnx.scoring.features._SIMILARITIES_AT_ONCE", 2 * 7 * 63)
    parts = nearest(image, patches(exemplar))
    np.testing.assert_array_equal(whole.nearest, parts.nearest)
    np.testing.assert_allclose(whole.similarity, parts.similarity, atol=1e-6)


def test_a_map_is_averaged_over_squares_and_what_is_left_over_is_dropped() -> None:
    values = np.arange(2 * 5 * 4, dtype=np.float32).reshape(1, 2, 5, 4)
    found = averaged(values, 2)
    assert found.shape == (1, 2, 2, 2)
    assert found[0, 1, 1, 0] == values[0, 1, 2:4, 0:2].mean()


def test_a_piece_smaller_than_the_least_is_no_copy() -> None:
    generator = np.random.default_rng(2)
    exemplar = generator.random((1, 6, 40, 40), np.float32)
    finder = CopyFinder(exemplar, 1, Nearest())
    image = generator.random((1, 6, 40, 40), np.float32)
    image[..., 3:15, 5:17] = exemplar[..., 20:32, 11:23]  # 10x10 patches
    image[..., 20:24, 20:24] = exemplar[..., 2:6, 30:34]  # 2x2 patches, and those around them
    found = finder.find(image)
    expected = np.zeros((38, 38), bool)
    expected[3:13, 5:15] = True
    assert (found.in_piece & expected).sum() == 100
    assert not found.in_piece[18:26, 18:26].any()
    # A patch that has one column or row more is of the piece as well.
    assert 100 <= found.copied * 38**2 <= 14**2
    assert found.source[0, 8, 10] == pytest.approx((8 + 17 + 0.5) / 38, abs=1e-6)
    assert found.source[1, 8, 10] == pytest.approx((10 + 6 + 0.5) / 38, abs=1e-6)


def test_a_large_image_is_judged_by_a_sample_that_agrees_with_the_whole(
    judge: StructureJudge, stone: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = np.ascontiguousarray(stone[..., ::-1, ::-1])
    whole = judge.judge(turned)
    monkeypatch.setattr("texonnx.scoring.structure._PAIRS", 2**20)
    sample = judge.judge(turned)
    assert sample.plausible != whole.plausible
    assert sample.plausible == pytest.approx(whole.plausible, rel=0.05)
    assert sample.covers == pytest.approx(whole.covers, rel=0.05)


def test_a_flat_exemplar_blows_nothing_up(pretrained: VggWeights) -> None:
    grey = np.full((1, 3, 64, 64), 0.5, np.float32)
    found = StructureJudge(grey, pretrained, 0).judge(grey)
    assert found.mean == pytest.approx(0, abs=0.01)


def test_random_weights_judge_nothing_and_say_so(
    stone: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)
    found = score(stone, stone, exemplar_size=128, weights="random")
    assert found.structure is None
    assert found.why_no_structure.startswith("no structure: random filters")


def test_absent_weights_are_not_fetched_and_that_is_said(
    stone: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXONNX_CACHE", str(tmp_path))
    found = score(stone, stone, exemplar_size=128)
    assert found.structure is None
    assert "texonnx weights fetch" in found.why_no_structure
    assert not list(tmp_path.iterdir())


def test_a_copy_map_shows_copies_in_the_colours_of_their_places(
    judge: StructureJudge, stone: Image
) -> None:
    copied = copy_map(stone, stone, judge.judge(stone).copies)
    turned = np.ascontiguousarray(stone[..., ::-1])
    none = copy_map(stone, turned, judge.judge(turned).copies)
    assert copied.shape == none.shape
    right = copied.shape[3] // 2
    # The exemplar on the left, in colours; on the right the image, which is all copied, or grey.
    below = copied.shape[2] - 140
    key, image = copied[..., below:, :right], copied[..., below:, right:]
    assert np.ptp(key, axis=1).max() > 0.3
    assert np.ptp(image, axis=1).max() > 0.3
    assert np.ptp(none[..., below:, right:], axis=1).max() < 0.01


@pytest.mark.parametrize("name", ["stone.jpg", "grass.jpg", "brick_gray.png"])
def test_a_crop_has_seams_and_what_is_circular_has_none(name: str, pretrained: VggWeights) -> None:
    exemplar = scale_shorter_side(load_image(IMAGES / name), 160)
    judge = StructureJudge(exemplar, pretrained, 0)
    crop = np.ascontiguousarray(exemplar[:, :, 3:131, 20:148])
    assert judge.seams(crop).worst > 1.3
    # What is moved around over its own edge has its seams inside, and the edges meet.
    turned = np.roll(crop, (64, 64), (2, 3))
    assert judge.seams(turned).worst < 1.05
