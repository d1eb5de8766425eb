"""Deep pixels, and kinds of files that Pillow takes for others: held against who wrote them."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import PIL.Image
import pytest
import tifffile
from numpy.typing import NDArray

from texonnx.errors import ImageError
from texonnx.images import extras, load_image
from texonnx.images.reading import read_picture

from .test_files import chunk, png, refusal

HALF_A_LEVEL = 0.5 / 65535 + 1e-7
DEEP = np.random.default_rng(0).integers(0, 65536, (24, 20, 3), np.uint16)
SMALL = (DEEP >> 8).astype(np.uint8)


def loaded(path: Path) -> NDArray[np.float32]:
    """Return [H, W, 3]."""
    return load_image(path)[0].transpose(1, 2, 0)


@pytest.mark.parametrize(
    ("planar", "compression"),
    [("contig", None), ("separate", None), ("contig", "lzw"), ("separate", "zlib")],
)
def test_16_bits_of_a_tiff_are_kept(tmp_path: Path, planar: str, compression: str | None) -> None:
    values = DEEP if planar == "contig" else DEEP.transpose(2, 0, 1)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="rgb", planarconfig=planar, compression=compression)
    np.testing.assert_allclose(loaded(path), DEEP / 65535, atol=HALF_A_LEVEL)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_big_tiff_is_read(tmp_path: Path, dtype: type) -> None:
    values = (DEEP >> (8 if dtype == np.uint8 else 0)).astype(dtype)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="rgb", bigtiff=True, tile=(16, 16))
    assert path.read_bytes()[:4] == b"II+\0"
    np.testing.assert_allclose(loaded(path), values / np.iinfo(dtype).max, atol=HALF_A_LEVEL)


def test_min_is_white_is_no_negative(tmp_path: Path) -> None:
    for depth in (np.uint8, np.uint16):
        ink = (DEEP[..., 0] >> (0 if depth == np.uint16 else 8)).astype(depth)
        tifffile.imwrite(tmp_path / "a.tif", ink, photometric="miniswhite")
        light = 1 - ink / np.iinfo(depth).max
        np.testing.assert_allclose(loaded(tmp_path / "a.tif")[..., 1], light, atol=HALF_A_LEVEL)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_in_colour_and_half_floats_are_read(tmp_path: Path, kind: type[Any]) -> None:
    values = (DEEP / 65535).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    np.testing.assert_array_equal(loaded(tmp_path / "a.tif"), values.astype(np.float32))


def test_12_bits_run_to_4095(tmp_path: Path) -> None:
    values = DEEP[..., :3] >> 4
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", bitspersample=12)
    np.testing.assert_allclose(loaded(tmp_path / "a.tif"), values / 4095, atol=HALF_A_LEVEL)


@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_alpha_of_16_bits_is_alpha(tmp_path: Path, photometric: str) -> None:
    colours = DEEP[..., :1] if photometric == "minisblack" else DEEP
    alpha = np.full((*DEEP.shape[:2], 1), 65535, np.uint16)
    alpha[:4] = 0
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.concatenate([colours, alpha], -1),
        photometric=photometric,
        planarconfig="contig",
        extrasamples=["unassalpha"],
    )
    picture = read_picture(tmp_path / "a.tif")
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, alpha[..., 0] / 65535)
    shown = picture.image[0].transpose(1, 2, 0)
    np.testing.assert_allclose(shown, np.broadcast_to(colours / 65535, DEEP.shape), atol=1e-6)


def test_colours_multiplied_by_alpha_are_divided(tmp_path: Path) -> None:
    alpha = np.full((*DEEP.shape[:2], 1), 0x8000, np.uint16)
    colours = DEEP // 2
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.concatenate([colours, alpha], -1),
        photometric="rgb",
        extrasamples=["assocalpha"],
    )
    shown = read_picture(tmp_path / "a.tif").image[0].transpose(1, 2, 0)
    np.testing.assert_allclose(shown, colours / 0x8000, atol=2e-5)


def test_16_bits_of_ink_are_read(tmp_path: Path) -> None:
    ink = np.random.default_rng(1).integers(0, 65536, (8, 8, 4), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", ink, photometric="separated")
    share = ink / 65535
    light = (1 - share[..., :3]) * (1 - share[..., 3:])
    np.testing.assert_allclose(loaded(tmp_path / "a.tif"), light, atol=1e-6)


@pytest.mark.parametrize("kind", [np.int16, np.uint32, np.int32])
def test_integers_of_an_unknown_range_are_refused(tmp_path: Path, kind: type[Any]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, 300]], kind), photometric="minisblack")
    assert "range" in refusal(tmp_path / "a.tif")


def test_16_bit_lab_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP, photometric="cielab")
    assert "CIELAB is not read; convert it to RGB" in refusal(tmp_path / "a.tif")


def test_8_bits_stay_with_pillow_and_say_the_same(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SMALL, photometric="rgb", compression="lzw")
    np.testing.assert_allclose(loaded(tmp_path / "a.tif"), SMALL / 255, atol=1e-7)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bits_of_a_png_are_kept(tmp_path: Path, channels: int) -> None:
    values = np.random.default_rng(2).integers(0, 65536, (9, 7, channels), np.uint16)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(values))
    picture = read_picture(tmp_path / "a.png")
    shown = picture.image[0].transpose(1, 2, 0)
    colours = values[..., :1] if channels == 2 else values[..., :3]
    np.testing.assert_allclose(
        shown, np.broadcast_to(colours / 65535, shown.shape), atol=HALF_A_LEVEL
    )
    if channels == 3:
        assert picture.alpha is None
    else:
        np.testing.assert_allclose(picture.alpha, values[..., -1] / 65535, atol=HALF_A_LEVEL)


def test_the_transparent_colour_of_a_16_bit_png_is_transparent(tmp_path: Path) -> None:
    rows = b"\0" + struct.pack(">6H", 1, 2, 3, 1, 2, 4)
    transparent = chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))
    (tmp_path / "a.png").write_bytes(png(2, 1, 16, 2, rows, transparent))
    picture = read_picture(tmp_path / "a.png")
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, [[0, 1]])


@pytest.mark.parametrize("largest", [65535, 1023, 300])
def test_16_bits_of_a_ppm_are_kept(tmp_path: Path, largest: int) -> None:
    """By Netpbm's ppm(5): words with the high byte first, the largest value for white."""
    values = np.random.default_rng(0).integers(0, largest + 1, (5, 7, 3))
    head = f"P6\n# a comment\n7 5\n{largest}\n".encode()
    (tmp_path / "a.ppm").write_bytes(head + values.astype(">u2").tobytes())
    np.testing.assert_allclose(loaded(tmp_path / "a.ppm"), values / largest, atol=0.51 / 65535)
    plain = f"P3 7 5\n{largest}\n{' '.join(map(str, values.ravel()))} # the end\n"
    (tmp_path / "b.ppm").write_text(plain)
    np.testing.assert_array_equal(loaded(tmp_path / "b.ppm"), loaded(tmp_path / "a.ppm"))


def test_a_ppm_that_is_not_what_it_says_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ppm").write_bytes(b"P6 2 1 65535\n" + struct.pack(">5H", *range(5)))
    assert "cut short" in refusal(tmp_path / "a.ppm")
    (tmp_path / "a.ppm").write_bytes(b"P6 1 1 1000\n" + struct.pack(">3H", 1, 2, 1001))
    assert "no value is above 1000, and 1001 is" in refusal(tmp_path / "a.ppm")
    (tmp_path / "a.ppm").write_bytes(b"P3 1 1 1000\n 1 2 x")
    assert "read" in refusal(tmp_path / "a.ppm")


def test_8_bits_of_a_ppm_are_pillows(tmp_path: Path) -> None:
    (tmp_path / "b.ppm").write_bytes(b"P6 1 1 255 \x01\x02\x03")
    assert load_image(tmp_path / "b.ppm").shape == (1, 3, 1, 1)


@pytest.mark.parametrize("bits", [16, 12])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bits_of_a_jpeg_2000_are_kept(tmp_path: Path, bits: int, channels: int) -> None:
    largest = 2**bits - 1
    values = np.random.default_rng(0).integers(0, largest + 1, (40, 48, channels), np.uint16)
    values[..., 3:] = largest
    encoded = imagecodecs.jpeg2k_encode(values, level=0, bitspersample=bits)
    (tmp_path / "a.jp2").write_bytes(encoded)
    np.testing.assert_allclose(
        loaded(tmp_path / "a.jp2"), values[..., :3] / largest, atol=0.51 / 65535
    )


