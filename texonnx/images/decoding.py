"""The pixels of an image file as they are in it: every bit, every channel, the profile, no colours.

Pillow decodes what has 8 bits. It cuts deeper colours to those, and takes some TIFF files for what
they are not: PNG, JPEG 2000 and TIFF files with more go through imagecodecs and tifffile, and PPM
is read here. What nothing here reads exactly is refused.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from texonnx.errors import ImageError
from texonnx.images.profiles import Encoding, encoding_of_png
from texonnx.sizes import MAX_PIXELS

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "PPM", "TGA", "AVIF")
"""By Pillow's names; unless told, it tries all that it knows, and one starts Ghostscript."""

TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_HEAD = 65536
"""Bytes of a PNG in which the chunks before its pixels are looked for, profiles aside."""
_PPM_HEAD = re.compile(
    rb"(?P<kind>P3|P6)(?:\s|#[^\n\r]*[\n\r])+\d+(?:\s|#[^\n\r]*[\n\r])+\d+"
    rb"(?:\s|#[^\n\r]*[\n\r])+(?P<largest>\d{1,5})\s"
)
_ORIENTATION = 0x0112
_PROFILE = 34675
_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE, _SEPARATED = 0, 1, 2, 3, 5
_UNSIGNED, _FLOAT, _UNDEFINED = 1, 3, 4
_ASSOCIATED, _UNASSOCIATED = 1, 2
_WHITE_OF_16_BITS = 65535


@dataclass
class Pixels:
    """What a file holds.

    Attributes
    ----------
    colours
        uint8, uint16 or float32 (in [0, 1]) of [H, W, C]: 1 grey, 3 RGB, 4 CMYK with 0 for no ink.
    alpha
        float32 [H, W], 0 where it is transparent; None where all is opaque.
    profile
        Of its colours, ICC.
    encoding
        What else says what its numbers mean.
    orientation
        Of EXIF, 1 to 8; 1 is upright.
    """

    colours: NDArray[Any]
    alpha: NDArray[np.float32] | None = None
    profile: bytes | None = None
    encoding: Encoding | None = None
    orientation: int = 1


def decode(file: IO[bytes], picture: PIL.Image.Image, reduction: int) -> Pixels:
    """Return the pixels of a file that Pillow has opened, and not yet decoded.

    Parameters
    ----------
    file
        The file itself.
    picture
        What Pillow makes of its head.
    reduction
        Where the pixels have 8 bits, both sides may be divided by as much, averaging, to save
        memory.

    Raises
    ------
    ImageError
        For what cannot be read exactly; other errors, of many types, for what is damaged.
    """
    if picture.format == "PNG":
        file.seek(0)
        head = file.read(_HEAD)
        encoding = None if picture.info.get("icc_profile") else encoding_of_png(head)
        depth, colour_type = head[24], head[25]
        pixels = _deep_png(file) if depth == 16 and colour_type != 0 else None
        if pixels is None:
            pixels = _by_pillow(picture, reduction)
        pixels.profile = picture.info.get("icc_profile")
        pixels.encoding = encoding
        return pixels
    pixels = _deep(file, picture) or _by_pillow(picture, reduction)
    pixels.profile = picture.info.get("icc_profile")
    return pixels


