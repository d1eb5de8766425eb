from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from support.weights_comparison import assert_same, hwio

from texonnx.errors import WeightsError
from texonnx.weights.formats import read_network

if TYPE_CHECKING:
    from pathlib import Path

    from ..conftest import Layer


def block_name(layer: Layer) -> str:
    return f"block{layer.name[4]}_conv{layer.name[6]}"


SPELLINGS = {
    "Keras 1": ("{0}/{0}_W_1:0", "{0}/{0}_b_1:0"),
    "Keras 2": ("{0}/{0}/kernel:0", "{0}/{0}/bias:0"),
    "Keras 2, flat": ("{0}/kernel:0", "{0}/bias:0"),
    "whole model": ("model_weights/{0}/{0}/kernel:0", "model_weights/{0}/{0}/bias:0"),
    "Keras 3": ("layers/{0}/vars/0", "layers/{0}/vars/1"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("top", [False, True])
def test_every_spelling_is_read(
    spelling: str, top: bool, narrow: list[Layer], tmp_path: Path
) -> None:
    kernel, bias = SPELLINGS[spelling]
    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        for layer in narrow:
            file[kernel.format(block_name(layer))] = hwio(layer.kernel)
            file[bias.format(block_name(layer))] = layer.bias
        if top:
            file[kernel.format("fc1")] = np.ones((6, 4), np.float32)
            file[bias.format("fc1")] = np.ones(4, np.float32)
        if spelling == "whole model":
            slot = f"optimizer_weights/Adam/m/{block_name(narrow[0])}/kernel:0"
            file[slot] = hwio(narrow[0].kernel)
    stored = read_network(tmp_path / "vgg.h5")
    assert_same(stored, narrow)
    assert stored.convention == "caffe"


def test_layers_without_names_are_read_by_number(narrow: list[Layer], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "vgg.weights.h5", "w") as file:
        for number, layer in enumerate(narrow):
            group = f"layers/conv2d_{number}" if number else "layers/conv2d"
            file[f"{group}/vars/0"] = hwio(layer.kernel)
            file[f"{group}/vars/1"] = layer.bias
    assert_same(read_network(tmp_path / "vgg.weights.h5"), narrow)


def test_the_suffix_does_not_matter(narrow: list[Layer], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "vgg.bin", "w") as file:
        for layer in narrow:
            file[f"{block_name(layer)}/kernel:0"] = hwio(layer.kernel)
            file[f"{block_name(layer)}/bias:0"] = layer.bias
    assert_same(read_network(tmp_path / "vgg.bin"), narrow)


def test_flipped_kernels_of_theano_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "th.h5", "w") as file:
        file.attrs["backend"] = b"theano"
    with pytest.raises(WeightsError, match="Theano"):
        read_network(tmp_path / "th.h5")


def test_a_truncated_file_is_an_error_naming_it(narrow: list[Layer], tmp_path: Path) -> None:
    path = tmp_path / "vgg.h5"
    with h5py.File(path, "w") as file:
        file["block1_conv1/kernel:0"] = hwio(narrow[0].kernel)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"vgg\.h5' is damaged"):
        read_network(path)
