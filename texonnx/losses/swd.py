"""The sliced Wasserstein loss: EMD along random directions in the space of the channels.

Heitz, Vanhoey, Chambon and Belcour, "A Sliced Wasserstein Loss for Neural Texture Synthesis",
2021, eq. 3 to 5: as many directions as the layer has channels, drawn uniformly on the sphere.
Where the per-channel EMD sees each channel by itself, random directions see how they occur
together. The directions are an input of the graphs, [N, N], one unit vector a row; the host draws
new ones every few steps, and the targets with them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx_ir as ir

from texonnx.losses.registry import Arrays, LayerFeatures, TextureLoss, register
from texonnx.noise import standard_normal

DIRECTIONS = "directions"
STREAMS_A_DRAW = 64
"""Streams of random numbers that one draw may take, one a layer."""


def sorted_projections(features: LayerFeatures) -> ir.Value:
    """Write F projected on every direction, each row sorted, rising."""
    directions = features.add_input(DIRECTIONS, (features.channels, features.channels))
    return features.tape.sort(features.tape.matmul(directions, features.matrix))[0]


def draw_directions(shapes: Mapping[str, tuple[int, ...]], seed: int, draw: int) -> Arrays:
    """Draw the directions of all layers, unit vectors, as the graph of them does."""
    drawn = {}
    for place, (name, shape) in enumerate(sorted(shapes.items())):
        vectors = standard_normal(shape, seed, STREAMS_A_DRAW * draw + place)
        drawn[name] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return drawn


SWD = register(
    TextureLoss(
        name="swd",
        summary="sorted projections on random directions (sliced Wasserstein-2)",
        source="Heitz 2021",
        statistic=sorted_projections,
        quantiles=True,
        inputs=(DIRECTIONS,),
        draw=draw_directions,
    )
)
