"""Writing image files: whole or not at all, and checked before any work is done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import IO, Any

from PIL.PngImagePlugin import PngInfo

from texonnx.errors import ImageError
from texonnx.images.arrays import Image, as_picture, finite_image
from texonnx.system.files import StrPath, check_target, write_whole

_WRITE: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True}),
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
    ".bmp": ("BMP", {}),
}


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
    picture = as_picture(finite_image(image))

    def encode(file: IO[bytes]) -> None:
        file_format, options = _WRITE[Path(path).suffix.lower()]
        if file_format == "PNG":
            options = {"pnginfo": _text_chunks(metadata or {})}
        picture.save(file, format=file_format, **options)

    write_whole(path, encode, _WRITE, "image", ImageError)


def check_writable(path: StrPath) -> None:
    """Raise, before any work is done, what :func:`save_image` would raise because of `path`."""
    check_target(path, _WRITE, "image", ImageError)


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


def _text_chunks(metadata: Mapping[str, str]) -> PngInfo:
    chunks = PngInfo()
    for key, text in metadata.items():
        chunks.add_text(key, text)
    return chunks
