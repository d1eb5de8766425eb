"""Names as they come from networks that ran on several devices, and convolutions in front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file

from texonnx.weights.formats import read_network

if TYPE_CHECKING:
    from ..conftest import Layer


@pytest.mark.parametrize(
    "name", ["module.features.{}", "features.module.{}", "model.module.features.{}"]
)
def test_the_word_module_may_stand_anywhere(name: str, narrow: list[Layer], tmp_path: Path) -> None:
    tensors = {}
    for place, layer in enumerate(narrow):
        tensors[f"{name.format(2 * place)}.weight"] = layer.kernel
        tensors[f"{name.format(2 * place)}.bias"] = layer.bias
    save_file(tensors, tmp_path / "net.safetensors")
    found = read_network(tmp_path / "net.safetensors")
    assert found.convention == "torch"
    for convolution, layer in zip(found.convolutions, narrow, strict=True):
        np.testing.assert_array_equal(convolution.kernel, layer.kernel)


def test_a_convolution_of_the_pixels_in_front_is_told_apart(
    narrow: list[Layer], tmp_path: Path
) -> None:
    """As AdaIN's encoder: 0 is 1x1, then padding, convolution and ReLU by turns."""
    pixels = np.random.default_rng(0).standard_normal((3, 3, 1, 1)).astype(np.float32)
    tensors = {"0.weight": pixels, "0.bias": np.arange(3, dtype=np.float32)}
    for place, layer in enumerate(narrow):
        tensors |= {f"{2 + 3 * place}.weight": layer.kernel, f"{2 + 3 * place}.bias": layer.bias}
    save_file(tensors, tmp_path / "net.safetensors")
    found = read_network(tmp_path / "net.safetensors")
    assert found.pixels is not None
    np.testing.assert_array_equal(found.pixels.kernel, pixels)
    assert len(found.convolutions) == len(narrow)
    np.testing.assert_array_equal(found.convolutions[0].kernel, narrow[0].kernel)
