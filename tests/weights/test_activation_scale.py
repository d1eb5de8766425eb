from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.signal import correlate

from texonnx.vgg import layer_names
from texonnx.weights import load_weights
from texonnx.weights.activation_scale import convolve, measure
from texonnx.weights.calibration_image import calibration_image

if TYPE_CHECKING:
    from texonnx.weights.network import VggWeights


def test_convolution_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((3, 6, 5)).astype(np.float32)
    kernel = rng.standard_normal((2, 3, 3, 3)).astype(np.float32)
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)))
    expected = [correlate(padded, one, mode="valid")[0] for one in kernel]
    np.testing.assert_allclose(convolve(features, kernel), expected, rtol=1e-4, atol=1e-5)


def test_an_identity_network_has_the_mean_of_the_image(vgg16_weights: VggWeights) -> None:
    """Each channel passes blue on, so every layer's mean is the image's, through each pooling."""
    kernels = {}
    for name, kernel in vgg16_weights.kernels.items():
        kernels[name] = np.zeros_like(kernel)
        kernels[name][:, 0, 1, 1] = 1
    scales = measure(
        kernels, {n: b * 0 for n, b in vgg16_weights.biases.items()}, (0, 0, 0), "vgg16"
    )
    blue = calibration_image()[..., 2].mean()
    np.testing.assert_allclose(list(scales.values()), blue, rtol=1e-4)


def test_scales_of_all_layers_are_positive_even_where_nothing_fires(
    vgg16_weights: VggWeights,
) -> None:
    kernels = {name: kernel * 0 for name, kernel in vgg16_weights.kernels.items()}
    biases = {name: bias * 0 for name, bias in vgg16_weights.biases.items()}
    scales = measure(kernels, biases, (0, 0, 0), "vgg16")
    assert tuple(scales) == layer_names("vgg16")
    assert set(scales.values()) == {1.0}


def test_calibration_image_is_always_the_same_and_fills_the_range() -> None:
    image = calibration_image()
    np.testing.assert_array_equal(image, calibration_image())
    assert image.shape == (192, 192, 3)
    assert image.dtype == np.float32
    assert 0 <= image.min() < 20
    assert 235 < image.max() <= 255


@pytest.mark.weights
def test_canonical_scales_are_reproduced_within_a_third() -> None:
    """The catalogue's were measured by another program on four photographs."""
    weights = load_weights("pretrained")
    measured = measure(weights.kernels, weights.biases, weights.mean, "vgg16")
    for name, expected in weights.activation_scale.items():
        assert 0.75 < measured[name] / expected < 1.33, name
