"""``synthesize(tile=...)`` and ``texonnx.retile``: sizes that close, and what stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from support import small_runs
from support.drawn_objective import smooth_image
from support.small_runs import draw_once

import texonnx
from texonnx.errors import ImageError, OptionError
from texonnx.images import Image
from texonnx.weights import library

SMALL: dict[str, Any] = {**small_runs.SMALL, "steps": 3, "scales": 2}


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)


def bricks(height: int = 120, width: int = 120, across: int = 30, down: int = 20) -> Image:
    rows, columns = np.mgrid[:height, :width]
    moved = columns + rows // (down // 2) % 2 * (across // 2)
    joints = (moved % across < 3) | (rows % (down // 2) < 3)
    grain = np.random.default_rng(0).normal(0, 0.03, (height, width))
    grey = (np.where(joints, 0.9, 0.4) + grain).clip(0, 1)
    return np.repeat(grey[np.newaxis, np.newaxis], 3, axis=1).astype(np.float32)


def tiled(exemplar: Image = bricks(), **options: Any) -> texonnx.SynthesisResult:  # noqa: B008
    return texonnx.synthesize(exemplar, **{**SMALL, "exemplar_size": 120, **options})


@pytest.mark.parametrize(
    ("tile", "expected"),
    [("none", (72, 100)), ("x", (72, 90)), ("y", (80, 100)), ("both", (80, 90))],
)
def test_a_tile_holds_whole_periods_along_its_axes(tile: str, expected: tuple[int, int]) -> None:
    result = tiled(size=(72, 100), tile=tile)
    assert result.image.shape[2:] == expected
    told = [note for note in result.notes if "repeats" in note]
    assert len(told) == (tile != "none")
    if tile == "both":
        assert told[0].endswith("every 20.0 pixels down: 90x80 instead of 100x72")


def test_without_a_size_it_is_the_exemplars_in_whole_periods() -> None:
    assert tiled(bricks(110, 110), exemplar_size=110, tile="both").image.shape[2:] in (
        (100, 120),
        (120, 120),
    )


def test_an_exact_size_resamples_the_exemplar() -> None:
    result = tiled(size=(120, 122), tile="both", exact_size=True)
    assert result.image.shape[2:] == (120, 122)
    assert any("resampled from 120x120 to 122x120" in note for note in result.notes)


def test_an_exact_size_that_needs_too_much_is_refused() -> None:
    with pytest.raises(OptionError, match=r"resampled by \+1[01]\.\d% across .* it becomes 90x80"):
        tiled(size=(80, 100), tile="both", exact_size=True)


def test_what_has_no_period_keeps_its_size() -> None:
    result = tiled(smooth_image(48, 48), exemplar_size=48, tile="both")
    assert result.image.shape[2:] == (48, 48)
    assert any("no period" in note for note in result.notes)


def test_a_tile_wants_circular_padding() -> None:
    for run in (
        lambda: tiled(tile="x", padding="zeros"),
        lambda: texonnx.retile(smooth_image(48, 48), **SMALL, padding="reflect"),
    ):
        with pytest.raises(OptionError, match="a tile needs circular padding"):
            run()


def test_an_exact_size_is_of_a_tile() -> None:
    with pytest.raises(OptionError, match="an exact size is of a tile"):
        tiled(exact_size=True)


# Retiling


@pytest.mark.parametrize("optimizer", ["lbfgs", "scipy-lbfgs", "adam", "sgd"])
@pytest.mark.parametrize("axes", ["x", "y", "both"])
def test_outside_of_the_band_every_bit_stays(axes: str, optimizer: str) -> None:
    image = smooth_image(52, 64)
    result = texonnx.retile(image, **SMALL, axes=axes, band=8, optimizer=optimizer)
    rows = slice(8, -8) if axes != "x" else slice(None)
    columns = slice(8, -8) if axes != "y" else slice(None)
    np.testing.assert_array_equal(result.image[:, :, rows, columns], image[:, :, rows, columns])
    changed = (result.image != image).any(axis=(0, 1))
    assert changed[26, 0] == (axes != "y")
    assert changed[0, 32] == (axes != "x")


def test_the_band_is_an_eighth_of_the_shorter_side() -> None:
    image = smooth_image(48, 80)
    changed = (texonnx.retile(image, **SMALL).image != image).any(axis=(0, 1))
    inner = changed[6:-6, 6:-6]
    assert not inner.any()
    assert changed[:5].mean() > 0.9


def test_edges_meet_that_did_not() -> None:
    image = smooth_image(64, 64)
    image[..., 32:] = (image[..., 32:] + 0.35).clip(
        0, 1
    )  # so left and right differ, in the middle too
    result = texonnx.retile(image, **{**SMALL, "steps": 20}, band=12)

    def step(picture: Image) -> float:
        return float(np.abs(picture[..., 0] - picture[..., -1]).mean())

    assert step(result.image) < 0.5 * step(image)


def test_a_band_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="two bands of 24 pixels leave nothing"):
        texonnx.retile(smooth_image(48, 64), **SMALL, band=24)


def test_what_is_transparent_cannot_be_retiled(tmp_path: Path) -> None:
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[:8, :, 3] = 0
    PIL.Image.fromarray(pixels).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match="transparent in parts"):
        texonnx.retile(tmp_path / "a.png", **SMALL)
