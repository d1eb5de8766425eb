from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from texonnx.errors import WeightsError
from texonnx.weights.conventions import check_convention, fold_convention

if TYPE_CHECKING:
    from .conftest import Layer


def correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """3x3 cross-correlation of ``[3, H, W]`` with zero padding, written as its definition."""
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("chwij,ocij->ohw", windows, kernel.astype(np.float64))


def test_torch_kernels_give_the_same_sums_on_pixels(vgg16_layers: list[Layer]) -> None:
    kernel = vgg16_layers[0].kernel
    rgb = np.random.default_rng(0).integers(0, 256, (3, 9, 11)).astype(np.float64)
    m = np.array([0.485, 0.456, 0.406])[:, None, None]
    s = np.array([0.229, 0.224, 0.225])[:, None, None]
    expected = correlate((rgb / 255 - m) / s, kernel)

    folded, mean = fold_convention(kernel, "torch")
    centred = rgb - np.array(mean)[:, None, None]
    np.testing.assert_allclose(correlate(centred[::-1], folded), expected, rtol=1e-5, atol=1e-5)


def test_caffe_kernels_stay_as_they_are(vgg16_layers: list[Layer]) -> None:
    folded, mean = fold_convention(vgg16_layers[0].kernel, "caffe")
    np.testing.assert_array_equal(folded, vgg16_layers[0].kernel)
    assert mean == (123.68, 116.779, 103.939)


def test_an_unknown_convention_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"did you mean 'torch'\?\); known: caffe, torch"):
        check_convention("troch")
