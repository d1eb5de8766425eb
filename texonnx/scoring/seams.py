"""Whether an image tiles: what lies across its edges, held against what lies inside of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image

_TYPICAL = 95
"""Percentile: the seam may be as odd as the oddest twentieth of all other places."""
_LEAST = 1e-6
_AROUND = 4
"""So many times as wide as the seam, what is around it does not count as inside."""


@dataclass(frozen=True)
class Seams:
    """How the seams stand out, where an image meets itself when it is repeated.

    Each figure is what is measured at the seam, in that of the oddest twentieth of the rows or
    columns inside; up to 1 nothing is to be found there.

    Attributes
    ----------
    structure_x, structure_y
        Distance of patches of features from the exemplar's, where left and right meet, and where
        top and bottom do; None where there is no judge of structure.
    step_x, step_y
        Difference of neighbouring pixels there.
    """

    structure_x: float | None
    structure_y: float | None
    step_x: float
    step_y: float

    @property
    def worst(self) -> float:
        """The largest of all."""
        all_of_them = (self.structure_x, self.structure_y, self.step_x, self.step_y)
        return max(one for one in all_of_them if one is not None)


def steps_alone(image: Image) -> Seams:
    """Return how pixels differ across the seams of an image, [1, 3, H, W], without any network."""
    found = []
    for axis in (3, 2):
        following = np.roll(image, -1, axis)
        steps = np.abs(following - image).mean(axis=(0, 1, 5 - axis), dtype=np.float64)
        # The last one is that from the last row or column to the first.
        found.append(stands_out(steps, np.array([len(steps) - 1])))
    return Seams(None, None, *found)


def rolled(image: Image, axis: int) -> tuple[Image, int]:
    """Return the image with its seam along `axis` in the middle, and before which pixel it is."""
    extent = image.shape[axis]
    return np.roll(image, extent // 2, axis), extent // 2


def patches_across(place: float, side: int) -> NDArray[np.int64]:
    """Return which patches of `side` positions have something of both sides of a place."""
    return np.arange(int(np.floor(place)) - side + 1, int(np.ceil(place)))


def stands_out(
    profile: NDArray[np.float64], seam: NDArray[np.int64], least: float = _LEAST
) -> float:
    """Return the mean of a profile at the seam, in its oddest twentieth elsewhere.

    Elsewhere is away from the seam, and from both ends, where a map is padded; it counts `least`
    where it has less.
    """
    width = len(seam)
    windows = np.convolve(profile, np.full(width, 1 / width), "valid")
    places = np.arange(len(windows))
    margin = min(_AROUND * width, len(windows) // 8)
    inside = np.abs(places - seam[0]) > margin
    inside &= (places >= margin) & (places < len(windows) - margin)
    typical = max(least, float(np.percentile(windows[inside], _TYPICAL)))
    return float(profile[seam].mean()) / typical
