"""Reading image files of every usual kind in sRGB, and refusing what is none in one sentence."""

from __future__ import annotations

import contextlib
import json
import logging
import stat
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from texonnx.errors import ImageError, reason
from texonnx.images.arrays import Image, as_image
from texonnx.images.cutouts import largest_rectangle
from texonnx.images.decoding import (
    FORMATS,
    TIFF_MAGICS,
    Pixels,
    check_pixels,
    decode,
    decode_deep_tiff,
)
from texonnx.images.extras import (
    EXR_MAGIC,
    EXTRA_FORMATS,
    HEIC_MAGICS,
    decode_exr,
    register_heic,
)
from texonnx.images.profiles import name_of, through_profile
from texonnx.images.writing import DESCRIPTION
from texonnx.sizes import MAX_PIXELS, Size
from texonnx.system.files import StrPath

_MOST_REDUCED = 1_000_000_000
"""Pixels of a JPEG, which need not be decoded whole."""
_WORTH_REDUCING = 8_000_000
_OPAQUE = 1 - 0.5 / 255
_SPARE = 4
"""A reduced image has at least so many times the pixels a side that are wanted of it."""

_UPRIGHT = {
    2: (slice(None), slice(None, None, -1)),
    3: (slice(None, None, -1), slice(None, None, -1)),
    4: (slice(None, None, -1), slice(None)),
}
"""How rows and columns run after the EXIF orientation, those above 4 once they are exchanged."""
_EXCHANGED = {5: 1, 6: 2, 7: 3, 8: 4}

