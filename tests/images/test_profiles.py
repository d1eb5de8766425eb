"""Colours as they are seen: held against Little CMS by way of Pillow, and against formulas."""

from __future__ import annotations

import struct
from pathlib import Path

import imagecodecs
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from PIL import ImageCms

from texonnx.images import load_image
from texonnx.images.reading import read_picture

from .test_files import chunk, png, refusal

RAMP = np.stack(np.meshgrid(*[np.linspace(0, 255, 6)] * 3), -1).reshape(36, 6, 3).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Red, green, blue, white: x and y. Adobe RGB (1998), 4.3.1; SMPTE EG 432-1; H.273.
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
WHITE = (0.3127, 0.3290)
TO_SRGB = {
    # From linear light of either to linear light of sRGB, as published by Lindbloom (Adobe RGB) and
    # by CSS Color 4 (P3).
    "adobe": np.array(
        [
            [1.3982832, -0.3982831, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, -0.0429383, 1.0429383],
        ]
    ),
    "p3": np.array(
        [
            [1.2249402, -0.2249402, 0.0],
            [-0.0420570, 1.0420570, 0.0],
            [-0.0196376, -0.0786361, 1.0982735],
        ]
    ),
}


def srgb_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def light_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def loaded(path: Path) -> NDArray[np.float64]:
    return load_image(path)[0].transpose(1, 2, 0).astype(np.float64)


def profile(primaries: tuple[tuple[float, float], ...], gamma: float) -> bytes:
    """Return a profile that Little CMS makes."""
    flat = [*WHITE, *(number for pair in primaries for number in pair)]
    return bytes(
        imagecodecs.cms_profile("rgb", whitepoint=[*WHITE, 1.0], primaries=flat[2:], gamma=gamma)
    )


@pytest.fixture
def adobe() -> bytes:
    return profile(ADOBE, 2.19921875)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_a_profile_is_applied(tmp_path: Path, adobe: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    options = {".jpg": {"quality": 100, "subsampling": 0}, ".webp": {"lossless": True}}
    flat = np.repeat(np.repeat(RAMP, 8, 0), 8, 1)
    PIL.Image.fromarray(flat).save(path, icc_profile=adobe, **options.get(suffix, {}))
    expected = srgb_of((flat / 255) ** 2.19921875 @ TO_SRGB["adobe"].T)
    tolerance = 8 if suffix == ".jpg" else 1
    assert np.abs(loaded(path) - expected).max() * 255 < tolerance
    picture = read_picture(path)
    assert "converted to sRGB" in picture.notes[0]


def test_16_bits_go_through_a_profile_whole(tmp_path: Path, adobe: bytes) -> None:
    values = np.linspace(0, 65535, 600).round().astype(np.uint16).reshape(20, 10, 3)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(values))
    data = (tmp_path / "a.png").read_bytes()
    # An iCCP chunk after IHDR, which ends at byte 33.
    import zlib

    icc = chunk(b"iCCP", b"x\0\0" + zlib.compress(adobe))
    (tmp_path / "a.png").write_bytes(data[:33] + icc + data[33:])
    expected = srgb_of((values / 65535) ** 2.19921875 @ TO_SRGB["adobe"].T)
    assert np.abs(loaded(tmp_path / "a.png") - expected).max() < 0.3 / 255


def test_srgb_itself_changes_nothing(tmp_path: Path) -> None:
    PIL.Image.fromarray(RAMP).save(tmp_path / "a.png", icc_profile=SRGB)
    np.testing.assert_allclose(loaded(tmp_path / "a.png"), RAMP / 255, atol=1e-7)
    assert read_picture(tmp_path / "a.png").notes == ()


