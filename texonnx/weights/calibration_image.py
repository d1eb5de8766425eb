"""The "dead leaves" image: overlapping textured discs, with the statistics of photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from texonnx.weights.network import FloatArray

_SIZE = 192
_RADII = (2.0, 64.0)
_SEED = 3


def calibration_image() -> FloatArray:
    """Return the image that activation scales are measured on, always the same one.

    It is float32 ``[192, 192, 3]``, RGB, 0..255.

    Discs fall on each other until nothing shows through. Their radii follow a power law with
    exponent -3, which makes the image look alike at every scale; each has a random colour and a
    random sinusoidal grating, and grey noise covers all.

    References
    ----------
    Lee, Mumford and Huang, "Occlusion Models for Natural Images: A Statistical Study of a
    Scale-Invariant Dead Leaves Model", 2001.
    """
    rng = np.random.default_rng(_SEED)
    image = np.zeros((_SIZE, _SIZE, 3))
    bare = np.ones((_SIZE, _SIZE), dtype=bool)
    smallest, largest = _RADII
    while bare.any():
        # The inverse of the distribution function of radius**-3 between the two radii.
        radius = rng.uniform(largest**-2, smallest**-2) ** -0.5
        centre = rng.uniform(-radius, _SIZE + radius, 2)
        colour = rng.uniform(10, 245) + rng.normal(0, 20, 3)
        angle, frequency = rng.uniform(0, np.pi), 2 * np.pi * rng.uniform(0.05, 0.5)
        phase, contrast = rng.uniform(0, 2 * np.pi), rng.uniform(0, 30)

        top, left = np.maximum(np.floor(centre - radius), 0).astype(int)
        bottom, right = np.minimum(np.ceil(centre + radius) + 1, _SIZE).astype(int)
        rows, columns = np.mgrid[top:bottom, left:right]
        box = bare[top:bottom, left:right]
        shows = box & ((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2)
        along = np.cos(angle) * columns[shows] + np.sin(angle) * rows[shows]
        grating = contrast * np.sin(frequency * along + phase)
        image[top:bottom, left:right][shows] = colour + grating[:, None]
        box[shows] = False
    image += rng.normal(0, 10, (_SIZE, _SIZE, 1))
    return image.clip(0, 255).astype(np.float32)
