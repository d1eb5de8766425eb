"""The mean activation of every layer, measured in NumPy on a synthetic natural image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texonnx.vgg import conv_layers
from texonnx.weights.calibration_image import calibration_image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from texonnx.weights.network import FloatArray


def measure(
    kernels: Mapping[str, FloatArray],
    biases: Mapping[str, FloatArray],
    mean: tuple[float, float, float],
    arch: str,
) -> dict[str, float]:
    """Return the mean activation after ReLU of each layer in network order, all positive.

    The arguments and the result are as in :class:`texonnx.weights.network.VggWeights`.
    Average pooling, zero padding, float32, on :func:`calibration_image`. On the canonical VGG-16
    the result divided by the catalogue's scalars, which come from four photographs, is 0.88 0.97
    1.07 1.20 0.91 1.02 1.17 1.00 1.02 1.27 1.00 1.11 1.22, from conv1_1 to conv5_3; with other
    seeds of the image no layer is off by more than 1.53. Single photographs are off by up to 4.4.
    """
    features = _preprocess(calibration_image(), mean)
    layers = conv_layers(arch)
    scales = {}
    for layer, before in zip(layers, (layers[0], *layers), strict=False):
        if layer.block != before.block:
            features = _average_pool(features)
        features = convolve(features, kernels[layer.name])
        features += biases[layer.name][:, None, None]
        np.maximum(features, 0, out=features)
        scales[layer.name] = _usable(float(features.mean(dtype=np.float64)))
    return scales


def mean_activation(
    kernel: FloatArray, mean: tuple[float, float, float], bias: FloatArray
) -> float:
    """Return the mean activation of conv1_1 after ReLU on the calibration image."""
    features = convolve(_preprocess(calibration_image(), mean), kernel)
    features += bias[:, None, None]
    return float(np.maximum(features, 0).mean(dtype=np.float64))


def convolve(features: FloatArray, kernel: FloatArray) -> FloatArray:
    """Return the 3x3 cross-correlation of `features`, padded with zeros, with `kernel`.

    ``[in, H, W]`` with ``[out, in, 3, 3]`` gives ``[out, H, W]``.
    """
    channels, height, width = features.shape
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)))
    result = np.zeros((kernel.shape[0], height * width), dtype=np.float32)
    for row, column in np.ndindex(3, 3):
        weights = np.ascontiguousarray(kernel[:, :, row, column])
        window = padded[:, row : row + height, column : column + width]
        result += weights @ window.reshape(channels, -1)
    return result.reshape(-1, height, width)


def _preprocess(image: FloatArray, mean: tuple[float, float, float]) -> FloatArray:
    centred = image - np.asarray(mean, dtype=np.float32)
    return np.ascontiguousarray(centred.transpose(2, 0, 1)[::-1])


def _average_pool(features: FloatArray) -> FloatArray:
    channels, height, width = features.shape
    blocks = features.reshape(channels, height // 2, 2, width // 2, 2)
    return np.asarray(blocks.mean(axis=(2, 4)), dtype=np.float32)


def _usable(scale: float) -> float:
    """A layer that never fires, or overflows, keeps its own units."""
    return scale if np.isfinite(scale) and scale > 0 else 1.0