def test_alpha_of_a_deep_jpeg_2000_is_kept(tmp_path: Path) -> None:
    values = np.full((40, 48, 4), 40000, np.uint16)
    (tmp_path / "a.jp2").write_bytes(imagecodecs.jpeg2k_encode(values, level=0))
    alpha = read_picture(tmp_path / "a.jp2").alpha
    assert alpha is not None
    np.testing.assert_allclose(alpha, 40000 / 65535)


def test_8_bits_of_a_jpeg_2000_are_pillows(tmp_path: Path) -> None:
    (tmp_path / "b.jp2").write_bytes(imagecodecs.jpeg2k_encode(SMALL, level=0))
    np.testing.assert_allclose(loaded(tmp_path / "b.jp2"), SMALL / 255, atol=2 / 255)


def test_avif_is_read(tmp_path: Path) -> None:
    flat = PIL.Image.new("RGB", (32, 32), (200, 100, 50))
    flat.save(tmp_path / "a.avif", quality=90)
    np.testing.assert_allclose(loaded(tmp_path / "a.avif")[5, 5] * 255, (200, 100, 50), atol=4)


@pytest.mark.parametrize(
    ("name", "start", "extra"),
    [("a.exr", b"\x76\x2f\x31\x01", "exr"), ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0", "heic")],
)
def test_what_needs_an_extra_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, start: bytes, extra: str
) -> None:
    for module in ("OpenEXR", "pillow_heif"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    (tmp_path / name).write_bytes(start.ljust(64, b"\0"))
    assert f"pip install 'texonnx[{extra}]'" in refusal(tmp_path / name)


def test_exr_is_light(tmp_path: Path) -> None:
    openexr = pytest.importorskip("OpenEXR", reason="NEEDS texonnx[exr]")
    light = np.linspace(0, 1, 48, dtype=np.float32).reshape(4, 4, 3)
    with openexr.File({"type": openexr.scanlineimage}, {"RGB": light}) as file:
        file.write(str(tmp_path / "a.exr"))
    # IEC 61966-2-1.
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(loaded(tmp_path / "a.exr"), expected, atol=1e-6)
    with openexr.File({"type": openexr.scanlineimage}, {"RGB": 3 * light}) as file:
        file.write(str(tmp_path / "b.exr"))
    assert "from 0 to 3" in refusal(tmp_path / "b.exr")


def test_heic_is_read(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif", reason="NEEDS texonnx[heic]")
    extras.register_heic()
    flat = PIL.Image.new("RGB", (64, 64), (200, 100, 50))
    flat.save(tmp_path / "a.heic", format="HEIF", quality=90)
    np.testing.assert_allclose(loaded(tmp_path / "a.heic")[9, 9] * 255, (200, 100, 50), atol=4)


def jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    PIL.Image.fromarray(np.broadcast_to(ramp, (height, width))).save(file, "JPEG", quality=95)
    return file.getvalue()


def test_a_large_file_of_which_little_is_wanted_is_decoded_in_part(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(12000, 9000))
    assert "108 megapixels" in refusal(tmp_path / "a.jpg")
    picture = read_picture(tmp_path / "a.jpg", shorter_side=256)
    assert picture.size == (9000, 12000)
    assert picture.image.shape == (1, 3, 1125, 1500)
    ramp = np.linspace(0, 1, 1500)
    np.testing.assert_allclose(picture.image[0, 1, 500], ramp, atol=0.02)


def test_a_large_png_is_averaged_before_it_is_floats(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3000, 4000), np.uint8)
    PIL.Image.fromarray(pixels).save(tmp_path / "a.png", compress_level=1)
    picture = read_picture(tmp_path / "a.png", shorter_side=256)
    assert picture.image.shape == (1, 3, 1500, 2000)
    means = pixels.reshape(1500, 2, 2000, 2).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(picture.image[0, 0], means, atol=0.6 / 255)


def test_a_small_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(640, 480))
    picture = read_picture(tmp_path / "a.jpg", shorter_side=8)
    assert picture.image.shape == (1, 3, 480, 640)


def test_damaged_deep_files_are_refused(tmp_path: Path) -> None:
    whole = imagecodecs.png_encode(DEEP)
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match="cannot read"):
        load_image(tmp_path / "a.png")
    file = io.BytesIO()
    tifffile.imwrite(file, DEEP, photometric="rgb", compression="zlib")
    (tmp_path / "a.tif").write_bytes(file.getvalue()[: file.tell() // 3])
    with pytest.raises(ImageError, match="cannot read"):
        load_image(tmp_path / "a.tif")
