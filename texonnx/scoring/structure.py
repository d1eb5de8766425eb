"""How far the structure of an image is from an exemplar's, patch by patch of deep features.

The similarity of two images in both directions is that of Simakov, Caspi, Shechtman and Irani,
"Summarizing Visual Data Using Bidirectional Similarity", CVPR 2008: every patch of the one should
be found in the other (they say coherence), and the other way round (completeness). Here the patches
are of a pretrained network's features in place of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from texonnx.images import Image
from texonnx.scoring.copies import Copies, CopyFinder
from texonnx.scoring.features import (
    PATCH_SIDE,
    FeatureMaps,
    Map,
    Nearest,
    averaged,
    grid_of,
    patches,
)
from texonnx.scoring.seams import Seams, patches_across, rolled, stands_out, steps_alone
from texonnx.weights import VggWeights

LAYERS = ("conv2_1", "conv3_1", "conv4_1")
_POSITIONS = 64
"""About so many on the exemplar's shorter side of each map, where it has more."""
_PAIRS = 4 * 4096**2
"""Of larger numbers of pairs of patches, those that look are a sample."""
_FEWEST = 512
_DICTIONARY = 4096
"""Patches of the exemplar, at most, that a seam is looked up in."""
_LEAST_FLOOR = 1e-3
"""A flat exemplar has no distance between its halves; nothing is blown up."""


@dataclass(frozen=True)
class Structure:
    """How far an image's structure is from an exemplar's; smaller is closer, but for copies.

    Distances are 1 minus the cosine between 3x3 patches of feature maps, in units of the floor:
    the same between the exemplar's left half and its right, averaged over both ways. So 1 is as
    far as two pieces of the exemplar are from each other. It is no bound: a result may take
    its patches from all of the exemplar, and those that do come out below 1.

    Attributes
    ----------
    plausible_by_layer
        Mean distance of the image's patches to their nearest in the exemplar, at each of `LAYERS`:
        is all that is there seen in the exemplar?
    covers_by_layer
        Mean distance of the exemplar's patches to their nearest in the image: does the image have
        all that the exemplar has?
    copies
        What lies in the image as it does in the exemplar.
    """

    plausible_by_layer: tuple[float, ...]
    covers_by_layer: tuple[float, ...]
    copies: Copies = field(compare=False)

    @property
    def plausible(self) -> float:
        """The mean over the layers."""
        return sum(self.plausible_by_layer) / len(self.plausible_by_layer)

    @property
    def covers(self) -> float:
        """The mean over the layers."""
        return sum(self.covers_by_layer) / len(self.covers_by_layer)

    @property
    def mean(self) -> float:
        """The mean of `plausible` and `covers`."""
        return (self.plausible + self.covers) / 2


class StructureJudge:
    """Compares images with one exemplar.

    Parameters
    ----------
    exemplar
        [1, 3, H, W], of at least 64 pixels each way.
    weights
        Of the network, pretrained.
    seed
        Of the sample of patches in large images.
    """

    def __init__(self, exemplar: Image, weights: VggWeights, seed: int) -> None:
        self._features = FeatureMaps(weights, LAYERS)
        self._nearest = Nearest()
        self._seed = seed
        features = self._features(exemplar)
        self._sides = {name: _averaging(one) for name, one in features.items()}
        self._exemplar = self._averaged(features)
        self._floor = {name: self._floor_of(one) for name, one in self._exemplar.items()}
        finest = LAYERS[0]
        self._copies = CopyFinder(features[finest], self._sides[finest], self._nearest)

    def judge(self, image: Image) -> Structure:
        """Return the structure of an image, [1, 3, H, W], of at least 64 pixels each way."""
        features = self._features(image)
        copies = self._copies.find(features[LAYERS[0]])
        plausible, covers = [], []
        for name, one in self._averaged(features).items():
            there, back = self._distances(one, self._exemplar[name])
            plausible.append(there / self._floor[name])
            covers.append(back / self._floor[name])
        return Structure(tuple(plausible), tuple(covers), copies)

    def seams(self, image: Image) -> Seams:
        """Return whether an image tiles, [1, 3, H, W], of at least 64 pixels each way."""
        structure = []
        for axis in (3, 2):
            turned, place = rolled(image, axis)
            of_layers = [
                self._stands_out(name, one, axis, place / image.shape[axis])
                for name, one in self._averaged(self._features(turned)).items()
            ]
            structure.append(sum(of_layers) / len(of_layers))
        across, down = structure
        return replace(steps_alone(image), structure_x=across, structure_y=down)

    def _stands_out(self, name: str, features: Map, axis: int, place: float) -> float:
        """Return how a seam at a share of the map's extent stands out."""
        exemplar = self._exemplar[name]
        count = int(np.prod(grid_of(exemplar)))
        positions = np.arange(count)
        if count > _DICTIONARY:
            generator = np.random.default_rng(self._seed)
            positions = np.sort(generator.choice(count, _DICTIONARY, replace=False))
        dictionary = patches(exemplar, positions)
        nearest = self._nearest(features, dictionary).nearest
        looking = patches(features)
        cosines = np.einsum("nchw,nchw->n", looking, dictionary[nearest.ravel()])
        profile = (1 - cosines.reshape(nearest.shape)).mean(axis=0 if axis == 3 else 1)
        seam = patches_across(place * features.shape[axis], PATCH_SIDE)
        return stands_out(profile.astype(np.float64), seam, self._floor[name])

    def _averaged(self, features: dict[str, Map]) -> dict[str, Map]:
        return {name: averaged(one, self._sides[name]) for name, one in features.items()}

    def _distances(self, image: Map, exemplar: Map) -> tuple[float, float]:
        """Return the mean distances from the image's patches to the exemplar's, and back."""
        there = self._looking(image, exemplar)
        return there, self._looking(exemplar, image)

    def _looking(self, looking: Map, at: Map) -> float:
        """Return the mean distance of the patches of one map to their nearest of the other."""
        count, others = (int(np.prod(grid_of(one))) for one in (looking, at))
        positions = np.arange(count)
        most = max(_FEWEST, _PAIRS // others)
        if count > most:
            generator = np.random.default_rng(self._seed)
            positions = np.sort(generator.choice(count, most, replace=False))
        matches = self._nearest(at, patches(looking, positions))
        return float(1 - matches.similarity.mean(dtype=np.float64))

    def _floor_of(self, exemplar: Map) -> float:
        middle = exemplar.shape[3] // 2
        left, right = exemplar[..., :middle], exemplar[..., middle:]
        return max(_LEAST_FLOOR, float(np.mean(self._distances(left, right))))


def _averaging(features: Map) -> int:
    """Return over squares of what side the map of the exemplar is averaged."""
    shorter: int = min(features.shape[2:])
    return max(1, round(shorter / _POSITIONS))
