"""The images that a run is given: read or checked, opaque, and with what was done to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import ImageError, OptionError
from texonnx.images import (
    Cutout,
    Image,
    Picture,
    check_image,
    largest_rectangle,
    read_picture,
    reduced,
)
from texonnx.options import RUN
from texonnx.sizes import Size, size_of

_LEAST_OPAQUE_SIDE = 32
"""Pixels of the rectangle that a transparent exemplar is cut to; less is hardly a texture."""
_MOST_ENLARGED = 4
_SPARE = 4
"""A transparent picture keeps at least so many times the pixels a side that are wanted of it."""
_MOST_AROUND = 16
"""How many times larger than its largest rectangle a cut-out is looked at as a whole."""

Exemplar = str | Path | Image
"""An image file, or an array of shape [1, 3, H, W], RGB, in [0, 1]."""


@dataclass(frozen=True)
class Given:
    """An image that a run was given.

    Attributes
    ----------
    image
        [1, 3, H, W] in [0, 1]; perhaps smaller than the file, which is told by `size`.
    size
        Height and width of what was given, as far as it is used.
    alpha
        [H, W] of the image, where a content has it.
    notes
        What was done to it, a sentence each.
    cutout
        All that is opaque of an exemplar of which `image` is but the largest rectangle.
    """

    image: Image
    size: Size
    alpha: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    cutout: Cutout | None = None

    @property
    def told(self) -> tuple[str, ...]:
        """What a person shall read of it: `notes`, and what statistics are taken from."""
        if self.cutout is None:
            return self.notes
        return (*self.notes, "patches are that rectangle's, statistics are of all that is opaque")

    def texture_at(self, exemplar: Image, resize: Callable[[Image, Size], Image]) -> Image | Cutout:
        """Return what statistics are taken from where the image was scaled to `exemplar`."""
        if self.cutout is None:
            return exemplar
        extents = zip(self.cutout.opaque.shape, size_of(exemplar), size_of(self.image), strict=True)
        height, width = (max(1, round(whole * new / old)) for whole, new, old in extents)
        return self.cutout.at(Size(height, width), resize)

    def recoloured(self, colours: Callable[[Image], Image]) -> Given:
        """Return it with other colours."""
        cutout = self.cutout
        if cutout is not None:
            cutout = Cutout(colours(cutout.image), cutout.opaque)
        return replace(self, image=colours(self.image), cutout=cutout)


def texture_of(exemplar: Exemplar | Given, shorter_side: int | None = None) -> Given:
    """Return an exemplar or a style: opaque pixels alone.

    Of an image that is transparent in parts, all that is opaque is there for the statistics, and
    the largest rectangle without any of it for what wants an image: spectra, patches.

    Parameters
    ----------
    exemplar
        Read if it is a path, checked if it is an array.
    shorter_side
        How many pixels will be wanted of its shorter side; see `read_picture`.

    Raises
    ------
    ImageError
        For an image that will not do, or one without an opaque rectangle of any size.
    """
    if isinstance(exemplar, Given):
        return exemplar
    picture = _read(exemplar, shorter_side)
    if picture.alpha is None:
        return Given(picture.image, picture.size, notes=picture.notes)
    # Of a large picture, blocks of pixels: the borders of what is opaque take memory to walk.
    wanted = min(picture.size) if shorter_side is None else _SPARE * max(1, shorter_side)
    step = max(1, min(picture.image.shape[2:]) // wanted)
    whole, opaque = reduced(picture.image, picture.opaque, step)
    rows, columns = largest_rectangle(opaque)
    size = Size(step * (rows.stop - rows.start), step * (columns.stop - columns.start))
    if min(size) < _LEAST_OPAQUE_SIDE:
        least = f"{_LEAST_OPAQUE_SIDE}x{_LEAST_OPAQUE_SIDE}"
        raise ImageError(
            f"'{exemplar}' is transparent all over: there is no opaque rectangle of {least} pixels "
            "in it to take a texture from"
        )
    transparent = 100 * (1 - opaque.mean())
    note = (
        f"'{exemplar}' is transparent in parts ({transparent:.0f}%); its largest opaque rectangle, "
        f"{size} pixels at {step * columns.start},{step * rows.start}, was taken"
    )
    image = np.ascontiguousarray(whole[:, :, rows, columns])
    cutout = Cutout.of(whole, opaque)
    small = cutout.opaque.size <= _MOST_AROUND * image[0, 0].size
    notes = (*picture.notes, note)
    return Given(image, size, notes=notes, cutout=cutout if small else None)


def content_of(content: Exemplar, shorter_side: int | None = None) -> Given:
    """Return the content of a transfer; what is transparent has the mean colour of what is not.

    Parameters, errors and sources are those of :func:`texture_of`.
    """
    picture = _read(content, shorter_side)
    if picture.alpha is None:
        return Given(picture.image, picture.size, notes=picture.notes)
    weight = float(picture.alpha.sum())
    if weight == 0:
        raise ImageError(f"'{content}' is transparent all over: there is nothing in it to show")
    mean = (picture.image * picture.alpha).sum(axis=(2, 3), keepdims=True) / weight
    image = picture.image * picture.alpha + mean * (1 - picture.alpha)
    return Given(image.astype(np.float32), picture.size, picture.alpha, picture.notes)


def scaling_note(given: Given, scaled: Size, exemplar_size: int) -> str | None:
    """Return what was done to the size of an exemplar, in a sentence; None for nothing.

    Raises
    ------
    OptionError
        When it would be enlarged more than fourfold, and nobody asked for that.
    """
    shorter = min(given.size)
    if scaled == given.size:
        return None
    if shorter > min(scaled):
        return (
            f"the exemplar of {given.size} pixels was used at {scaled}; an exemplar size of "
            f"{shorter} takes all of it"
        )
    if exemplar_size == RUN.exemplar_size and exemplar_size > _MOST_ENLARGED * shorter:
        raise OptionError(
            f"the exemplar of {given.size} pixels would be scaled up to {scaled}, more than "
            f"{_MOST_ENLARGED} times; choose an exemplar size, as {shorter} to leave it as it is"
        )
    return f"the exemplar of {given.size} pixels was scaled up to {scaled}"


def is_grey(image: Image) -> bool:
    """Whether red, green and blue are the same everywhere."""
    return bool((image[:, :1] == image[:, 1:]).all())


def in_grey(image: Image) -> Image:
    """Return the image with the mean of its channels in each."""
    grey = image.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.repeat(grey, 3, axis=1)


def _read(image: Exemplar, shorter_side: int | None) -> Picture:
    if isinstance(image, str | Path):
        return read_picture(image, shorter_side)
    checked = check_image(image)
    return Picture(checked, None, size_of(checked), ())