_pillow_lock = threading.Lock()
# What these log of a damaged file would otherwise reach standard error beside our sentence.
for _name in ("PIL", "tifffile"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Picture:
    """An image file, read.

    Attributes
    ----------
    image
        [1, 3, H, W], sRGB in [0, 1]; grey has three equal channels.
    alpha
        [H, W], 0 where it is transparent, 1 where it is opaque; None where all of it is.
    size
        Height and width in pixels of the file, upright.
    notes
        What was done to it, a sentence each.
    bits
        Of a channel, as they are kept: 8, or 16 where the file has more.
    """

    image: Image
    alpha: NDArray[np.float32] | None
    size: Size
    notes: tuple[str, ...]
    bits: int = 8

    @property
    def opaque(self) -> NDArray[np.bool_]:
        """[H, W], which pixels nothing shows through."""
        if self.alpha is None:
            return np.ones(self.image.shape[2:], np.bool_)
        return self.alpha >= _OPAQUE

    def opaque_part(self) -> Image:
        """Return the largest rectangle of the image that nothing shows through."""
        if self.alpha is None:
            return self.image
        rows, columns = largest_rectangle(self.opaque)
        return np.ascontiguousarray(self.image[:, :, rows, columns])

    def over_white(self) -> Image:
        """Return the image with white behind what is transparent."""
        if self.alpha is None:
            return self.image
        return (self.image * self.alpha + (1 - self.alpha)).astype(np.float32)


def load_image(path: StrPath) -> Image:
    """Read an image file as it is seen: in sRGB.

    Grey, palette and CMYK become RGB; 16 bits are kept; colour profiles are applied, and what a PNG
    says of its colours where it has none; transparency is composited over white; the EXIF
    orientation is applied; of several frames the first is read.

    Parameters
    ----------
    path
        A PNG, JPEG, WebP, TIFF, BMP, GIF, JPEG 2000, PPM, TGA or AVIF file; HEIC and EXR with the
        extras ``heic`` and ``exr``.

    Returns
    -------
    ndarray
        float32 of shape [1, 3, H, W], RGB, in [0, 1].

    Raises
    ------
    ImageError
        When there is no such file, it cannot be read exactly, is not an image or is damaged, has
        more than `MAX_PIXELS` pixels, or holds values of an unknown range.
    """
    return read_picture(path).over_white()


def read_picture(
    path: StrPath, shorter_side: int | None = None, *, as_numbers: bool = False
) -> Picture:
    """Read an image file as :func:`load_image` does, and tell what was done to it.

    Parameters
    ----------
    path
        As there.
    shorter_side
        How many pixels will be wanted of the shorter side: a large file need not be decoded whole
        then, and a JPEG may be larger. The result has at least four times as many.
    as_numbers
        Whether its channels are no colours, so that profiles say nothing of them.

    Raises
    ------
    ImageError
        As there.
    """
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            what = "folder" if stat.S_ISDIR(status.st_mode) else "special file"
            raise ImageError(f"it is a {what}, not an image file")
        if status.st_size == 0:
            raise ImageError("the file is empty (0 bytes), not an image")
        with Path(path).open("rb") as file:
            return _read(file, shorter_side, as_numbers)
    except ImageError as error:
        raise ImageError(f"cannot read '{path}': {error}") from error.__cause__
    except FileNotFoundError:
        raise ImageError(f"there is no image file '{path}'") from None
    except PIL.UnidentifiedImageError:
        known = ", ".join(known_formats())
        raise ImageError(
            f"cannot read '{path}': it is not an image in a known format; known: {known}"
        ) from None
    except Exception as error:  # decoders meet damaged files with errors of a dozen types
        raise ImageError(f"cannot read '{path}': {reason(error)}") from error


def read_metadata(path: StrPath) -> dict[str, str]:
    """Return what :func:`texonnx.images.save_image` wrote as `metadata`, if the format has it.

    Raises
    ------
    ImageError
        When the file is no image that can be read.
    """
    try:
        with _pillow_alone(), PIL.Image.open(path) as picture:
            if picture.format == "PNG":
                text = getattr(picture, "text", {})
                return {key: str(value) for key, value in text.items()}
            tags = getattr(picture, "tag_v2", None) or picture.getexif()
            described = tags.get(DESCRIPTION)
    except Exception as error:  # decoders meet damaged files with errors of a dozen types
        raise ImageError(f"cannot read the image '{path}': {_one_line(error)}") from error
    try:
        told = json.loads(described or "{}")
        return {str(key): str(value) for key, value in told.items()}
    except (ValueError, TypeError, AttributeError):
        return {}  # of another program


def _one_line(error: Exception) -> str:
    return next(iter(reason(error).splitlines()), type(error).__name__)


def known_formats() -> list[str]:
    """Return the formats that are read here, by Pillow's names."""
    PIL.Image.init()
    return [name for name in (*FORMATS, *EXTRA_FORMATS) if name in PIL.Image.OPEN]


def image_suffixes() -> set[str]:
    """Return the suffixes of file names, in small letters, of formats that are read here."""
    known = set(known_formats())
    of_pillow = PIL.Image.registered_extensions().items()
    return {suffix for suffix, name in of_pillow if name in known} | {".exr", ".heic"}


def _read(file: IO[bytes], shorter_side: int | None, as_numbers: bool) -> Picture:
    head = file.read(16)
    file.seek(0)
    if head.startswith(EXR_MAGIC):
        return _picture(decode_exr(file), as_numbers)
    if head.startswith(TIFF_MAGICS) and (deep := decode_deep_tiff(file)) is not None:
        return _picture(deep, as_numbers)
    file.seek(0)
    if head[4:12] in HEIC_MAGICS:
        register_heic()
    with _pillow_alone():
        picture = PIL.Image.open(file, formats=known_formats())
        width, height = picture.size
        reduction = _reduction(width, height, shorter_side)
        reducible = picture.format in ("JPEG", "MPO") and reduction > 1
        most = _MOST_REDUCED if reducible else MAX_PIXELS
        check_pixels(width, height, most)
        pixels = decode(file, picture, reduction)
    return _picture(pixels, as_numbers, (height, width))


def _reduction(width: int, height: int, shorter_side: int | None) -> int:
    """Return by how much a file's sides may be divided while it is decoded: 1, 2, 4 or 8."""
    if shorter_side is None or width * height < _WORTH_REDUCING:
        return 1
    spare = min(width, height) // (_SPARE * max(shorter_side, 1))
    return max(step for step in (1, 2, 4, 8) if step <= max(spare, 1))


def _picture(pixels: Pixels, as_numbers: bool, size: tuple[int, int] | None = None) -> Picture:
    """Bring pixels upright and, if they are colours, to sRGB."""
    values, notes = (_plain(pixels.colours), ()) if as_numbers else _in_srgb(pixels)
    height, width = size or values.shape[:2]
    exchanged = pixels.orientation in _EXCHANGED
    upright = _turned(values, pixels.orientation)
    alpha = None if pixels.alpha is None else _turned(pixels.alpha, pixels.orientation)
    rgb = np.broadcast_to(upright, (*upright.shape[:2], 3))
    return Picture(
        as_image(rgb),
        None if alpha is None else np.ascontiguousarray(alpha),
        Size(width, height) if exchanged else Size(height, width),
        notes,
        8 if pixels.colours.dtype == np.uint8 else 16,
    )


def _in_srgb(pixels: Pixels) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return [H, W, 1 or 3] in [0, 1], and what was done."""
    colours = pixels.colours
    if pixels.profile is not None:
        name = name_of(pixels.profile) or "unnamed"
        try:
            deep = colours if colours.dtype != np.float32 else _as_16_bits(colours)
            converted = through_profile(deep, pixels.profile)
        except ImageError:
            return _plain(colours), (f"its colour profile '{name}' is damaged; read as sRGB",)
        if converted is None:
            return _plain(colours), ()
        return converted, (f"colours converted to sRGB from the profile '{name}'",)
    values = _plain(colours)
    if pixels.encoding is None:
        return values, ()
    return pixels.encoding.to_srgb(values), (
        f"colours converted to sRGB from {pixels.encoding.name}",
    )


def _as_16_bits(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    scaled: NDArray[np.uint16] = np.rint(values * np.float32(65535)).astype(np.uint16)
    return scaled


def _plain(colours: NDArray[Any]) -> NDArray[np.float32]:
    """Return the numbers as they are, in [0, 1]; ink becomes light as if it were pure."""
    # Planes, as images have them: another copy of the floats would be the largest of all.
    planes = np.ascontiguousarray(colours.transpose(2, 0, 1)).astype(np.float32)
    values = planes.transpose(1, 2, 0)
    if colours.dtype != np.float32:
        values /= np.float32(np.iinfo(colours.dtype).max)
    if values.shape[-1] == 4:
        return (1 - values[..., :3]) * (1 - values[..., 3:])
    return values


def _turned(values: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Return the rows and columns of [H, W, ...] upright."""
    if orientation in _EXCHANGED:
        values = values.swapaxes(0, 1)
        orientation = _EXCHANGED[orientation]
    return values[_UPRIGHT[orientation]] if orientation in _UPRIGHT else values


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