def _by_pillow(picture: PIL.Image.Image, reduction: int) -> Pixels:
    file_format, transparent = picture.format, picture.info.get("transparency")
    full = picture.size
    if file_format in ("JPEG", "MPO") and reduction > 1:
        picture.draft(picture.mode, (full[0] // reduction, full[1] // reduction))
    picture.load()
    orientation = _orientation(picture)
    mode = picture.mode
    # Of the formats that Pillow opens as "I", PPM alone has a known range.
    if mode.startswith("I;16") or (mode == "I" and file_format == "PPM"):
        grey = np.asarray(picture).astype(np.uint16)
        alpha = None if transparent is None else (grey != transparent).astype(np.float32)
        return Pixels(grey[..., np.newaxis], alpha, orientation=orientation)
    if mode in ("I", "F"):
        values = np.asarray(picture, np.float32)
        return Pixels(in_unit_range(values)[..., np.newaxis], orientation=orientation)
    left = reduction // max(1, round(full[0] / picture.width))
    reducible = mode in ("RGB", "L", "CMYK")
    if left > 1 and reducible and not picture.has_transparency_data:
        picture = picture.reduce(left)
    if picture.has_transparency_data:
        rgba = np.asarray(picture.convert("RGBA"))
        alpha = rgba[..., 3].astype(np.float32) / np.float32(255)
        colours = rgba[..., :1] if mode in ("L", "LA", "La", "1") else rgba[..., :3]
        return Pixels(colours, None if alpha.min() == 1 else alpha, orientation=orientation)
    if mode in ("L", "1"):
        return Pixels(np.asarray(picture.convert("L"))[..., np.newaxis], orientation=orientation)
    colours = np.asarray(picture if mode == "CMYK" else picture.convert("RGB"))
    return Pixels(colours, orientation=orientation)


def _orientation(picture: PIL.Image.Image) -> int:
    """Return the EXIF orientation; damaged EXIF says nothing about which way is up."""
    try:
        found = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # of many types
        return 1
    return found if found in range(1, 9) else 1


def _deep(file: IO[bytes], picture: PIL.Image.Image) -> Pixels | None:
    """Return what has more than 8 bits of colour, which Pillow would cut to those; else None."""
    if picture.format == "PPM" and picture.mode == "RGB":
        file.seek(0)
        return _deep_ppm(file.read(_HEAD), file, picture)
    if picture.format == "JPEG2000" and picture.mode not in ("L", "I;16"):
        file.seek(0)
        return _deep_jpeg2000(file.read())
    return None


def _deep_ppm(head: bytes, file: IO[bytes], picture: PIL.Image.Image) -> Pixels | None:
    """Return a colour PPM with a largest value above 255: big-endian words, or words in ASCII.

    Netpbm's ppm(5): after the largest value comes one white space, and then the pixels.
    """
    found = _PPM_HEAD.match(head)
    if found is None or (largest := int(found["largest"])) <= 255:
        return None
    file.seek(found.end())
    width, height = picture.size
    if found["kind"] == b"P6":
        values = np.frombuffer(file.read(6 * width * height), ">u2")
    else:
        text = re.sub(rb"#[^\n\r]*", b"", file.read())
        values = np.fromstring(text, np.int64, 3 * width * height, sep=" ")
    if values.size != 3 * width * height:
        raise ImageError("it is cut short: pixels are missing")
    if values.max() > largest:
        raise ImageError(f"it says that no value is above {largest}, and {values.max()} is")
    return Pixels(_stretched(values.reshape(height, width, 3), largest))


def _deep_jpeg2000(data: bytes) -> Pixels | None:
    """Return a JPEG 2000 file of 9 to 16 bits a colour, as OpenJPEG decodes it."""
    depths = _depths_of_jpeg2000(data)
    if max(depths) <= 8:
        return None
    if len(set(depths)) > 1 or len(depths) not in (1, 2, 3, 4) or max(depths) > 16:
        told = ", ".join(map(str, depths))
        raise ImageError(f"its channels have {told} bits, which is not read; convert it to a PNG")
    import imagecodecs

    values = np.asarray(imagecodecs.jpeg2k_decode(data))
    if values.dtype != np.uint16:
        raise ImageError("its values are signed, and their range is not known")
    return _with_alpha(_stretched(values.reshape(*values.shape[:2], -1), 2 ** depths[0] - 1))


def _depths_of_jpeg2000(data: bytes) -> list[int]:
    """Return the bits of each component: the segment SIZ (ITU-T T.800, A.5.1)."""
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0:
        return [8]
    components = struct.unpack_from(">H", data, start + 40)[0]
    depths = data[start + 42 : start + 42 + 3 * components : 3]
    return [(depth & 0x7F) + 1 for depth in depths] or [8]


def _stretched(values: NDArray[Any], largest: int) -> NDArray[np.uint16]:
    """Return values from 0 to `largest` as they are in 16 bits, rounded."""
    if largest == _WHITE_OF_16_BITS:
        return values.astype(np.uint16)
    scaled: NDArray[Any] = np.rint(values.astype(np.float64) * (_WHITE_OF_16_BITS / largest))
    return scaled.astype(np.uint16)


def _with_alpha(values: NDArray[np.uint16]) -> Pixels:
    """Return 16-bit channels as colours and, of two or four, the last as alpha."""
    if values.shape[-1] in (1, 3):
        return Pixels(values)
    alpha = values[..., -1].astype(np.float32) / np.float32(_WHITE_OF_16_BITS)
    return Pixels(values[..., :-1], None if alpha.min() == 1 else alpha)


def _deep_png(file: IO[bytes]) -> Pixels:
    """Return a PNG of 16 bits a channel, as libpng decodes it."""
    import imagecodecs

    file.seek(0)
    values = np.asarray(imagecodecs.png_decode(file.read()))
    if values.ndim == 2:
        values = values[..., np.newaxis]
    if values.dtype != np.uint16:
        raise ImageError("its 16 bits cannot be read exactly; convert it to a TIFF file")
    return _with_alpha(values)


def decode_deep_tiff(file: IO[bytes]) -> Pixels | None:
    """Return the first page of a TIFF that has more than Pillow reads right, or opens; else None.

    Raises
    ------
    ImageError
        For one that is damaged, too large, or cannot be read exactly.
    """
    import tifffile

    file.seek(0)
    try:
        with tifffile.TiffFile(file) as tiff:
            page: Any = tiff.pages[0]
            if page.bitspersample <= 8 and page.sampleformat in (_UNSIGNED, _UNDEFINED):
                return None
            check_pixels(page.imagewidth, page.imagelength)
            return _of_page(page)
    except ImageError:
        raise
    except Exception as error:  # of many types
        raise ImageError(f"it is damaged, or packed in a way that is not known: {error}") from error


def _of_page(page: Any) -> Pixels:
    photometric, samples = int(page.photometric), int(page.samplesperpixel)
    usual = {_MIN_IS_WHITE: 1, _MIN_IS_BLACK: 1, _RGB: 3, _SEPARATED: 4}
    if photometric not in usual or samples < usual[photometric]:
        name = getattr(page.photometric, "name", photometric)
        raise ImageError(
            f"a TIFF file of {page.bitspersample} bits in {name} is not read; convert it to RGB"
        )
    values = np.asarray(page.asarray())
    if int(page.planarconfig) == 2 and values.ndim == 3:
        values = np.moveaxis(values, 0, -1)
    values = values.reshape(*values.shape[:2], -1)
    values = _in_16_bits(values, int(page.sampleformat), int(page.bitspersample))
    count = usual[photometric]
    colours, alpha = values[..., :count], None
    kinds = [int(kind) for kind in page.extrasamples]
    if kinds and kinds[0] in (_ASSOCIATED, _UNASSOCIATED) and values.shape[-1] > count:
        alpha = values[..., count].astype(np.float32)
        alpha = alpha if values.dtype == np.float32 else alpha / np.float32(_WHITE_OF_16_BITS)
        if alpha.min() == 1:
            alpha = None
        elif kinds[0] == _ASSOCIATED:
            colours = _not_multiplied(colours, alpha)
    if photometric == _MIN_IS_WHITE:
        colours = 1 - colours if colours.dtype == np.float32 else _WHITE_OF_16_BITS - colours
    tags = page.tags
    return Pixels(
        np.ascontiguousarray(colours),
        alpha,
        tags[_PROFILE].value if _PROFILE in tags else None,
        orientation=int(tags[_ORIENTATION].value) if _ORIENTATION in tags else 1,
    )


def _in_16_bits(values: NDArray[Any], sample_format: int, bits: int) -> NDArray[Any]:
    """Return uint16, rounded and never cut, or float32 in [0, 1]."""
    if sample_format == _FLOAT:
        return in_unit_range(values.astype(np.float32))
    if sample_format != _UNSIGNED or not 8 < bits <= 16:
        kind = "unsigned" if sample_format == _UNSIGNED else "signed"
        raise ImageError(
            f"its values run from {values.min()} to {values.max()}, {kind} integers of {bits} "
            "bits, whose range is not known; unsigned ones of up to 16 bits, and of 32-bit images "
            "only floats from 0 to 1 are accepted"
        )
    return _stretched(values, 2**bits - 1)


def _not_multiplied(colours: NDArray[Any], alpha: NDArray[np.float32]) -> NDArray[Any]:
    largest = 1.0 if colours.dtype == np.float32 else float(_WHITE_OF_16_BITS)
    safe = np.where(alpha > 0, alpha, 1)[..., np.newaxis]
    divided = (colours / safe).clip(0, largest)
    return divided.astype(np.float32) if largest == 1 else np.rint(divided).astype(np.uint16)


def check_pixels(width: int, height: int, most: int = MAX_PIXELS) -> None:
    """Raise :class:`ImageError` for more pixels than are accepted."""
    if width * height > most:
        raise ImageError(
            f"it has {width} x {height} pixels ({width * height / 1e6:.0f} megapixels); at most "
            f"{most // 10**6} megapixels are accepted"
        )


def in_unit_range(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return floats from 0 to 1 as they are; raises :class:`ImageError` for others."""
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise ImageError(
            f"its values run from {low:g} to {high:g}; of 32-bit images only floats from 0 to 1 "
            "are accepted"
        )
    return values
