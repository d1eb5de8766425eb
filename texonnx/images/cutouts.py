"""Images of which some pixels do not count: what a cut-out shows, not what is around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

from texonnx.images.arrays import Image
from texonnx.sizes import Size, size_of

Mask = NDArray[np.bool_]

_MASK_SIDE = 256


@dataclass(frozen=True, eq=False)
class Cutout:
    """An image and which of its pixels count.

    Attributes
    ----------
    image
        [1, 3, H, W] in [0, 1]. What does not count mirrors what does, so that filters which reach
        over the border find there what they are used to.
    opaque
        [H, W], true where a pixel counts.
    """

    image: Image
    opaque: Mask

    @classmethod
    def of(cls, image: Image, opaque: Mask) -> Cutout:
        """Return the pixels of an image that are `opaque`, with their mirror image around them.

        Margins without any are cut off.

        Every other pixel has the colour of the one opposite, seen from the nearest that counts; or
        of that one, where nothing counts opposite.
        """
        found = np.nonzero(opaque)
        rows, columns = (slice(places.min(), places.max() + 1) for places in found)
        image, opaque = image[:, :, rows, columns], opaque[rows, columns]
        nearest = distance_transform_edt(~opaque, return_distances=False, return_indices=True)
        places = np.indices(opaque.shape)
        limits = np.array(opaque.shape).reshape(2, 1, 1) - 1
        opposite = np.clip(2 * nearest - places, 0, limits)
        row, column = np.where(opaque[tuple(opposite)], opposite, nearest)
        return cls(np.ascontiguousarray(image[:, :, row, column]), opaque)

    def at(self, size: Size, resize: Callable[[Image, Size], Image]) -> Cutout:
        """Return it at another size; what only partly counts there counts no more."""
        if size == size_of(self.image):
            return self
        return Cutout(
            resize(self.image, size), _shrunk(_shrunk(self.opaque, size.height).T, size.width).T
        )

    def positions(self, halvings: int) -> Mask:
        """Return which positions of a map count, [H // 2**halvings, W // 2**halvings].

        Those whose own pixels and whose neighbours' all do; where there are none, those whose own
        do, and then those of which half do.
        """
        side = 2**halvings
        height, width = (extent // side for extent in self.opaque.shape)
        cells = self.opaque[: height * side, : width * side].reshape(height, side, width, side)
        share = cells.mean(axis=(1, 3))
        whole = share == 1
        # What lies outside of the image is padded, as it is for every exemplar.
        inner = binary_erosion(whole, np.ones((3, 3), np.bool_), border_value=True)
        found: Mask = next(one for one in (inner, whole, share >= 0.5, share > -1) if one.any())
        return found


def reduced(image: Image, opaque: Mask, step: int) -> tuple[Image, Mask]:
    """Return an image and its mask by blocks of `step` x `step` pixels: opaque where all are."""
    if step == 1:
        return image, opaque
    height, width = (extent // step for extent in opaque.shape)
    rows, columns = height * step, width * step
    blocks = image[0, :, :rows, :columns].reshape(3, height, step, width, step)
    of_blocks = opaque[:rows, :columns].reshape(height, step, width, step)
    mask: Mask = np.asarray(of_blocks.all(axis=(1, 3)))
    return blocks.mean(axis=(2, 4))[np.newaxis], mask


def largest_rectangle(opaque: Mask) -> tuple[slice, slice]:
    """Return rows and columns of the largest rectangle of ones, of a large mask nearly the largest.

    Of each row, how many ones stand above each column; the widest rectangle below that skyline is
    found with a stack, as in a histogram.

    Examples
    --------
    >>> mask = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], bool)
    >>> largest_rectangle(mask)
    (slice(0, 2, None), slice(0, 2, None))
    """
    step = max(1, min(opaque.shape) // _MASK_SIDE)
    height, width = (side // step for side in opaque.shape)
    blocks = opaque[: height * step, : width * step].reshape(height, step, width, step)
    coarse: Mask = np.asarray(blocks.all(axis=(1, 3)))
    best, found = 0, (0, 0, 0, 0)
    above = np.zeros(width, np.int64)
    for row in range(height):
        above = (above + 1) * coarse[row]
        stack: list[tuple[int, int]] = []
        for column, tall in enumerate([*above.tolist(), 0]):
            start = column
            while stack and stack[-1][1] >= tall:
                start, stood = stack.pop()
                if stood * (column - start) > best:
                    best = stood * (column - start)
                    found = (row + 1 - stood, row + 1, start, column)
            stack.append((start, tall))
    top, bottom, left, right = (number * step for number in found)
    return slice(top, bottom), slice(left, right)


def _shrunk(mask: Mask, rows: int) -> Mask:
    """Return the mask with so many rows, each true where all are that it covers, if only partly."""
    ends = np.arange(rows + 1) * len(mask)
    missing = np.cumsum(np.pad(~mask, ((1, 0), (0, 0))), axis=0)
    found: Mask = missing[-(-ends[1:] // rows)] == missing[ends[:-1] // rows]
    return found
