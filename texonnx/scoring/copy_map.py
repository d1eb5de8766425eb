"""A picture of what an image has taken over whole from its exemplar, and from where."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image, contact_sheet, luminance, resize
from texonnx.scoring.copies import Copies
from texonnx.sizes import size_of

_PALE = 0.35
"""What is left of the contrast of an image under the colours."""


def copy_map(exemplar: Image, image: Image, copies: Copies) -> Image:
    """Draw an exemplar with a colour for each of its places, and an image with those it copies.

    Parameters
    ----------
    exemplar, image
        [1, 3, H, W]; the exemplar scaled as it was for the score.
    copies
        What was found of the image.

    Returns
    -------
    ndarray
        float32 [1, 3, H, W] in [0, 1]: both side by side; the image is grey where nothing is
        copied.
    """
    corners = np.stack(np.meshgrid(*(np.linspace(0, 1, 256, dtype=np.float32),) * 2, indexing="ij"))
    key = _over(exemplar, resize(_colours(corners), *size_of(exemplar)))
    rows, columns = copies.in_piece.shape
    size = size_of(image)
    nearest = (
        np.arange(size.height) * rows // size.height,
        np.arange(size.width) * columns // size.width,
    )
    grid = np.ix_(*nearest)
    copied = copies.in_piece[grid]
    colours = _colours(np.stack([places[grid] for places in copies.source]))
    shown = np.where(copied, _over(image, colours), luminance(image))
    share = f"{copies.copied:.0%} of it lies in copies"
    side = max(*size, *size_of(exemplar))
    return contact_sheet([[key, shown]], [""], ["exemplar", f"image: {share}"], cell=side)


def _colours(places: NDArray[np.float32]) -> Image:
    """Return a colour for each place, [2, H, W]: red grows downwards, blue to the right."""
    down, across = places
    return np.stack([down, 1 - (down + across) / 2, across])[np.newaxis]


def _over(image: Image, colours: Image) -> Image:
    """Lay colours over the luminance of an image."""
    shade: Image = (luminance(image) - 0.5) * _PALE
    return np.asarray((colours * (1 - _PALE) + _PALE / 2 + shade).clip(0, 1), np.float32)
