"""Two images compared in the units of an exemplar: patches level by level, and spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.scoring.laplacian import laplacian_pyramid
from texonnx.scoring.sliced_wasserstein import (
    DIRECTIONS,
    quantiles,
    random_directions,
    sample_patches,
    wasserstein,
)
from texonnx.scoring.spectrum import log_power, spectrum_difference

COARSEST_SIDE = 32
"""The pyramid ends before the shorter side of the smallest image would fall below this.

Karras et al. go down to 16, over thousands of images; of one image that leaves 100 patches that
share most of their pixels, and the distance there would say more about chance than about texture.
"""
_LEAST_DEVIATION = 1 / 255
"""One step of 8 bits: a channel that is flat, or nearly, is not blown up."""


@dataclass(frozen=True)
class Distances:
    """How far two images are from each other.

    Attributes
    ----------
    levels
        Sliced Wasserstein distances of the patches at each level, finest first.
    spectrum
        Root mean square difference of the natural logarithms of the power spectra.
    """

    levels: tuple[float, ...]
    spectrum: float


@dataclass(frozen=True)
class Units:
    """What every image is measured in: the colours of an exemplar at each level.

    Attributes
    ----------
    means, deviations
        Of each colour channel at each level, finest first; shape [3, 1, 1].
    directions
        What patches are projected on, shape [DIRECTIONS, 147].
    seed
        Of the positions of the patches.
    """

    means: tuple[NDArray[np.float32], ...]
    deviations: tuple[NDArray[np.float32], ...]
    directions: NDArray[np.float32]
    seed: int


@dataclass(frozen=True)
class Statistics:
    """What is compared of an image.

    Attributes
    ----------
    quantiles
        The sorted projections of its patches, [directions, patches] at each level.
    log_power
        Shape [3, rings].
    """

    quantiles: tuple[NDArray[np.float32], ...]
    log_power: NDArray[np.float64]


def number_of_levels(shorter_side: int) -> int:
    """Return how often the side can be halved before it falls below `COARSEST_SIDE`, plus one.

    Examples
    --------
    >>> [number_of_levels(side) for side in (32, 63, 64, 256)]
    [1, 1, 2, 4]
    """
    return (shorter_side // COARSEST_SIDE).bit_length()


def units_of(exemplar: Image, levels: int, seed: int) -> Units:
    """Return the units of an exemplar, [1, 3, H, W]."""
    pyramid = laplacian_pyramid(exemplar[0], levels)
    deviations = [band.std(axis=(1, 2), keepdims=True) for band in pyramid]
    return Units(
        means=tuple(band.mean(axis=(1, 2), keepdims=True) for band in pyramid),
        deviations=tuple(np.maximum(one, np.float32(_LEAST_DEVIATION)) for one in deviations),
        directions=random_directions(DIRECTIONS, seed),
        seed=seed,
    )


def statistics_of(image: Image, units: Units) -> Statistics:
    """Return the statistics of an image, [1, 3, H, W], or of a part of one.

    Raises :class:`ValueError` when the coarsest level is smaller than a patch.
    """
    pyramid = laplacian_pyramid(image[0], len(units.means))
    normalised = [
        (band - mean) / deviation
        for band, mean, deviation in zip(pyramid, units.means, units.deviations, strict=True)
    ]
    return Statistics(
        quantiles=tuple(
            quantiles(sample_patches(band, units.seed), units.directions) for band in normalised
        ),
        log_power=log_power(image[0]),
    )


def compare(first: Statistics, second: Statistics) -> Distances:
    """Return the distances between two images measured in the same units."""
    pairs = zip(first.quantiles, second.quantiles, strict=True)
    return Distances(
        levels=tuple(wasserstein(*pair) for pair in pairs),
        spectrum=spectrum_difference(first.log_power, second.log_power),
    )


def mean_distances(distances: Sequence[Distances]) -> Distances:
    """Return the means of several distances, number by number."""
    columns = zip(*(one.levels for one in distances), strict=True)
    return Distances(
        levels=tuple(sum(column) / len(distances) for column in columns),
        spectrum=sum(one.spectrum for one in distances) / len(distances),
    )
