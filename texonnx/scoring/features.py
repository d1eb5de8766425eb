"""Feature maps of a pretrained network, and which of their 3x3 patches is nearest to which.

The graphs are small, and ONNX Runtime runs them on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.graph.tape import Tape
from texonnx.images import Image
from texonnx.objective.parameters import in_memory, trunk_parameters, trunk_tensors
from texonnx.runtime.sessions import NamedSession, open_session
from texonnx.subgraphs.trunk import TrunkOptions, write_trunk
from texonnx.weights import VggWeights

Map = NDArray[np.float32]
"""Features of an image, or of a part of one, [1, channels, rows, columns]."""
Patches = NDArray[np.float32]
"""Squares of a map, each of length 1 as a vector, [patches, channels, side, side]."""

PATCH_SIDE = 3
"""Positions of a map; a patch is 3x3 of them in all channels."""
_SIMILARITIES_AT_ONCE = 2**25
"""Between all patches of a dictionary and those of some rows of a map: 128 MB."""
_EPSILON = 1e-12


class FeatureMaps:
    """The maps of an image after ReLU, with average pooling."""

    def __init__(self, weights: VggWeights, layers: Sequence[str]) -> None:
        tape = Tape("features")
        image = tape.input("image", [1, 3, "height", "width"])
        tensors = in_memory(trunk_tensors(weights, layers))
        parameters = trunk_parameters(tensors, weights.mean)
        features = write_trunk(tape, image, parameters, layers, TrunkOptions(weights.arch))
        for layer in layers:
            tape.output(features[layer], layer)
        self._session = _session(tape)

    def __call__(self, image: Image) -> dict[str, Map]:
        """Return the map of each layer of an image, [1, 3, H, W]."""
        return self._session({"image": image})


@dataclass(frozen=True)
class Matches:
    """How a map's patches and a dictionary's find each other.

    Attributes
    ----------
    similarity
        Of each patch of the dictionary to its nearest in the map: the cosine of their angle;
        [patches].
    nearest
        Of each patch of the map, which of the dictionary is nearest; [rows, columns].
    """

    similarity: NDArray[np.float32]
    nearest: NDArray[np.int64]


class Nearest:
    """Finds nearest patches: a convolution whose kernels are the dictionary."""

    def __init__(self) -> None:
        tape = Tape("nearest")
        features = tape.input("features", [1, "channels", "rows", "columns"])
        dictionary = tape.input("dictionary", ["patches", "channels", "side", "side"])
        ones = tape.input("ones", [1, "channels", "side", "side"])
        length = tape.unary("Sqrt", tape.conv(tape.square(features), ones))
        least = tape.constant(_EPSILON)
        products = tape.conv(features, dictionary)
        cosines = tape.div(products, tape.op("Max", [length, least], (1, 1, None, None)))
        similarity = tape.op("ReduceMax", [cosines], (1, None), axes=[2, 3], keepdims=0)
        tape.output(similarity, "similarity")
        integers = ir.DataType.INT64
        place = (1, None, None)
        nearest = tape.op("ArgMax", [cosines], place, dtype=integers, axis=1, keepdims=0)
        tape.output(nearest, "nearest")
        self._session = _session(tape)

    def __call__(self, features: Map, dictionary: Patches) -> Matches:
        """Match all patches of a map with those of a dictionary, some rows at a time."""
        side = dictionary.shape[2]
        ones = np.ones((1, *dictionary.shape[1:]), np.float32)
        rows, columns = (extent - side + 1 for extent in features.shape[2:])
        at_once = max(1, _SIMILARITIES_AT_ONCE // (columns * len(dictionary)))
        found = []
        for first in range(0, rows, at_once):
            band = features[:, :, first : first + at_once + side - 1]
            found.append(self._session({"features": band, "dictionary": dictionary, "ones": ones}))
        return Matches(
            similarity=np.max([one["similarity"][0] for one in found], axis=0),
            nearest=np.concatenate([one["nearest"][0] for one in found]),
        )


class Projection:
    """Shows patches along some directions alone: a convolution whose kernels they are."""

    def __init__(self) -> None:
        tape = Tape("projection")
        features = tape.input("features", [1, "channels", "rows", "columns"])
        directions = tape.input("directions", ["count", "channels", "side", "side"])
        tape.output(tape.conv(features, directions), "projected")
        self._session = _session(tape)

    def __call__(self, features: Map, directions: Patches) -> Map:
        """Return the coordinates of all patches of a map, [1, directions, rows, columns]."""
        return self._session({"features": features, "directions": directions})["projected"]


def averaged(features: Map, side: int) -> Map:
    """Average a map over squares of `side` x `side` positions; what is left over is dropped."""
    rows, columns = (extent // side for extent in features.shape[2:])
    squares = features[0, :, : rows * side, : columns * side].reshape(-1, rows, side, columns, side)
    return np.ascontiguousarray(squares.mean(axis=(2, 4))[np.newaxis])


def patches(features: Map, positions: NDArray[np.int64] | None = None) -> Patches:
    """Return the patches of a map, row by row: all, or those at `positions` of that order."""
    rows, columns = grid_of(features)
    windows = np.lib.stride_tricks.sliding_window_view(
        features[0], (PATCH_SIDE, PATCH_SIDE), axis=(1, 2)
    ).transpose(1, 2, 0, 3, 4)
    if positions is None:
        positions = np.arange(rows * columns)
    chosen = windows[positions // columns, positions % columns]
    lengths = np.sqrt(np.square(chosen).sum(axis=(1, 2, 3), keepdims=True))
    return np.asarray(chosen / np.maximum(lengths, _EPSILON))


def grid_of(features: Map) -> tuple[int, int]:
    """Return how many patches a map has down and across."""
    return features.shape[2] - PATCH_SIDE + 1, features.shape[3] - PATCH_SIDE + 1


def _session(tape: Tape) -> NamedSession:
    return NamedSession(open_session(ir.to_proto(tape.model()).SerializeToString(), "cpu"))
