"""Seeded random weights: no download, and still usable textures."""

from __future__ import annotations

import numpy as np

from texonnx.errors import WeightsError
from texonnx.vgg import conv_layers
from texonnx.weights.activation_scale import measure
from texonnx.weights.catalogue import CANONICAL_MEAN
from texonnx.weights.network import VggWeights


def random_weights(arch: str = "vgg16", seed: int = 0) -> VggWeights:
    """Return a network with random kernels whose layers all have unit mean activation.

    The kernels are normal with variance ``2 / (9 in)`` (He initialisation) and the biases are 0.
    ReLU is homogeneous, so scaling each kernel by the measured means of the layers before and
    after it brings the mean activation of every layer to 1.

    Parameters
    ----------
    arch
        ``vgg16`` or ``vgg19``.
    seed
        Not negative; the same seed gives the same network.

    Returns
    -------
    VggWeights
        With `random` true.

    Raises
    ------
    WeightsError
        When `seed` is negative.
    OptionError
        For an unknown architecture.

    References
    ----------
    He et al., "Delving Deep into Rectifiers", 2015; Ustyuzhaninov et al., "What does it take to
    generate natural textures?", 2017; He, Wang and Hopcroft, "A Powerful Generative Model Using
    Random Weights for the Deep Image Representation", 2016.
    """
    layers = conv_layers(arch)
    if seed < 0:
        raise WeightsError(f"the seed of random weights must be 0 or more, not {seed}")
    rng = np.random.default_rng(seed)
    kernels = {}
    biases = {}
    for layer in layers:
        shape = (layer.out_channels, layer.in_channels, 3, 3)
        deviation = np.float32(np.sqrt(2 / (9 * layer.in_channels)))
        kernels[layer.name] = deviation * rng.standard_normal(shape, dtype=np.float32)
        biases[layer.name] = np.zeros(layer.out_channels, dtype=np.float32)

    scales = measure(kernels, biases, CANONICAL_MEAN, arch)
    before = 1.0
    for name, scale in scales.items():
        kernels[name] *= np.float32(before / scale)
        before = scale
    return VggWeights(
        arch=arch,
        kernels=kernels,
        biases=biases,
        mean=CANONICAL_MEAN,
        activation_scale=dict.fromkeys(scales, 1.0),
        source=f"random (seed {seed}), not trained",
        random=True,
    )
