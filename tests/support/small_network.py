"""The first layers of a VGG with random weights, and the graphs' view of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from texonnx.objective.parameters import in_memory, trunk_parameters, trunk_tensors
from texonnx.subgraphs.trunk import TrunkParameters
from texonnx.vgg import conv_layers
from texonnx.weights.network import VggWeights

LAST = "conv3_1"
# Over 255 these are 0.5, 0.25 and 0.375, exact in float32.
MEAN = (127.5, 63.75, 95.625)
# Nowhere near each other, so that a scale at the wrong layer shows.
SCALES = {"conv1_1": 2.0, "conv1_2": 0.5, "conv2_1": 3.0, "conv2_2": 0.25, "conv3_1": 1.5}


def small_weights(seed: int = 0) -> VggWeights:
    """Return random weights up to conv3_1, for BGR pixels in 0..255, biases not zero."""
    rng = np.random.default_rng(seed)
    kernels, biases = {}, {}
    for layer in conv_layers("vgg16"):
        shape = (layer.out_channels, layer.in_channels, 3, 3)
        deviation = np.sqrt(2 / (9 * layer.in_channels)) / (64 if layer.in_channels == 3 else 1)
        kernels[layer.name] = (deviation * rng.standard_normal(shape)).astype(np.float32)
        biases[layer.name] = (0.2 * rng.standard_normal(layer.out_channels)).astype(np.float32)
        if layer.name == LAST:
            break
    return VggWeights(
        arch="vgg16",
        kernels=kernels,
        biases=biases,
        mean=MEAN,
        activation_scale=SCALES,
        source="a test",
        random=True,
    )


def parameters_of(
    weights: VggWeights, layers: tuple[str, ...], units: Mapping[str, float] | None = SCALES
) -> TrunkParameters:
    """Return `weights` as the graphs take them, in memory; `units` divide the activations."""
    tensors = trunk_tensors(weights, layers, units)
    return trunk_parameters(in_memory(tensors), weights.mean)


def random_image(height: int, width: int, seed: int = 1) -> np.ndarray:
    """Return an image [1, 3, H, W] of float32 in [0, 1]."""
    return np.random.default_rng(seed).random((1, 3, height, width), dtype=np.float32)
