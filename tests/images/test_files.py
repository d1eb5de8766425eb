"""texonnx.images: files to arrays and back, and what is refused."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import tracemalloc
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms
from support.commands import Outcome, run_process

from texonnx.errors import ImageError
from texonnx.images import (
    check_image,
    check_writable,
    load_image,
    read_picture,
    resize,
    save_image,
    scale_shorter_side,
)

if TYPE_CHECKING:
    from texonnx.images import Image

SUFFIXES = [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"]


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, *extra: bytes) -> bytes:
    """Return a PNG file written by hand: Pillow cannot write all the kinds that it reads."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *extra,
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def noise(height: int, width: int) -> Image:
    rng = np.random.default_rng(1)
    return rng.random((1, 3, height, width), dtype=np.float32)


def pixel(path: Path, y: int = 0, x: int = 0) -> list[float]:
    """Return the loaded pixel in units of 1/255."""
    return [round(float(value) * 255, 3) for value in load_image(path)[0, :, y, x]]


def refusal(path: object) -> str:
    """Return the sentence that refuses to load `path`."""
    with pytest.raises(ImageError) as caught:
        load_image(path)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_name_that_is_not_utf_8_does_not_cost_the_picture(tmp_path):
    image = noise(4, 4)
    save_image(tmp_path / "a.png", image, {"Source": "caf\udce9.jpg", "Comment": "naïve 石"})
    with PIL.Image.open(tmp_path / "a.png") as picture:
        picture.load()
        assert picture.text == {"Source": "caf?.jpg", "Comment": "naïve 石"}


def test_16_bits_are_written_and_read_again(tmp_path):
    image = noise(5, 7)
    alpha = np.linspace(0, 1, 35, dtype=np.float32).reshape(5, 7)
    for name in ("a.png", "a.tif"):
        save_image(tmp_path / name, image, {"Software": "x"}, alpha=alpha, depth=16)
        picture = read_picture(tmp_path / name)
        np.testing.assert_allclose(picture.image, image, atol=0.51 / 65535)
        np.testing.assert_allclose(picture.alpha, alpha, atol=0.51 / 65535)
        assert picture.notes == ()
    with pytest.raises(ImageError, match=r"use \.png or \.tif"):
        save_image(tmp_path / "a.jpg", image, depth=16)
    with pytest.raises(ImageError, match="8 or 16 bits"):
        save_image(tmp_path / "a.png", image, depth=12)


@pytest.mark.parametrize(("name", "depth"), [("a.png", 8), ("a.tif", 16), ("a.bmp", 8)])
def test_rows_beyond_the_first_hundreds_are_written_alike(tmp_path, name, depth):
    image = np.repeat(noise(600, 3)[:, :1], 3, axis=1)
    image[..., -1, 0] = (1, 0, 0.5)  # the one colour, in the last row
    alpha = np.linspace(0, 1, 1800, dtype=np.float32).reshape(600, 3)
    save_image(tmp_path / name, image, alpha=alpha, depth=depth)
    picture = read_picture(tmp_path / name)
    expected = image * alpha + (1 - alpha) if name == "a.bmp" else image
    np.testing.assert_allclose(picture.image, expected, atol=0.51 / (2**depth - 1))


def test_a_large_image_is_not_in_memory_as_floats_once_more(tmp_path):
    image = noise(1500, 1500)
    tracemalloc.start()
    try:
        save_image(tmp_path / "a.png", image)
        _, most = tracemalloc.get_traced_memory()
        assert most < image.nbytes
        tracemalloc.reset_peak()
        held, _ = tracemalloc.get_traced_memory()
        load_image(tmp_path / "a.png")
        assert tracemalloc.get_traced_memory()[1] - held < 2 * image.nbytes
    finally:
        tracemalloc.stop()


def test_what_is_written_says_that_it_is_srgb(tmp_path):
    for name in ("a.jpg", "a.tif", "a.webp"):
        save_image(tmp_path / name, noise(4, 4))
        with PIL.Image.open(tmp_path / name) as picture:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
    save_image(tmp_path / "a.png", noise(4, 4))
    assert b"sRGB" in (tmp_path / "a.png").read_bytes()[:64]


