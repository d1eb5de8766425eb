"""Maps that belong to a picture pixel by pixel: normals, numbers such as heights, colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import ImageError, OptionError, unknown
from texonnx.images.arrays import Image
from texonnx.images.reading import read_picture
from texonnx.images.writing import save_image
from texonnx.sizes import Size
from texonnx.system.files import StrPath

NORMAL, DATA, COLOUR = "normal", "data", "colour"
KINDS = (NORMAL, DATA, COLOUR)
"""Directions, of which red, green and blue are x, y and z; numbers; and what the eye sees."""
BY_NAME = "auto"

_NAMES = {
    NORMAL: {"normal", "normals", "nrm", "nor", "norm", "normalgl", "normaldx"},
    DATA: {
        *("roughness", "rough", "gloss", "glossiness", "smoothness", "metallic", "metalness"),
        *("metal", "height", "heightmap", "displacement", "disp", "bump", "depth", "ao"),
        *("occlusion", "opacity", "alpha", "mask", "orm", "arm", "cavity", "thickness"),
    },
    COLOUR: {
        *("albedo", "diffuse", "diff", "color", "colour", "basecolor", "basecolour", "col"),
        *("emissive", "emission", "specular", "spec", "sheen", "tint"),
    },
}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LEAST_OUT = 0.02
"""Of a normal, outwards: steeper ones are a fault of averages."""
_LOSSLESS = (".png", ".tif", ".tiff")


@dataclass(frozen=True)
class MaterialMap:
    """A map of a material.

    Attributes
    ----------
    name
        Of the file that it was read from.
    kind
        ``normal``, ``data`` or ``colour``.
    image
        [1, 3, H, W] in [0, 1], three equal channels if it has but one; normals are (n + 1) / 2.
    alpha
        [H, W], where the file has it.
    bits
        Of a channel: 8 or 16.
    size
        Height and width of the file.
    notes
        What was done to it, a sentence each.
    """

    name: str
    kind: str
    image: Image
    alpha: NDArray[np.float32] | None
    bits: int
    size: Size
    notes: tuple[str, ...] = ()

    def save(self, path: StrPath, metadata: Mapping[str, str] | None = None) -> None:
        """Write it with as many bits as it had; raises as :func:`texonnx.save_image` does."""
        save_image(
            path,
            self.image,
            metadata,
            alpha=self.alpha,
            depth=self.bits,
            colours=self.kind == COLOUR,
        )


def read_map(path: StrPath, kind: str = BY_NAME, shorter_side: int | None = None) -> MaterialMap:
    """Read a map; normals and data without regard to colour profiles.

    Parameters
    ----------
    path
        An image file.
    kind
        ``normal``, ``data`` or ``colour``, or ``auto``: see :func:`kind_of`.
    shorter_side
        As in `read_picture`.

    Raises
    ------
    OptionError
        For an unknown kind.
    ImageError
        For a file that will not do; for normals in a single channel.
    """
    if kind not in (*KINDS, BY_NAME):
        raise OptionError(unknown("kind of map", kind, (*KINDS, BY_NAME)))
    guessed = kind_of(Path(path).name)
    asked = kind if kind != BY_NAME else guessed
    picture = read_picture(path, shorter_side, as_numbers=asked in (NORMAL, DATA))
    grey = bool((picture.image[:, :1] == picture.image[:, 1:]).all())
    decided = asked or (DATA if grey else COLOUR)
    if decided == NORMAL and grey:
        raise ImageError(f"'{path}' has one channel, and normals have three; it may be data")
    how = "" if kind != BY_NAME else ", by its name" if guessed else ", by its channels"
    note = f"'{Path(path).name}' is taken as {decided}{how}"
    return MaterialMap(
        name=Path(path).name,
        kind=decided,
        image=picture.image,
        alpha=picture.alpha,
        bits=picture.bits,
        size=picture.size,
        notes=(*picture.notes, note),
    )


def lossless_name(name: str) -> str:
    """Return the name of a file for 16 bits without loss: that of PNG and TIFF, else PNG's."""
    path = Path(name)
    return path.name if path.suffix.lower() in _LOSSLESS else f"{path.stem}.png"


def kind_of(name: str) -> str | None:
    """Return what a file is by the last word of its name that tells, or ``None``.

    Examples
    --------
    >>> kind_of("old_wall_Normal.png"), kind_of("wall_rough_2k.png"), kind_of("wall.png")
    ('normal', 'data', None)
    """
    for word in reversed(_WORDS.findall(Path(name).stem)):
        for kind, names in _NAMES.items():
            if word.lower() in names:
                return kind
    return None


def pointing_out(normals: Image) -> Image:
    """Return normals, [1, 3, H, W] as (n + 1) / 2, of length 1 and away from the surface."""
    directions = 2 * normals.astype(np.float64) - 1
    directions[:, 2] = np.maximum(directions[:, 2], _LEAST_OUT)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray((directions + 1) / 2, np.float32)
