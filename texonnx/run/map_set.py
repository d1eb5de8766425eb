"""The maps that belong to an exemplar, and those that belong to an image that was made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.errors import ImageError, OptionError
from texonnx.images import Image, MaterialMap, pointing_out, read_map, resize
from texonnx.images.maps import BY_NAME, NORMAL, lossless_name
from texonnx.run.given import Given
from texonnx.runtime.sessions import NamedSession, open_session
from texonnx.sizes import Size, size_of
from texonnx.subgraphs.patch_following import followed_model
from texonnx.subgraphs.patch_layout import SIDE

MapFile = str | Path | tuple[str | Path, str]
"""A file, or a file and what it is: ``normal``, ``data`` or ``colour``."""
Plane = NDArray[np.float32]
"""[H, W]"""
Planes = NDArray[np.float32]
"""[C, H, W], or [1, C, H, W]."""

_LEAST_SIDE = 2 * SIDE
_SHARE_OF_MAPS = 1.0
"""Of the contrast by which patches are compared, against the photograph's."""
_LEAST_VARIANCE, _LEAST_SCALE = 1e-8, 1e-3
"""For what is flat."""


@dataclass(frozen=True)
class MapSet:
    """The maps of an exemplar.

    Attributes
    ----------
    maps
        As they were read, of the exemplar's size.
    alpha
        The exemplar's own, [H, W], if it is transparent in parts.
    """

    maps: tuple[MaterialMap, ...]
    alpha: Plane | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to them, a sentence each."""
        return tuple(note for one in self.maps for note in one.notes)

    def check(self, size: Size) -> None:
        """Raise :class:`ImageError` where an exemplar scaled to `size` has no patches to follow."""
        if min(size) < _LEAST_SIDE:
            raise ImageError(
                f"maps follow an exemplar of at least {_LEAST_SIDE}x{_LEAST_SIDE} pixels, and this "
                f"one has {size}"
            )

    def follow(
        self, image: Image, exemplar: Image, *, wraps: bool
    ) -> tuple[tuple[MaterialMap, ...], Plane | None]:
        """Return the maps, and the alpha, that belong to an image made of the exemplar.

        Each pixel of a map is the average of what the exemplar's maps show where its photograph is
        like the image around that pixel.

        Parameters
        ----------
        image, exemplar
            [1, 3, H, W]; the exemplar as it was scaled for the run.
        wraps
            Whether the image tiles, and so shall the maps.
        """
        size = size_of(exemplar)
        planes = [_planes(one.image, one.alpha, size) for one in self.maps]
        if self.alpha is not None:
            planes.append(resize(_thrice(self.alpha), *size)[0, :1])
        there = np.concatenate(planes)[np.newaxis]
        found = _followed(image, exemplar, there, wraps=wraps)[0]
        maps = []
        for one, own in zip(self.maps, planes, strict=False):
            here, found = found[: len(own)], found[len(own) :]
            colours = here[: len(own) - (one.alpha is not None)]
            shown = np.ascontiguousarray(np.broadcast_to(colours, (3, *here.shape[1:])))[np.newaxis]
            if one.kind == NORMAL:
                shown = pointing_out(shown)
            alpha = None if one.alpha is None else here[-1]
            maps.append(replace(one, image=shown, alpha=alpha, notes=()))
        return tuple(maps), None if self.alpha is None else found[0]


def read_maps(files: Sequence[MapFile], exemplar: Given, shorter_side: int) -> MapSet:
    """Read the maps of an exemplar.

    Parameters
    ----------
    files
        Each map's.
    exemplar
        That they belong to.
    shorter_side
        What the exemplar is scaled to.

    Raises
    ------
    OptionError
        For what is no file and kind, and two maps of one name.
    ImageError
        For a file that cannot be read, or is not of the exemplar's size.
    """
    maps = []
    for entry in files:
        path, kind = (entry, BY_NAME) if isinstance(entry, (str, Path)) else entry
        one = read_map(path, kind, shorter_side)
        if one.size != exemplar.size:
            raise ImageError(
                f"'{path}' has {one.size} pixels and the exemplar {exemplar.size}; maps of a set "
                "are alike in size"
            )
        maps.append(one)
    names = [lossless_name(one.name) for one in maps]
    if twice := [name for name in names if names.count(name) > 1]:
        raise OptionError(f"two maps have the name '{twice[0]}'")
    return MapSet(tuple(maps), exemplar.alpha)


def _followed(image: Image, exemplar: Image, there: Planes, *, wraps: bool) -> Planes:
    """Return the maps of an image, [1, C, h, w], where the exemplar's are `there`, [1, C, H, W]."""
    height, width = size_of(image)
    beyond = [(0, 0), (0, 0), (0, height % 2), (0, width % 2)]
    model = followed_model(there.shape[1], wraps=wraps)
    session = NamedSession(open_session(ir.to_proto(model).SerializeToString(), "cpu"))
    scale = _scale(exemplar, there)
    followed = session(
        {
            "image": np.pad(image, beyond, mode="wrap" if wraps else "edge"),
            "exemplar": _even(exemplar),
            "maps": _even(there * scale),
        }
    )["followed"]
    found: Planes = (followed[:, :, :height, :width] / scale).clip(0, 1)
    return found


def _scale(exemplar: Image, maps: Planes) -> np.float32:
    """Return what brings the contrast of maps, in all, to a share of the exemplar's."""
    own, theirs = (np.square(one.std(axis=(2, 3))).sum() for one in (exemplar, maps))
    factor = _SHARE_OF_MAPS * np.sqrt(own / max(theirs, _LEAST_VARIANCE))
    return np.float32(max(factor, _LEAST_SCALE))


def _planes(image: Image, alpha: Plane | None, size: Size) -> Planes:
    """Return the channels that differ, and alpha, at another size, [C, H, W]."""
    scaled = resize(image, *size)[0]
    grey = bool((scaled[:1] == scaled[1:]).all())
    planes = [scaled[:1] if grey else scaled]
    if alpha is not None:
        planes.append(resize(_thrice(alpha), *size)[0, :1])
    return np.concatenate(planes)


def _thrice(plane: Plane) -> Image:
    return np.repeat(plane[np.newaxis, np.newaxis], 3, axis=1)


def _even(image: Planes) -> Planes:
    """Return it without its last row and column where their number is odd."""
    height, width = (side - side % 2 for side in size_of(image))
    return np.ascontiguousarray(image[:, :, :height, :width])
