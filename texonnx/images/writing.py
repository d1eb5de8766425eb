"""Writing image files: whole or not at all, and checked before any work is done."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngInfo

from texonnx.errors import ImageError
from texonnx.images.arrays import Image, finite_image
from texonnx.images.profiles import srgb_profile
from texonnx.system.files import StrPath, check_target, write_whole


class _Format(NamedTuple):
    """Pillow's name of a format, and how it is written."""

    name: str
    options: dict[str, Any] = {}  # noqa: RUF012


_JPEG = _Format("JPEG", {"quality": 95, "subsampling": 0})
_TIFF = _Format("TIFF")
_WRITE = {
    ".png": _Format("PNG"),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _Format("WEBP", {"lossless": True, "exact": True}),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _Format("BMP"),
}
_MOST_PIXELS_A_SIDE = {"WEBP": 16383, "JPEG": 65500, "GIF": 65535}
DESCRIPTION, _SOFTWARE = 0x010E, 0x0131
"""Tags of TIFF and EXIF."""
_WITH_ALPHA = ("PNG", "WEBP", "TIFF")
_DEEP = ("PNG", "TIFF")
_ROWS_AT_ONCE = 256
"""Brought to whole numbers, so that a large image is not in memory as floats once more."""


def save_image(
    path: StrPath,
    image: Image,
    metadata: Mapping[str, str] | None = None,
    *,
    alpha: NDArray[np.float32] | None = None,
    depth: int = 8,
    colours: bool = True,
) -> None:
    """Write an image file; it appears whole or not at all, and says that it is in sRGB.

    JPEG is written at quality 95 without chroma subsampling, WebP without loss. An image without a
    colour is written in grey where the format has that.

    Parameters
    ----------
    path
        Where to; the suffix decides the format: .png, .jpg, .jpeg, .webp, .tif, .tiff or .bmp. An
        existing file is replaced.
    image
        Shape [1, 3, H, W], RGB; values outside [0, 1] are clipped.
    metadata
        What the file says of itself: text chunks of PNG, else the tags Software and, for the rest
        as JSON, ImageDescription; BMP has no place for it.
    alpha
        [H, W], 0 where the image is transparent; with JPEG and BMP, which have none, it is put over
        white.
    depth
        Bits a channel: 8, or 16 with PNG and TIFF.
    colours
        Whether its channels are that; of other numbers, such as normals, nothing is said.

    Raises
    ------
    ImageError
        For an unknown suffix, a folder that is missing or cannot be written, a path that is a
        folder, an image of another shape or with values that are not finite, an image too
        large for the format, or a depth that it has not.
    """
    values = finite_image(image)[0]
    suffix = Path(path).suffix.lower()
    if suffix in _WRITE:
        _check_depth(path, depth)

    def encode(file: IO[bytes]) -> None:
        name = _WRITE[suffix].name
        pixels = _in_whole_numbers(values, alpha, depth, keeps_alpha=name in _WITH_ALPHA)
        if depth == 8:
            _encode(file, pixels, _WRITE[suffix], metadata or {}, colours)
        else:
            _encode_deep(file, pixels, name, metadata or {}, colours)

    write_whole(path, encode, _WRITE, "image", ImageError)


def check_writable(path: StrPath, depth: int = 8) -> None:
    """Raise, before any work is done, what :func:`save_image` would raise because of `path`."""
    check_target(path, _WRITE, "image", ImageError)
    _check_depth(path, depth)


def check_fits(path: StrPath, size: tuple[int, int]) -> None:
    """Raise :class:`ImageError` for a height and width that the format has no place for."""
    way = _WRITE[Path(path).suffix.lower()].name
    most = _MOST_PIXELS_A_SIDE.get(way)
    if most is not None and max(size) > most:
        raise ImageError(
            f"cannot write '{path}': {way} has room for sides of {most} pixels, and the image has "
            f"{size[1]}x{size[0]}; use .png or .tif"
        )


def _check_depth(path: StrPath, depth: int) -> None:
    if depth not in (8, 16):
        raise ImageError(f"images are written with 8 or 16 bits a channel, not {depth}")
    if depth == 16 and _WRITE[Path(path).suffix.lower()].name not in _DEEP:
        raise ImageError(f"cannot write '{path}' with 16 bits a channel: use .png or .tif")


def _in_whole_numbers(
    values: NDArray[np.floating[Any]],
    alpha: NDArray[np.float32] | None,
    depth: int,
    *,
    keeps_alpha: bool,
) -> NDArray[Any]:
    """Return [3, H, W] and its alpha as [H, W, channels] of `depth` bits, some rows at a time.

    Of grey there is one channel. What has no alpha is put over white.
    """
    _, height, width = values.shape
    some = [slice(row, row + _ROWS_AT_ONCE) for row in range(0, height, _ROWS_AT_ONCE)]
    grey = all(_has_no_colour(values[:, rows]) for rows in some)
    count = 1 if grey else 3
    layers = count + (alpha is not None and keeps_alpha)
    pixels = np.empty((height, width, layers), np.uint8 if depth == 8 else np.uint16)
    for rows in some:
        colours = values[:count, rows].clip(0, 1).transpose(1, 2, 0)
        if alpha is not None:
            opaque = alpha[rows, :, np.newaxis]
            if keeps_alpha:
                colours = np.concatenate([colours, opaque], axis=-1)
            else:
                colours = colours * opaque + (1 - opaque)
        pixels[rows] = np.rint(colours * np.float32(2**depth - 1))
    return pixels


def _has_no_colour(values: NDArray[np.floating[Any]]) -> bool:
    seen = values.clip(0, 1)
    return bool((seen[:1] == seen[1:]).all())


def _encode(
    file: IO[bytes],
    pixels: NDArray[Any],
    way: _Format,
    metadata: Mapping[str, str],
    colours: bool,
) -> None:
    options = dict(way.options)
    if way.name == "PNG":
        options["pnginfo"] = _text_chunks(metadata, colours)
    elif way.name != "BMP":
        grey = pixels.shape[-1] < 3 and way.name != "WEBP"
        options["icc_profile"] = srgb_profile(grey=grey) if colours else None
        options["exif"] = _tags(metadata)
    if way.name == "WEBP" and pixels.shape[-1] < 3:
        pixels = np.concatenate([pixels[..., :1]] * 3 + [pixels[..., 1:]], axis=-1)
    picture = PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    picture.save(file, format=way.name, **options)


def _encode_deep(
    file: IO[bytes],
    pixels: NDArray[np.uint16],
    name: str,
    metadata: Mapping[str, str],
    colours: bool,
) -> None:
    if name == "TIFF":
        import tifffile

        grey, transparent = pixels.shape[-1] < 3, pixels.shape[-1] in (2, 4)
        tifffile.imwrite(
            file,
            pixels[..., 0] if pixels.shape[-1] == 1 else pixels,
            photometric="minisblack" if grey else "rgb",
            planarconfig="contig" if pixels.shape[-1] > 1 else None,
            extrasamples=["unassalpha"] if transparent else None,
            iccprofile=srgb_profile(grey=grey) if colours else None,
            metadata=None,
            software=metadata.get("Software", ""),
            description=json.dumps(dict(metadata)),
        )
        return
    import imagecodecs

    data = imagecodecs.png_encode(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    # The chunks of text go behind the header, which ends at byte 33.
    file.write(data[:33] + _chunks_as_bytes(metadata, colours) + data[33:])


def _tags(metadata: Mapping[str, str]) -> PIL.Image.Exif:
    """Return the tags that say what is in a JPEG, WebP or TIFF."""
    tags = PIL.Image.Exif()
    tags[_SOFTWARE] = metadata.get("Software", "texonnx")
    tags[DESCRIPTION] = json.dumps(dict(metadata))
    return tags


def _text_chunks(metadata: Mapping[str, str], colours: bool) -> PngInfo:
    """Return the chunks that say what is in a PNG; what no encoding has is replaced."""
    chunks = PngInfo()
    if colours:
        chunks.add(b"sRGB", b"\0")
    for key, text in metadata.items():
        chunks.add_text(key, text.encode("utf-8", "replace").decode("utf-8"))
    return chunks


def _chunks_as_bytes(metadata: Mapping[str, str], colours: bool) -> bytes:
    """Return the same chunks in the form that they have in a file, with length and checksum."""
    return b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data, *_ in _text_chunks(metadata, colours).chunks
    )
