"""Image formats that need a package which is not always installed: HEIC and EXR."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

import numpy as np

from texonnx.errors import ImageError
from texonnx.images.decoding import Pixels, in_unit_range
from texonnx.images.profiles import LINEAR

EXR_MAGIC = b"\x76\x2f\x31\x01"
HEIC_MAGICS = (b"ftypheic", b"ftypheix", b"ftypheim", b"ftypheis", b"ftypmif1")
EXTRA_FORMATS = ("HEIF",)
"""By Pillow's names, once :func:`register_heic` was called."""


def register_heic() -> None:
    """Let Pillow read HEIC from now on.

    Raises
    ------
    ImageError
        With the name of the extra, where its package is not installed.
    """
    try:
        import pillow_heif
    except ImportError:
        raise _missing("HEIC", "heic") from None
    pillow_heif.register_heif_opener()


def decode_exr(file: IO[bytes]) -> Pixels:
    """Return the first part of an EXR file, whose numbers are light.

    Raises
    ------
    ImageError
        Where its package is not installed, with the name of the extra; or when it has other
        channels, or values beyond 0 to 1.
    """
    try:
        import OpenEXR
    except ImportError:
        raise _missing("EXR", "exr") from None
    # It reads files by name alone.
    with tempfile.TemporaryDirectory(prefix="texonnx-") as folder:
        path = Path(folder) / "image.exr"
        path.write_bytes(file.read())
        channels = OpenEXR.File(os.fspath(path)).channels()
    alpha = None
    if (name := next((one for one in ("RGBA", "RGB", "Y") if one in channels), None)) is None:
        raise ImageError(f"it has the channels {', '.join(channels)}; red, green and blue, or Y")
    values = np.asarray(channels[name].pixels, np.float32)
    values = values[..., np.newaxis] if values.ndim == 2 else values
    if values.shape[-1] == 4:
        values, alpha = values[..., :3], values[..., 3]
        alpha = None if alpha.min() == 1 else alpha
    return Pixels(in_unit_range(values), alpha, encoding=LINEAR)


def _missing(what: str, extra: str) -> ImageError:
    return ImageError(f"{what} files are read with an extra: pip install 'texonnx[{extra}]'")