# Reading: kinds of image


def test_the_axes_are_batch_channel_row_column_and_the_channels_red_green_blue(tmp_path):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[1, 2] = [255, 51, 102]
    PIL.Image.fromarray(pixels).save(tmp_path / "a.png")
    image = load_image(tmp_path / "a.png")
    assert image.shape == (1, 3, 2, 3)
    assert image.dtype == np.float32
    assert image.flags.c_contiguous
    np.testing.assert_allclose(image[0, :, 1, 2], [1, 0.2, 0.4], rtol=1e-6)
    assert image.sum() == pytest.approx(1.6)


def test_a_path_may_be_a_string(tmp_path):
    PIL.Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    assert load_image(str(tmp_path / "a.png")).shape == (1, 3, 2, 2)


def test_the_content_decides_the_format_not_the_suffix(tmp_path):
    PIL.Image.new("RGB", (2, 2), (9, 8, 7)).save(tmp_path / "a.jpg", format="PNG")
    assert pixel(tmp_path / "a.jpg") == [9, 8, 7]


def test_grey_is_repeated_over_the_channels(tmp_path):
    PIL.Image.new("L", (2, 2), 77).save(tmp_path / "a.png")
    assert pixel(tmp_path / "a.png") == [77, 77, 77]


def test_16_bit_grey_keeps_its_precision(tmp_path):
    values = np.array([[0, 1, 0x1234, 65535]], np.uint16)
    PIL.Image.fromarray(values).save(tmp_path / "a.png")
    image = load_image(tmp_path / "a.png")
    np.testing.assert_allclose(image[0, 1, 0], [0, 1 / 65535, 0x1234 / 65535, 1], rtol=1e-6)


def test_16_bit_grey_tiff_of_either_byte_order_is_over_65535(tmp_path):
    tags = [(256, 2), (257, 1), (258, 16), (259, 1), (262, 1), (273, 110), (278, 1), (279, 4)]
    directory = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    head = b"MM\0*" + struct.pack(">IH", 8, len(tags)) + directory + b"\0\0\0\0"
    (tmp_path / "big.tif").write_bytes(head.ljust(110, b"\0") + struct.pack(">2H", 0x1234, 65535))
    PIL.Image.fromarray(np.array([[0x1234, 65535]], np.uint16)).save(tmp_path / "little.tif")
    for name in ("big.tif", "little.tif"):
        image = load_image(tmp_path / name)
        np.testing.assert_allclose(image[0, 2, 0], [0x1234 / 65535, 1], rtol=1e-6)


def test_16_bit_pgm_is_over_its_own_maximum(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 1023\n" + struct.pack(">2H", 0, 1023))
    np.testing.assert_array_equal(load_image(tmp_path / "a.pgm")[0, 0, 0], [0, 1])


def test_the_transparent_grey_of_a_16_bit_png_is_white(tmp_path):
    rows = b"\0" + struct.pack(">3H", 0x1234, 0x1235, 0)
    transparent = chunk(b"tRNS", struct.pack(">H", 0x1234))
    (tmp_path / "a.png").write_bytes(png(3, 1, 16, 0, rows, transparent))
    image = load_image(tmp_path / "a.png")
    np.testing.assert_allclose(image[0, 0, 0], [1, 0x1235 / 65535, 0], rtol=1e-6)


def test_16_bit_rgb_is_read_to_within_one_255th(tmp_path):
    values = (0xFFFF, 0x8000, 0x00FF)
    (tmp_path / "a.png").write_bytes(png(1, 1, 16, 2, b"\0" + struct.pack(">3H", *values)))
    expected = np.array(values) / 65535
    assert np.abs(load_image(tmp_path / "a.png")[0, :, 0, 0] - expected).max() <= 1 / 255


def test_float_tiff_from_0_to_1_is_taken_as_it_is(tmp_path):
    PIL.Image.fromarray(np.array([[0, 0.123456, 1]], np.float32)).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(
        load_image(tmp_path / "a.tif")[0, 0, 0], np.float32([0, 0.123456, 1])
    )


@pytest.mark.parametrize("bad", [-0.5, 1.5, 255.0, np.inf, np.nan])
def test_float_tiff_of_another_range_is_refused(tmp_path, bad):
    PIL.Image.fromarray(np.array([[0.5, bad]], np.float32)).save(tmp_path / "a.tif")
    assert "only floats from 0 to 1" in refusal(tmp_path / "a.tif")


def test_32_bit_integer_tiff_is_refused_with_its_range(tmp_path):
    PIL.Image.fromarray(np.array([[0, 70000]], np.int32)).save(tmp_path / "a.tif")
    assert "from 0 to 70000" in refusal(tmp_path / "a.tif")


def test_1_bit_is_black_and_white(tmp_path):
    PIL.Image.fromarray(np.array([[False, True]])).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_image(tmp_path / "a.png")[0, 0, 0], [0, 1])


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_alpha_is_composited_over_white(tmp_path, suffix):
    # 51/255 = 0.2 of (100, 0, 255) and 0.8 of white: (224, 204, 255).
    PIL.Image.new("RGBA", (4, 4), (100, 0, 255, 51)).save(tmp_path / f"a{suffix}", lossless=True)
    assert pixel(tmp_path / f"a{suffix}") == [224, 204, 255]


def test_grey_with_alpha_is_composited_over_white(tmp_path):
    PIL.Image.new("LA", (2, 2), (100, 51)).save(tmp_path / "a.png")
    assert pixel(tmp_path / "a.png") == [224, 224, 224]


def test_the_transparent_colour_of_an_rgb_png_is_white(tmp_path):
    PIL.Image.new("RGB", (2, 2), (1, 2, 3)).save(tmp_path / "a.png", transparency=(1, 2, 3))
    assert pixel(tmp_path / "a.png") == [255, 255, 255]


def palette_image() -> PIL.Image.Image:
    picture = PIL.Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 100, 0, 250])
    picture.putpixel((1, 0), 1)
    return picture


@pytest.mark.parametrize("suffix", [".png", ".gif", ".bmp", ".tif"])
def test_palette_indices_become_their_colours(tmp_path, suffix):
    palette_image().save(tmp_path / f"a{suffix}")
    assert pixel(tmp_path / f"a{suffix}", x=0) == [10, 20, 30]
    assert pixel(tmp_path / f"a{suffix}", x=1) == [100, 0, 250]


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_the_transparent_index_of_a_palette_is_white(tmp_path, suffix):
    palette_image().save(tmp_path / f"a{suffix}", transparency=0)
    assert pixel(tmp_path / f"a{suffix}", x=0) == [255, 255, 255]
    assert pixel(tmp_path / f"a{suffix}", x=1) == [100, 0, 250]


def test_palette_entries_with_partial_alpha_are_composited_over_white(tmp_path):
    palette_image().save(tmp_path / "a.png", transparency=bytes([255, 51]))
    assert pixel(tmp_path / "a.png", x=0) == [10, 20, 30]
    assert pixel(tmp_path / "a.png", x=1) == [224, 204, 254]


