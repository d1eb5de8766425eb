"""Maps: what a file is, by its name; numbers that are no colours; normals that point out."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from texonnx.errors import ImageError, OptionError
from texonnx.images import load_image, pointing_out, read_map, save_image
from texonnx.images.maps import kind_of, lossless_name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("normal.png", "normal"),
        ("Bricks_NormalGL.jpg", "normal"),
        ("wall-nrm.tif", "normal"),
        ("normal_wall_roughness.png", "data"),
        ("wallHeight.png", "data"),
        ("rock_AO_2k.png", "data"),
        ("rock_baseColor.png", "colour"),
        ("normandy.png", None),
        ("wall.png", None),
    ],
)
def test_the_last_word_that_tells_says_what_a_file_is(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


def test_names_that_hold_16_bits_stay() -> None:
    names = [lossless_name(name) for name in ("a.png", "b.TIF", "c.jpg", "d.exr")]
    assert names == ["a.png", "b.TIF", "c.png", "d.png"]


@pytest.mark.parametrize("kind", ["normal", "data"])
def test_of_numbers_no_gamma_is_taken(tmp_path: Path, kind: str) -> None:
    ramp = np.linspace(20, 230, 3 * 16 * 16).astype(np.uint8).reshape(16, 16, 3)
    plain, told = tmp_path / "plain.png", tmp_path / "told.png"
    PIL.Image.fromarray(ramp).save(plain)
    chunk = b"gAMA" + (100_000).to_bytes(4, "big")
    data = plain.read_bytes()
    check = zlib.crc32(chunk).to_bytes(4, "big")
    told.write_bytes(data[:33] + (4).to_bytes(4, "big") + chunk + check + data[33:])
    expected = (ramp.transpose(2, 0, 1)[np.newaxis] / np.float32(255)).astype(np.float32)
    np.testing.assert_allclose(read_map(told, kind).image, expected, atol=1e-6)
    # As colours, linear light is something else.
    assert np.abs(read_map(told, "colour").image - expected).max() > 0.1


def test_16_bits_are_kept_to_the_last(tmp_path: Path) -> None:
    values = np.linspace(0.1, 0.9, 64 * 64).reshape(1, 1, 64, 64).repeat(3, 1).astype(np.float32)
    path, again = tmp_path / "height.png", tmp_path / "again.png"
    save_image(path, values, depth=16, colours=False)
    height = read_map(path)
    assert (height.kind, height.bits) == ("data", 16)
    height.save(again)
    assert (load_image(path) == load_image(again)).all()
    assert b"sRGB" not in again.read_bytes()
    assert len(np.unique(load_image(again))) > 3000


def test_what_has_one_channel_is_data_and_what_has_three_is_colours(tmp_path: Path) -> None:
    grey, colours = tmp_path / "one.png", tmp_path / "three.png"
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    PIL.Image.fromarray(ramp).save(grey)
    PIL.Image.fromarray(np.stack([ramp, ramp.T, ramp], axis=-1)).save(colours)
    assert read_map(grey).kind == "data" and read_map(colours).kind == "colour"
    assert read_map(grey).notes == ("'one.png' is taken as data, by its channels",)
    assert read_map(colours, "data").notes == ("'three.png' is taken as data",)
    assert read_map(colours).bits == 8


def test_alpha_comes_along(tmp_path: Path) -> None:
    path = tmp_path / "leaf_normal.png"
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    PIL.Image.fromarray(pixels).save(path)
    found = read_map(path)
    assert found.alpha is not None
    found.save(tmp_path / "again.png")
    assert (np.asarray(PIL.Image.open(tmp_path / "again.png")) == pixels).all()


def test_normals_in_one_channel_and_unknown_kinds_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "normal.png"
    PIL.Image.new("L", (16, 16), 128).save(path)
    with pytest.raises(ImageError, match="has one channel, and normals have three"):
        read_map(path)
    with pytest.raises(OptionError, match="unknown kind of map 'bump'"):
        read_map(path, "bump")


def test_normals_get_their_length_and_their_direction() -> None:
    given = np.random.default_rng(0).random((1, 3, 8, 8), dtype=np.float32)
    found = 2 * pointing_out(given).astype(np.float64) - 1
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert found[:, 2].min() > 0
    outward = 2 * given[:, 2] - 1 > 0.1
    direction = (2 * given - 1) / np.linalg.norm(2 * given - 1, axis=1, keepdims=True)
    np.testing.assert_allclose(
        found.transpose(1, 0, 2, 3)[:, outward],
        direction.transpose(1, 0, 2, 3)[:, outward],
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("name", "mark"),
    [("n.png", b"sRGB"), ("n.tif", b"acsp"), ("n.webp", b"ICCP"), ("n.jpg", b"ICC_PROFILE")],
)
def test_of_what_is_no_colour_nothing_is_said(tmp_path: Path, name: str, mark: bytes) -> None:
    image = np.random.default_rng(0).random((1, 3, 8, 8), np.float32)
    depths = (8, 16) if name in ("n.png", "n.tif") else (8,)
    for depth in depths:
        for colours in (True, False):
            save_image(tmp_path / name, image, depth=depth, colours=colours)
            assert (mark in (tmp_path / name).read_bytes()) == colours
