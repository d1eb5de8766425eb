"""Reading image files of every usual kind, and refusing what is none in one sentence."""

from __future__ import annotations

import contextlib
import logging
import stat
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from texonnx.errors import ImageError, reason
from texonnx.images.arrays import Image, as_image
from texonnx.sizes import MAX_PIXELS
from texonnx.system.files import StrPath

# Pillow tries every format it knows unless told otherwise; one of them starts Ghostscript.
_READ = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "PPM", "TGA")
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}
_pillow_lock = threading.Lock()
# What Pillow logs of a damaged file would otherwise reach standard error beside our sentence.
logging.getLogger("PIL").addHandler(logging.NullHandler())


def load_image(path: StrPath) -> Image:
    """Read an image file.

    Grey, palette and CMYK become RGB; 16-bit grey keeps its 16 bits; transparency is composited
    over white; the EXIF orientation is applied; of several frames the first is read. Colour
    profiles are not applied.

    Parameters
    ----------
    path
        A PNG, JPEG, WebP, TIFF, BMP, GIF, JPEG 2000, PPM or TGA file.

    Returns
    -------
    ndarray
        float32 of shape [1, 3, H, W], RGB, in [0, 1].

    Raises
    ------
    ImageError
        When there is no such file, it cannot be read, is not an image or is damaged, has more
        than `MAX_PIXELS` pixels, or holds values of an unknown range.
    """
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            what = "folder" if stat.S_ISDIR(status.st_mode) else "special file"
            raise ImageError(f"cannot read '{path}': it is a {what}, not an image file")
        if status.st_size == 0:
            raise ImageError(f"cannot read '{path}': the file is empty (0 bytes), not an image")
        with Path(path).open("rb") as file, _pillow_alone():
            pixels = _decode(PIL.Image.open(file, formats=_READ), path)
    except ImageError:
        raise
    except FileNotFoundError:
        raise ImageError(f"there is no image file '{path}'") from None
    except PIL.UnidentifiedImageError:
        raise ImageError(
            f"cannot read '{path}': it is not an image in a known format; known: {', '.join(_READ)}"
        ) from None
    except Exception as error:  # decoders meet damaged files with errors of a dozen types
        raise ImageError(f"cannot read '{path}': {reason(error)}") from error
    return as_image(pixels)


def _decode(picture: PIL.Image.Image, path: StrPath) -> NDArray[np.float32]:
    """Return the pixels [H, W, 3] of an opened image."""
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"cannot read '{path}': it has {width} x {height} pixels ({width * height / 1e6:.0f} "
            f"megapixels); at most {MAX_PIXELS // 10**6} megapixels are accepted"
        )
    file_format, transparency = picture.format, picture.info.get("transparency")
    picture.load()
    picture = _upright(picture)
    # Of the formats that Pillow opens as "I", PPM alone has a known range.
    if picture.mode.startswith("I;16") or (picture.mode == "I" and file_format == "PPM"):
        values = np.asarray(picture, np.float32) / np.float32(65535)
        if transparency is not None:
            values[values == np.float32(transparency) / np.float32(65535)] = 1
    elif picture.mode in ("I", "F"):
        values = np.asarray(picture, np.float32)
        low, high = float(values.min()), float(values.max())
        if not (low >= 0 and high <= 1):
            raise ImageError(
                f"cannot read '{path}': its values run from {low:g} to {high:g}; of 32-bit images "
                "only floats from 0 to 1 are accepted"
            )
    elif picture.has_transparency_data:
        rgba = np.asarray(picture.convert("RGBA"), np.float32) / np.float32(255)
        alpha = rgba[..., 3:]
        values = rgba[..., :3] * alpha + (1 - alpha)
    else:
        values = np.asarray(picture.convert("RGB"), np.float32) / np.float32(255)
    return np.repeat(values[..., np.newaxis], 3, axis=2) if values.ndim == 2 else values


def _upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Apply the EXIF orientation; damaged EXIF says nothing about which way is up."""
    orientation = None
    with contextlib.suppress(Exception):
        orientation = picture.getexif().get(_ORIENTATION_TAG)
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


@contextlib.contextmanager
def _pillow_alone() -> Iterator[None]:
    """Hold back Pillow's warnings, and its pixel limit in favour of ours; both are global."""
    with _pillow_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit
