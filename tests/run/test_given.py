"""What a run is given: opaque pixels alone, the content's alpha kept, sizes told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import texonnx
from texonnx.errors import ImageError, OptionError
from texonnx.images import load_image, read_picture, resize, save_image
from texonnx.run.given import content_of, in_grey, is_grey, texture_of

SMALL = {"weights": "random:0", "layers": "conv1_1,conv2_1", "exemplar_size": 48, "steps": 3}


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """A disc of noise in red, and nothing but green around it, which cannot be seen."""
    rows, columns = np.mgrid[:96, :96]
    inside = (rows - 47.5) ** 2 + (columns - 47.5) ** 2 < 40**2
    red = np.random.default_rng(0).integers(100, 200, (96, 96))
    pixels = np.zeros((96, 96, 4), np.uint8)
    pixels[..., 0] = np.where(inside, red, 0)
    pixels[..., 1] = np.where(inside, 0, 255)
    pixels[..., 3] = 255 * inside
    PIL.Image.fromarray(pixels).save(tmp_path / "disc.png")
    return tmp_path / "disc.png"


def test_a_texture_is_what_is_opaque(disc: Path) -> None:
    given = texture_of(disc)
    assert not given.image[0, 1].any()
    assert given.image[0, 0].min() >= 100 / 255
    # The square in the circle, 80 / sqrt 2.
    assert min(given.size) >= 54
    assert "transparent in parts" in given.notes[0]


def test_a_result_has_neither_the_white_nor_what_lay_hidden(disc: Path) -> None:
    result = texonnx.synthesize(disc, **SMALL)
    assert result.image[0, 1].mean() < 0.05
    assert result.image[0, 0].mean() == pytest.approx(150 / 255, abs=0.05)
    assert any("largest opaque rectangle" in note for note in result.notes)


def test_what_lies_beside_the_rectangle_counts(tmp_path: Path) -> None:
    """Two colours of noise, and the largest rectangle has but one of them."""
    pixels = np.zeros((96, 160, 4), np.uint8)
    pixels[..., :2] = np.random.default_rng(0).integers(100, 200, (96, 160, 1))
    pixels[:, :96, 1] = 0
    pixels[..., 3] = 255
    pixels[:24, 96:, 3] = pixels[72:, 96:, 3] = 0
    PIL.Image.fromarray(pixels).save(tmp_path / "two.png")
    given = texture_of(tmp_path / "two.png")
    assert given.size == (96, 96)
    assert not given.image[0, 1].any()
    assert given.cutout is not None
    result = texonnx.synthesize(tmp_path / "two.png", **{**SMALL, "loss": "mean", "steps": 40})
    assert result.image[0, 1].mean() > 0.1
    assert any("statistics are of all that is opaque" in note for note in result.notes)


def test_a_large_cutout_is_taken_in_blocks(tmp_path: Path) -> None:
    pixels = np.full((1300, 1300, 4), 255, np.uint8)
    pixels[..., :3] = np.random.default_rng(0).integers(0, 256, (1300, 1300, 1))
    pixels[:301, :301, 3] = 0
    PIL.Image.fromarray(pixels).save(tmp_path / "large.png")
    given = texture_of(tmp_path / "large.png", 64)
    assert given.cutout is not None
    assert given.cutout.opaque.shape == (260, 260), "five pixels a side, 4 times 64 and more"
    assert given.size == (1300, 995), "of the first block after 301 pixels on"
    assert given.image.shape[2:] == (260, 199)
    assert "995x1300 pixels at 305,0" in given.notes[0]
    at = given.texture_at(np.zeros((1, 3, 130, 100), np.float32), lambda x, size: resize(x, *size))
    assert at.image.shape[2:] == (130, 131)


def test_an_exported_folder_knows_the_rectangle_alone(disc: Path, tmp_path: Path) -> None:
    texonnx.export(
        tmp_path / "folder", weights="random:0", layers="conv1_1,conv2_1", training=False
    )
    run = {"artifacts": tmp_path / "folder", "exemplar_size": 48, "steps": 2}
    result = texonnx.synthesize(disc, **run)
    assert any("largest opaque rectangle" in note for note in result.notes)
    assert not any("statistics are of all" in note for note in result.notes)
    assert not result.image[0, 1].mean() > 0.05


def test_of_a_thin_shape_only_the_rectangle_counts(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:400, :400]
    pixels = np.full((400, 400, 4), 255, np.uint8)
    pixels[abs(rows - columns) > 50, 3] = 0
    PIL.Image.fromarray(pixels).save(tmp_path / "thin.png")
    assert texture_of(tmp_path / "thin.png").cutout is None


def test_what_is_transparent_all_over_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    PIL.Image.new("RGBA", (64, 64), (9, 9, 9, 100)).save(path)
    with pytest.raises(ImageError, match="transparent all over"):
        texture_of(path)


def test_a_transfer_keeps_the_contents_alpha(disc: Path, tmp_path: Path) -> None:
    style = np.random.default_rng(1).random((1, 3, 64, 64), np.float32)
    result = texonnx.transfer(
        disc, style, weights="random:0", layers="conv1_1", content_layers="conv2_1", steps=1
    )
    assert result.alpha is not None
    assert result.alpha.shape == result.image.shape[2:]
    wanted = read_picture(disc).alpha
    np.testing.assert_array_equal(result.alpha, wanted)
    assert not content_of(disc).image[0, 1, :8, :8].any(), "what lies hidden is not looked at"


def test_a_transfer_that_is_interrupted_keeps_it_too(disc: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    style = np.random.default_rng(1).random((1, 3, 64, 64), np.float32)
    one_layer = {"layers": "conv1_1", "content_layers": "conv2_1", "steps": 2}
    with pytest.raises(texonnx.SynthesisInterrupted) as caught:
        texonnx.transfer(disc, style, weights="random:0", scales=1, on_step=interrupt, **one_layer)
    np.testing.assert_array_equal(caught.value.result.alpha, read_picture(disc).alpha)


@pytest.mark.parametrize("optimizer", ["lbfgs", "scipy-lbfgs", "adam", "sgd"])
@pytest.mark.parametrize("init", ["spectrum", "noise"])
def test_grey_stays_grey(tmp_path: Path, optimizer: str, init: str) -> None:
    grey = np.random.default_rng(0).random((1, 1, 64, 64), np.float32)
    result = texonnx.synthesize(np.repeat(grey, 3, axis=1), **SMALL, optimizer=optimizer, init=init)
    assert is_grey(result.image)
    save_image(tmp_path / "a.png", result.image)
    with PIL.Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "L"


def test_grey_stays_grey_against_discriminators() -> None:
    grey = in_grey(np.random.default_rng(0).random((1, 3, 64, 64), np.float32))
    result = texonnx.synthesize(grey, **SMALL, loss="gan", disc_widths=(8,))
    assert is_grey(result.image)


def test_a_colour_is_no_grey(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).random((1, 3, 48, 48), np.float32)
    assert not is_grey(texonnx.synthesize(colours, **SMALL).image)
    save_image(tmp_path / "a.png", colours)
    assert not is_grey(load_image(tmp_path / "a.png"))


def test_scaling_is_told_and_more_than_fourfold_refused() -> None:
    image = np.random.default_rng(0).random((1, 3, 96, 128), np.float32)
    assert texonnx.synthesize(image, **SMALL).notes == (
        "the exemplar of 128x96 pixels was used at 64x48; an exemplar size of 96 takes all of it",
    )
    assert (
        "scaled up to 171x128"
        in texonnx.synthesize(image, **{**SMALL, "exemplar_size": 128, "steps": 1}).notes[0]
    )
    with pytest.raises(OptionError, match="scaled up to 4518x256, more than 4 times"):
        texonnx.synthesize(np.zeros((1, 3, 17, 300), np.float32), weights="random:0")