def test_cmyk_jpeg_becomes_rgb(tmp_path):
    # Cyan 255, magenta 0, yellow 127, black 0: red gone, green full, blue about half.
    PIL.Image.new("CMYK", (16, 16), (255, 0, 127, 0)).save(tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(pixel(tmp_path / "a.jpg", 8, 8), [0, 255, 128], atol=3)


def test_ycck_jpeg_becomes_rgb(tmp_path):
    # Adobe stores CMYK inverted, and YCCK codes 255 minus what CMYK would store (libjpeg's
    # jccolor.c): the ink itself. Pillow stores the inverse of what it is given, so these bytes are
    # Y 200, Cb 128, Cr 228, K 255. By JFIF, cyan = Y + 1.402 (Cr - 128) = 340, clipped to 255;
    # magenta = Y - 0.714136 (Cr - 128) = 128.6; yellow = Y + 1.772 (Cb - 128) = 200; no black.
    stored = (200, 128, 228, 255)
    buffer = io.BytesIO()
    inverse = tuple(255 - value for value in stored)
    PIL.Image.new("CMYK", (16, 16), inverse).save(buffer, "JPEG", quality=100)
    data = bytearray(buffer.getvalue())
    transform = data.index(b"Adobe") + 11
    assert data[transform] == 0
    data[transform] = 2
    (tmp_path / "a.jpg").write_bytes(bytes(data))
    np.testing.assert_allclose(pixel(tmp_path / "a.jpg", 8, 8), [0, 255 - 128.6, 55], atol=3)


# Where each orientation (EXIF 2.3, tag 274) puts the stored first row and first column.
ORIENTED = {
    1: [[0, 1, 2], [3, 4, 5]],
    2: [[2, 1, 0], [5, 4, 3]],
    3: [[5, 4, 3], [2, 1, 0]],
    4: [[3, 4, 5], [0, 1, 2]],
    5: [[0, 3], [1, 4], [2, 5]],
    6: [[3, 0], [4, 1], [5, 2]],
    7: [[5, 2], [4, 1], [3, 0]],
    8: [[2, 5], [1, 4], [0, 3]],
}


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", ORIENTED)
def test_the_exif_orientation_is_applied_once(tmp_path, orientation, suffix):
    exif = PIL.Image.Exif()
    exif[274] = orientation
    stored = np.repeat(np.arange(6, dtype=np.uint8).reshape(2, 3, 1), 3, axis=2)
    PIL.Image.fromarray(stored).save(tmp_path / f"a{suffix}", exif=exif, lossless=True)
    image = load_image(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(image[0, 0] * 255, ORIENTED[orientation], rtol=1e-6)


def test_the_exif_orientation_of_16_bit_grey_is_applied(tmp_path):
    exif = PIL.Image.Exif()
    exif[274] = 6
    stored = np.arange(6, dtype=np.uint16).reshape(2, 3)
    PIL.Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_allclose(load_image(tmp_path / "a.png")[0, 0] * 65535, ORIENTED[6], rtol=1e-6)


@pytest.mark.parametrize("exif", [b"junk", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\xff"])
def test_damaged_exif_is_ignored(tmp_path, exif):
    data = png(1, 1, 8, 2, b"\0\x07\x08\x09", chunk(b"eXIf", exif))
    (tmp_path / "a.png").write_bytes(data)
    assert pixel(tmp_path / "a.png") == [7, 8, 9]


@pytest.mark.parametrize("suffix", [".gif", ".png", ".tif", ".webp"])
def test_of_several_frames_the_first_is_read(tmp_path, suffix):
    first, second = (PIL.Image.new("RGB", (4, 4), (c, c, c)) for c in (10, 200))
    first.save(tmp_path / f"a{suffix}", save_all=True, append_images=[second], lossless=True)
    assert pixel(tmp_path / f"a{suffix}") == [10, 10, 10]


# Reading: what is refused


def test_a_missing_file_is_refused_by_name(tmp_path):
    assert refusal(tmp_path / "a.png") == f"there is no image file '{tmp_path / 'a.png'}'"


def test_a_folder_is_refused(tmp_path):
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    assert "special file" in refusal(tmp_path / "a.png")


def test_a_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "file/a.png" in refusal(tmp_path / "file" / "a.png")


@pytest.mark.parametrize("path", ["x" * 5000 + ".png", "nul\0byte.png"])
def test_an_impossible_path_is_refused(path):
    assert refusal(path)


def test_a_file_that_may_not_be_opened_is_refused_with_the_reason(tmp_path, monkeypatch):
    PIL.Image.new("RGB", (2, 2)).save(tmp_path / "a.png")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # root may open every file, so chmod will not do
    assert refusal(tmp_path / "a.png").endswith("Permission denied")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.png").touch()
    assert "0 bytes" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("content", [b"not an image", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG"])
def test_what_is_not_an_image_is_refused_with_the_known_formats(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    assert "PNG, JPEG, WEBP" in refusal(tmp_path / "a.png")


def test_formats_that_start_other_programs_are_not_read(tmp_path):
    PIL.Image.new("RGB", (2, 2)).save(tmp_path / "a.png", format="EPS")
    assert "not an image in a known format" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    save_image(path, noise(64, 64))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert str(path) in refusal(path)


def test_no_damage_to_a_file_raises_anything_but_image_errors(tmp_path):
    rng = np.random.default_rng(0)
    read = 0
    for suffix in (".png", ".jpg", ".webp", ".tif", ".bmp", ".gif"):
        path = tmp_path / f"a{suffix}"
        PIL.Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).save(path)
        whole = path.read_bytes()
        for _ in range(60):
            damaged = bytearray(whole)
            for place in rng.integers(0, min(len(whole), 200), 3):
                damaged[place] = rng.integers(256)
            path.write_bytes(damaged)
            try:
                image = load_image(path)
            except ImageError as error:
                assert str(path) in str(error)
            else:
                read += 1
                assert 0 <= image.min() <= image.max() <= 1
    assert read > 0


@pytest.mark.parametrize("damage", ["99 samples per pixel", "cut in the directory"])
def test_nothing_but_the_error_is_said_of_a_damaged_file(tmp_path, damage):
    # Pillow logs the first and warns of the second.
    PIL.Image.new("RGB", (2, 2)).save(tmp_path / "a.tif")
    data = (tmp_path / "a.tif").read_bytes()
    entry = struct.pack("<HHI", 277, 3, 1)  # SamplesPerPixel
    place = data.index(entry) + len(entry)
    data = data[:place] + (b"\x63" + data[place + 1 :] if damage.startswith("99") else b"")
    (tmp_path / "a.tif").write_bytes(data)
    code = (
        "import sys, texonnx.images, texonnx.errors\n"
        "try: texonnx.images.load_image(sys.argv[1])\n"
        "except texonnx.errors.ImageError: print('refused')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.tif")]
    assert run_process(command, Path(__file__).parents[2]) == Outcome(0, "refused\n", "")


def bomb(path: Path, width: int, height: int) -> None:
    """Write a PNG header that promises width x height pixels, and next to no pixels."""
    path.write_bytes(png(width, height, 8, 2, b"\0"))


@pytest.mark.parametrize(
    ("width", "height", "megapixels"), [(10_001, 10_000, 100), (60_000, 50_000, 3000)]
)
def test_a_decompression_bomb_is_refused_with_its_size_and_the_limit(
    tmp_path, width, height, megapixels
):
    bomb(tmp_path / "a.png", width, height)
    message = refusal(tmp_path / "a.png")
    assert f"{width} x {height} pixels ({megapixels} megapixels)" in message
    assert "at most 100 megapixels" in message


def test_a_decompression_bomb_is_refused_before_its_pixels_are_decoded(tmp_path, monkeypatch):
    bomb(tmp_path / "a.png", 20_000, 20_000)
    decoded = []
    monkeypatch.setattr(PIL.Image.Image, "load", decoded.append)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded.append)
    assert "400 megapixels" in refusal(tmp_path / "a.png")
    assert not decoded


def test_an_image_at_the_limit_is_not_a_bomb_and_gives_no_warning(tmp_path):
    bomb(tmp_path / "a.png", 10_000, 10_000)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        message = refusal(tmp_path / "a.png")  # its pixels are missing
    assert "megapixels" not in message
    assert not caught


def test_pillows_own_limit_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 123)
    PIL.Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png").shape == (1, 3, 20, 20)
    refusal(tmp_path / "missing.png")
    assert PIL.Image.MAX_IMAGE_PIXELS == 123


# Writing


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".tiff", ".bmp", ".PNG"])
def test_lossless_formats_give_back_every_8_bit_value(tmp_path, suffix):
    image = (np.arange(768, dtype=np.float32) % 256 / np.float32(255)).reshape(1, 3, 16, 16)
    save_image(tmp_path / f"a{suffix}", image)
    np.testing.assert_allclose(load_image(tmp_path / f"a{suffix}"), image, atol=1e-6)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
def test_jpeg_is_near_the_image_and_keeps_its_colour_resolution(tmp_path, suffix):
    image = np.zeros((1, 3, 16, 16), np.float32)
    image[0, 0, :, ::2] = 1  # red and black columns: chroma subsampling would blur them
    save_image(tmp_path / f"a{suffix}", image)
    assert np.abs(load_image(tmp_path / f"a{suffix}") - image).max() < 0.1


@pytest.mark.parametrize(
    ("suffix", "file_format"),
    [(".png", "PNG"), (".jpg", "JPEG"), (".jpeg", "JPEG"), (".webp", "WEBP"), (".tif", "TIFF")],
)
def test_the_suffix_decides_the_format(tmp_path, suffix, file_format):
    save_image(tmp_path / f"a{suffix}", noise(4, 4))
    with PIL.Image.open(tmp_path / f"a{suffix}") as picture:
        assert picture.format == file_format


def test_values_are_clipped_and_rounded_to_8_bit(tmp_path):
    image = np.zeros((1, 3, 1, 4), np.float32)
    image[0, 0, 0] = [-0.3, 1.7, 0.49 / 255, 0.51 / 255]
    save_image(tmp_path / "a.png", image)
    with PIL.Image.open(tmp_path / "a.png") as picture:
        assert [picture.getpixel((x, 0))[0] for x in range(4)] == [0, 255, 0, 1]


def test_png_carries_the_metadata_as_text_chunks(tmp_path):
    metadata = {"texonnx": "seed 1", "Title": "pavé ☃"}
    save_image(tmp_path / "a.png", noise(2, 2), metadata)
    with PIL.Image.open(tmp_path / "a.png") as picture:
        assert picture.text == metadata


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.tif"])
def test_other_formats_carry_the_metadata_as_tags(tmp_path, name):
    metadata = {"Software": "seed 1", "Title": "pavé ☃"}
    save_image(tmp_path / name, noise(2, 2), metadata)
    with PIL.Image.open(tmp_path / name) as picture:
        tags = picture.tag_v2 if name == "a.tif" else picture.getexif()
        # EXIF 2.32, table 3: Software and ImageDescription.
        assert tags[0x0131].rstrip("\0") == "seed 1"
        assert json.loads(tags[0x010E]) == metadata


def test_bmp_has_no_place_for_metadata(tmp_path):
    save_image(tmp_path / "a.bmp", noise(2, 2), {"texonnx": "seed 1"})
    assert b"seed 1" not in (tmp_path / "a.bmp").read_bytes()


def test_an_existing_file_is_replaced_and_nothing_else_is_left(tmp_path):
    (tmp_path / "a.png").write_text("old")
    save_image(tmp_path / "a.png", noise(2, 2))
    assert load_image(tmp_path / "a.png").shape == (1, 3, 2, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be replaced on Windows")
def test_who_is_reading_the_old_file_never_sees_half_of_the_new(tmp_path):
    (tmp_path / "a.png").write_text("old")
    with (tmp_path / "a.png").open() as reader:
        save_image(tmp_path / "a.png", noise(2, 2))
        assert reader.read() == "old"


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "b.png").symlink_to(tmp_path / "target.data")
    save_image(tmp_path / "b.png", noise(2, 2))
    assert (tmp_path / "b.png").is_symlink()
    assert load_image(tmp_path / "target.data").shape == (1, 3, 2, 2)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    save_image(tmp_path / "a.png", noise(2, 2))
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), ValueError("too big")])
def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, failure):
    (tmp_path / "a.png").write_text("old")

    def half_written(_: object, file: io.BytesIO, **__: object) -> None:
        file.write(b"half")
        raise failure

    monkeypatch.setattr(PIL.Image.Image, "save", half_written)
    with pytest.raises(ImageError, match=r"cannot write .*a\.png.*(No space|too big)"):
        save_image(tmp_path / "a.png", noise(2, 2))
    assert (tmp_path / "a.png").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(_: object, file: io.BytesIO, **__: object) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(PIL.Image.Image, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_image(tmp_path / "a.png", noise(2, 2))
    assert not list(tmp_path.iterdir())


def test_an_image_too_large_for_the_format_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(ImageError, match=r"cannot write .*a\.webp"):
        save_image(tmp_path / "a.webp", np.zeros((1, 3, 1, 16384), np.float32))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((3, 4, 4), np.float32),
        np.zeros((1, 4, 4, 3), np.float32),
        np.zeros((1, 3, 0, 4), np.float32),
        np.zeros((1, 3, 4, 4), np.uint8),
        np.full((1, 3, 4, 4), np.nan, np.float32),
    ],
)
def test_what_is_no_image_is_not_written(tmp_path, image):
    with pytest.raises(ImageError):
        save_image(tmp_path / "a.png", image)
    assert not list(tmp_path.iterdir())


def write(path: object) -> None:
    save_image(path, noise(2, 2))  # type: ignore[arg-type]


@pytest.fixture(params=[write, check_writable], ids=["save_image", "check_writable"])
def refused(request):
    """Return a function that gives the sentence with which both ways in refuse a path."""

    def refusal_of(path: object) -> str:
        with pytest.raises(ImageError) as caught:
            request.param(path)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return refusal_of


@pytest.mark.parametrize("name", ["a.gif", "a", "a.pngx", ".png"])
def test_an_unknown_suffix_is_refused_with_the_known(tmp_path, refused, name):
    assert "known: .png, .jpg, .jpeg, .webp, .tif, .tiff, .bmp" in refused(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_misspelt_suffix_is_corrected(tmp_path, refused):
    assert "did you mean '.jpeg'?" in refused(tmp_path / "a.jpegg")


def test_a_missing_folder_is_refused_by_name(tmp_path, refused):
    assert f"there is no folder '{tmp_path / 'missing'}'" in refused(tmp_path / "missing" / "a.png")


def test_a_path_below_a_file_is_not_written(tmp_path, refused):
    (tmp_path / "file").write_text("x")
    assert "there is no folder" in refused(tmp_path / "file" / "a.png")


def test_a_path_that_is_a_folder_is_refused(tmp_path, refused):
    (tmp_path / "a.png").mkdir()
    assert "is a folder" in refused(tmp_path / "a.png")


def test_a_nul_in_the_path_is_refused(refused):
    assert "cannot write" in refused("nul\0.png")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder closed even to root")
def test_a_folder_closed_to_writing_is_refused(refused):
    assert refused("/proc/self/a.png").startswith("cannot write '/proc/self/a.png': ")


def test_a_refused_new_file_is_refused_with_the_reason(tmp_path, refused, monkeypatch):
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    monkeypatch.setattr(Path, "touch", denied)
    assert refused(tmp_path / "a.png").endswith("a.png': Permission denied")


def test_a_read_only_file_is_not_replaced(tmp_path, refused, monkeypatch):
    (tmp_path / "a.png").write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write every file
    assert "cannot be written" in refused(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_text() == "old"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_neither_file_nor_folder_is_not_replaced(tmp_path, refused):
    os.mkfifo(tmp_path / "a.png")
    assert "cannot be written" in refused(tmp_path / "a.png")
    assert (tmp_path / "a.png").is_fifo()


def test_check_writable_leaves_nothing_behind_and_touches_nothing(tmp_path):
    (tmp_path / "a.png").write_text("old")
    check_writable(tmp_path / "a.png")
    check_writable(tmp_path / "b.PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_text() == "old"


def test_a_bare_name_is_writable_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_writable("a.png")
    save_image("a.png", noise(2, 2))
    assert (tmp_path / "a.png").is_file()


# Resizing


def test_resize_gives_the_asked_height_and_width_in_float32():
    resized = resize(noise(8, 6), 5, 7)
    assert resized.shape == (1, 3, 5, 7)
    assert resized.dtype == np.float32
    assert resized.flags.c_contiguous


def test_the_same_size_gives_an_unchanged_copy():
    image = noise(5, 7)
    same = resize(image, 5, 7)
    np.testing.assert_array_equal(same, image)
    assert not np.shares_memory(same, image)


@pytest.mark.parametrize("size", [(3, 3), (32, 17)])
def test_a_constant_image_stays_constant_and_unrounded(size):
    resized = resize(np.full((1, 3, 9, 9), 0.12345, np.float32), *size)
    np.testing.assert_allclose(resized, 0.12345, rtol=1e-6)


def test_channels_are_resized_apart():
    image = np.zeros((1, 3, 8, 8), np.float32)
    image[0, 1] = 0.5
    np.testing.assert_allclose(resize(image, 4, 4)[0].mean(axis=(1, 2)), [0, 0.5, 0], atol=1e-6)


def test_shrinking_is_antialiased():
    # A checkerboard of period 2 is above the new Nyquist frequency: only its mean is left inside.
    board = (np.indices((64, 64)).sum(axis=0) % 2).astype(np.float32)
    small = resize(np.broadcast_to(board, (1, 3, 64, 64)), 16, 16)
    np.testing.assert_allclose(small[:, :, 2:-2, 2:-2], 0.5, atol=0.01)


def test_overshoot_is_clipped():
    step = np.zeros((1, 3, 8, 8), np.float32)
    step[..., 4:] = 1
    enlarged = resize(step, 32, 32)
    assert enlarged.min() == 0
    assert enlarged.max() == 1


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (20_000, 20_000)])
def test_an_impossible_size_is_refused(size):
    with pytest.raises(ImageError, match=f"{size[1]} x {size[0]} pixels; .*at least 1 pixel"):
        resize(noise(4, 4), *size)


@pytest.mark.parametrize(
    ("before", "pixels", "after"),
    [
        ((100, 200), 50, (50, 100)),
        ((200, 100), 50, (100, 50)),
        ((30, 30), 60, (60, 60)),
        ((2, 3), 1, (1, 2)),
        ((3, 10), 2, (2, 7)),
    ],
)
def test_the_shorter_side_gets_the_pixels_and_the_aspect_is_kept(before, pixels, after):
    assert scale_shorter_side(noise(*before), pixels).shape == (1, 3, *after)


def test_a_shorter_side_below_1_is_refused():
    with pytest.raises(ImageError, match="0 pixels; at least 1"):
        scale_shorter_side(noise(4, 4), 0)


# Arrays from users of the library


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_arrays_become_contiguous_float32(dtype):
    array = np.zeros((1, 3, 4, 6), dtype)[..., ::2]
    array[...] = 0.25
    image = check_image(array)
    assert image.dtype == np.float32
    assert image.flags.c_contiguous
    assert image.shape == (1, 3, 4, 3)
    assert (image == 0.25).all()


def test_rounding_beyond_the_range_is_clipped():
    array = np.zeros((1, 3, 1, 2))
    array[..., 0] = -5e-7
    array[..., 1] = 1 + 5e-7
    image = check_image(array)
    assert image.min() == 0
    assert image.max() == 1


def test_the_users_array_is_left_alone():
    array = np.zeros((1, 3, 2, 2), np.float32)
    check_image(array)[...] = 1
    assert not array.any()


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((3, 4, 4)), r"shape \[3, 4, 4\].*\[1, 3, H, W\]"),
        (np.zeros((1, 4, 4, 3)), r"shape \[1, 4, 4, 3\]"),
        (np.zeros((2, 3, 4, 4)), r"shape \[2, 3, 4, 4\]"),
        (np.zeros((1, 3, 0, 4)), r"shape \[1, 3, 0, 4\]"),
        (None, r"shape \[\]"),
        ([[1.0], [1.0, 2.0]], "list"),
        (np.zeros((1, 3, 4, 4), np.uint8), "uint8.*floats"),
        (np.zeros((1, 3, 4, 4), complex), "complex128.*floats"),
        (np.full((1, 3, 4, 4), np.nan), "48 of the image's 48 values are not finite"),
        (np.full((1, 3, 4, 4), np.inf), "not finite"),
        (np.full((1, 3, 4, 4), 255.0), "from 255 to 255; 0 to 1"),
        (np.full((1, 3, 4, 4), -0.01), "from -0.01 to -0.01; 0 to 1"),
    ],
)
def test_an_unfit_array_is_refused_with_what_is_wrong(array, sentence):
    with pytest.raises(ImageError, match=sentence):
        check_image(array)
