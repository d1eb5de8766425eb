"""Image files to and from float32 arrays [1, 3, H, W] in [0, 1], RGB."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
import uuid
import warnings
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngInfo

from texonnx.errors import ImageError, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Image: TypeAlias = NDArray[np.float32]
StrPath: TypeAlias = str | os.PathLike[str]

MAX_PIXELS = 100_000_000

# Pillow tries every format it knows unless told otherwise; one of them starts Ghostscript.
_READ = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "PPM", "TGA")
_WRITE: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True}),
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
    ".bmp": ("BMP", {}),
}
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
        raise ImageError(f"cannot read '{path}': {_reason(error)}") from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])


def save_image(path: StrPath, image: Image, metadata: Mapping[str, str] | None = None) -> None:
    """Write an image file of 8 bits a channel; it appears whole or not at all.

    JPEG is written at quality 95 without chroma subsampling, WebP without loss.

    Parameters
    ----------
    path
        Where to; the suffix decides the format: .png, .jpg, .jpeg, .webp, .tif, .tiff or .bmp. An
        existing file is replaced.
    image
        Shape [1, 3, H, W], RGB; values outside [0, 1] are clipped.
    metadata
        Text chunks of a PNG file; the other formats carry none.

    Raises
    ------
    ImageError
        For an unknown suffix, a folder that is missing or cannot be written, a path that is a
        folder, an image of another shape or with values that are not finite, or an image too
        large for the format.
    """
    target = _target(path)
    values = _finite(image)[0].clip(0, 1).transpose(1, 2, 0)
    picture = PIL.Image.fromarray(np.rint(values * 255).astype(np.uint8))
    file_format, options = _WRITE[Path(path).suffix.lower()]
    beside = _beside(target)
    try:
        if file_format == "PNG":
            options = {"pnginfo": _text_chunks(metadata or {})}
        with beside.open("xb") as file:
            picture.save(file, format=file_format, **options)
        beside.replace(target)
    except Exception as error:  # encoders refuse images with errors of several types
        raise ImageError(f"cannot write '{path}': {_reason(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def check_writable(path: StrPath) -> None:
    """Make sure, before any work is done, that :func:`save_image` could write `path`.

    Raises
    ------
    ImageError
        For an unknown suffix, a folder that is missing or cannot be written, or a path that is a
        folder or a read-only file.
    """
    probe = _beside(_target(path))
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise ImageError(f"cannot write '{path}': {_reason(error)}") from error


def next_free_path(path: StrPath) -> Path:
    """Return `path` if nothing is there, else the first free of ``stem-2``, ``stem-3`` and so on.

    Examples
    --------
    >>> next_free_path("no-such-folder/stone.png").name
    'stone.png'
    """
    wanted = Path(path)
    if not os.path.lexists(wanted):
        return wanted
    numbered = (wanted.with_name(f"{wanted.stem}-{n}{wanted.suffix}") for n in count(2))
    return next(candidate for candidate in numbered if not os.path.lexists(candidate))


def resize(image: Image, height: int, width: int) -> Image:
    """Resample with an antialiased Lanczos filter, in float; the same size gives an equal copy.

    Parameters
    ----------
    image
        Shape [1, 3, H, W], in [0, 1].
    height, width
        The new size in pixels.

    Returns
    -------
    ndarray
        float32 of shape [1, 3, height, width], clipped to [0, 1].

    Raises
    ------
    ImageError
        When a side would be below 1 pixel, or the area above `MAX_PIXELS`.
    """
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise ImageError(
            f"cannot resize an image to {width} x {height} pixels; "
            f"sides of at least 1 pixel and at most {MAX_PIXELS // 10**6} megapixels are accepted"
        )
    if image.shape[2:] == (height, width):
        return image.copy()
    channels = [
        PIL.Image.fromarray(channel).resize((width, height), PIL.Image.Resampling.LANCZOS)
        for channel in image[0].astype(np.float32, copy=False)
    ]
    return np.stack([np.asarray(channel) for channel in channels])[np.newaxis].clip(0, 1)


def scale_shorter_side(image: Image, pixels: int) -> Image:
    """Resize so that the shorter side has `pixels` pixels, with the aspect ratio kept.

    Parameters
    ----------
    image
        Shape [1, 3, H, W], in [0, 1].
    pixels
        The new shorter side, at least 1.

    Raises
    ------
    ImageError
        When `pixels` is below 1, or the result would have more than `MAX_PIXELS` pixels.
    """
    if pixels < 1:
        raise ImageError(f"the shorter side cannot be {pixels} pixels; at least 1 is accepted")
    height, width = image.shape[2:]
    shorter = min(height, width)
    # Halves round up.
    new_height, new_width = (
        (2 * side * pixels + shorter) // (2 * shorter) for side in (height, width)
    )
    return resize(image, new_height, new_width)


def check_image(array: object) -> Image:
    """Validate an image handed over by a user of the library.

    Parameters
    ----------
    array
        Floats of shape [1, 3, H, W], RGB, in [0, 1] within 1e-6.

    Returns
    -------
    ndarray
        A contiguous float32 copy, clipped to [0, 1].

    Raises
    ------
    ImageError
        For another shape or type, or values that are not finite or out of range.
    """
    values = _finite(array)
    low, high = float(values.min()), float(values.max())
    if low < -1e-6 or high > 1 + 1e-6:
        raise ImageError(f"the image's values run from {low:g} to {high:g}; 0 to 1 is accepted")
    return np.ascontiguousarray(values.clip(0, 1), dtype=np.float32)


def _finite(array: object) -> NDArray[np.floating[Any]]:
    """Return `array` if it is an image of the right shape and type with finite values."""
    accepted = "floats of shape [1, 3, H, W] are accepted"
    try:
        values = np.asarray(array)
    except Exception:
        raise ImageError(f"an image cannot be made of {type(array).__name__}; {accepted}") from None
    if values.ndim != 4 or values.shape[:2] != (1, 3) or values.size == 0:
        raise ImageError(f"the image has the shape {list(values.shape)}; {accepted}")
    if values.dtype.kind != "f":
        raise ImageError(f"the image has values of type {values.dtype}; {accepted}, in 0 to 1")
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise ImageError(
            f"{bad} of the image's {values.size} values are not finite; 0 to 1 is accepted"
        )
    return values


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


def _target(path: StrPath) -> Path:
    """Return where `path` leads, links followed, if its suffix is known and it can be a file."""
    if Path(path).suffix.lower() not in _WRITE:
        raise ImageError(
            f"cannot write '{path}': {unknown('image suffix', Path(path).suffix, _WRITE)}"
        )
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise ImageError(f"cannot write '{path}': it is a folder; name a file")
        if not target.parent.is_dir():
            raise ImageError(f"cannot write '{path}': there is no folder '{Path(path).parent}'")
        if target.exists() and not (target.is_file() and os.access(target, os.W_OK)):
            raise ImageError(f"cannot write '{path}': it exists and cannot be written")
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot write '{path}': {_reason(error)}") from error
    return target


def _beside(target: Path) -> Path:
    """Return a new hidden name in the folder of `target`."""
    return target.with_name(f".texonnx-{uuid.uuid4().hex}.tmp")


def _text_chunks(metadata: Mapping[str, str]) -> PngInfo:
    chunks = PngInfo()
    for key, text in metadata.items():
        chunks.add_text(key, text)
    return chunks


def _reason(error: Exception) -> str:
    """Return what went wrong without the path and the error number."""
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__