def test_grey_with_a_profile_stays_grey(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    linear = bytes(imagecodecs.cms_profile("gray", whitepoint=[*WHITE, 1.0], gamma=1.0))
    PIL.Image.fromarray(grey).save(tmp_path / "a.png", icc_profile=linear)
    shown = loaded(tmp_path / "a.png")
    np.testing.assert_array_equal(shown[..., 0], shown[..., 2])
    assert np.abs(shown[..., 1] - srgb_of(grey / 255)).max() < 1 / 255


def test_a_damaged_profile_is_told_and_left_out(tmp_path: Path) -> None:
    PIL.Image.fromarray(RAMP).save(tmp_path / "a.png", icc_profile=b"no profile at all")
    picture = read_picture(tmp_path / "a.png")
    assert "damaged; read as sRGB" in picture.notes[0]
    np.testing.assert_allclose(loaded(tmp_path / "a.png"), RAMP / 255, atol=1e-7)


def test_transparency_is_no_colour(tmp_path: Path, adobe: bytes) -> None:
    alpha = np.full((*RAMP.shape[:2], 1), 128, np.uint8)
    PIL.Image.fromarray(np.concatenate([RAMP, alpha], -1)).save(
        tmp_path / "a.png", icc_profile=adobe
    )
    picture = read_picture(tmp_path / "a.png")
    assert picture.alpha is not None
    assert np.unique(picture.alpha * 255).round().tolist() == [128]
    expected = srgb_of((RAMP / 255) ** 2.19921875 @ TO_SRGB["adobe"].T)
    assert np.abs(picture.image[0].transpose(1, 2, 0) - expected).max() * 255 < 1


ROWS = b"\0" + bytes([255, 0, 0, 0, 128, 64, 10, 20, 30])
COLOURS = np.array([[255, 0, 0], [0, 128, 64], [10, 20, 30]]) / 255


def with_chunk(tmp_path: Path, *chunks: bytes) -> Path:
    (tmp_path / "a.png").write_bytes(png(3, 1, 8, 2, ROWS, *chunks))
    return tmp_path / "a.png"


def gama(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 1e5)))


def test_gama_is_the_power_where_there_is_no_profile(tmp_path: Path) -> None:
    path = with_chunk(tmp_path, gama(1.0))
    np.testing.assert_allclose(loaded(path)[0], srgb_of(COLOURS), atol=1e-5)
    assert "gamma 1" in read_picture(path).notes[0]
    path = with_chunk(tmp_path, gama(1 / 1.8))
    np.testing.assert_allclose(loaded(path)[0], srgb_of(COLOURS**1.8), atol=1e-4)


def test_the_usual_gama_and_srgbs_chunk_change_nothing(tmp_path: Path) -> None:
    for chunks in ([gama(1 / 2.2)], [chunk(b"sRGB", b"\0"), gama(1.0)], []):
        path = with_chunk(tmp_path, *chunks)
        np.testing.assert_allclose(loaded(path)[0], COLOURS, atol=1e-7)
        assert read_picture(path).notes == ()


def test_primaries_of_a_png_are_taken(tmp_path: Path) -> None:
    numbers = [number for pair in (WHITE, *P3) for number in pair]
    chrm = chunk(b"cHRM", struct.pack(">8I", *(round(number * 1e5) for number in numbers)))
    path = with_chunk(tmp_path, gama(1 / 2.2), chrm)
    expected = srgb_of(COLOURS**2.2 @ TO_SRGB["p3"].T)
    np.testing.assert_allclose(loaded(path)[0], expected, atol=1e-3)


def test_cicp_comes_first(tmp_path: Path) -> None:
    path = with_chunk(tmp_path, chunk(b"cICP", bytes([12, 13, 0, 1])), gama(1.0))
    expected = srgb_of(light_of(COLOURS) @ TO_SRGB["p3"].T)
    np.testing.assert_allclose(loaded(path)[0], expected, atol=1e-3)
    path = with_chunk(tmp_path, chunk(b"cICP", bytes([1, 13, 0, 1])))
    np.testing.assert_allclose(loaded(path)[0], COLOURS, atol=1e-7)


def test_high_dynamic_range_is_refused(tmp_path: Path) -> None:
    assert "PQ" in refusal(with_chunk(tmp_path, chunk(b"cICP", bytes([9, 16, 0, 1]))))
    assert "cICP 2, 2" in refusal(with_chunk(tmp_path, chunk(b"cICP", bytes([2, 2, 0, 1]))))
