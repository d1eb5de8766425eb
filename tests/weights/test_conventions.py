from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from texonnx.errors import WeightsError
from texonnx.weights.conventions import (
    check_convention,
    choose_convention,
    fold_convention,
    fold_pixels,
)

if TYPE_CHECKING:
    from texonnx.weights.network import VggWeights

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
    with pytest.raises(
        WeightsError, match=r"did you mean 'torch'\?\); known: caffe, torch, caffe-rgb"
    ):
        check_convention("troch")


# Which convention a file is in


def first_layer(layers: list[Layer]) -> tuple[np.ndarray, np.ndarray]:
    return layers[0].kernel, layers[0].bias


@pytest.mark.parametrize("named", ["caffe", "torch"])
def test_of_a_network_trained_otherwise_the_names_tell(
    named: str, vgg16_layers: list[Layer]
) -> None:
    choice = choose_convention(*first_layer(vgg16_layers), "vgg16", check_convention(named), None)
    assert (choice.convention, choice.why) == (named, "by the names of its tensors")


def test_names_that_would_give_what_no_network_has_do_not_tell(vgg16_layers: list[Layer]) -> None:
    kernel, bias = first_layer(vgg16_layers)
    choice = choose_convention(60 * kernel, bias, "vgg16", "caffe", None)
    assert choice.convention == "torch"
    assert "the names say caffe, which would give activations of " in choice.why


@pytest.mark.parametrize("factor", [1e-7, 1e7, np.nan])
def test_what_fits_no_convention_is_refused(factor: float, vgg16_layers: list[Layer]) -> None:
    kernel, bias = (np.float32(factor) * one for one in first_layer(vgg16_layers))
    with pytest.raises(WeightsError, match="none is plausible; if one is right, name it"):
        choose_convention(kernel, bias, "vgg16", "caffe", None)
    assert choose_convention(kernel, bias, "vgg16", "caffe", "torch").convention == "torch"


DEVIATION = 255 * np.array([0.229, 0.224, 0.225], np.float32)[None, :, None, None]
STORED = {
    "caffe": lambda kernel: kernel,
    "caffe-rgb": lambda kernel: kernel[:, ::-1],
    "torch": lambda kernel: kernel[:, ::-1] * DEVIATION,
}


@pytest.mark.weights
@pytest.mark.parametrize("named", ["caffe", "torch"])
@pytest.mark.parametrize("stored", STORED)
def test_of_what_was_made_from_the_canonical_network_the_numbers_tell(
    stored: str, named: str, pretrained: VggWeights
) -> None:
    """A little trained on, so that no digest knows it."""
    rng = np.random.default_rng(0)
    kernel, bias = pretrained.kernels["conv1_1"], pretrained.biases["conv1_1"]
    kernel = kernel * (1 + 0.05 * rng.standard_normal(kernel.shape, np.float32))
    bias = bias * (1 + 0.05 * rng.standard_normal(bias.shape, np.float32))
    in_file = np.ascontiguousarray(STORED[stored](kernel))
    choice = choose_convention(in_file, bias, "vgg16", check_convention(named), None)
    assert choice.convention == stored
    assert choice.why.startswith("by its numbers: a mean first activation of ")
    folded, _ = fold_convention(in_file, choice.convention)
    np.testing.assert_allclose(folded, kernel, rtol=1e-5)


@pytest.mark.weights
def test_canonical_filters_in_other_units_are_refused(pretrained: VggWeights) -> None:
    kernel, bias = pretrained.kernels["conv1_1"], pretrained.biases["conv1_1"]
    with pytest.raises(WeightsError, match="their mean activation is"):
        choose_convention(kernel / 255, bias, "vgg16", "torch", None)


def test_a_convolution_of_the_pixels_is_folded(vgg16_layers: list[Layer]) -> None:
    """As AdaIN's encoder has it: RGB in 0..1 to BGR in 0..255 minus the mean."""
    kernel = vgg16_layers[0].kernel
    matrix = np.zeros((3, 3, 1, 1), np.float32)
    matrix[[0, 1, 2], [2, 1, 0], 0, 0] = 255
    bias = -np.array([103.939, 116.779, 123.68], np.float32)
    folded, mean = fold_pixels(kernel, matrix, bias)
    np.testing.assert_allclose(folded, kernel, rtol=1e-6)
    np.testing.assert_allclose(mean, (123.68, 116.779, 103.939), rtol=1e-6)

    mixing = np.random.default_rng(1).standard_normal((3, 3, 1, 1)).astype(np.float32)
    rgb = np.random.default_rng(0).integers(0, 256, (3, 9, 11)).astype(np.float64)
    prepared = np.einsum("oiyx,ihw->ohw", mixing, rgb / 255) + bias[:, None, None]
    folded, mean = fold_pixels(kernel, mixing, bias)
    centred = rgb - np.array(mean)[:, None, None]
    found, expected = correlate(centred[::-1], folded), correlate(prepared, kernel)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-2)


def test_a_convolution_of_the_pixels_that_loses_a_colour_is_refused(
    vgg16_layers: list[Layer],
) -> None:
    with pytest.raises(WeightsError, match="loses a colour"):
        fold_pixels(vgg16_layers[0].kernel, np.ones((3, 3, 1, 1), np.float32), np.ones(3))
