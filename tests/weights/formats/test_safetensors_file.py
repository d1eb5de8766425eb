from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file
from support.weights_comparison import assert_same

from texonnx.errors import WeightsError
from texonnx.weights.formats import read_network

from .test_torch_pth import torchvision_state

if TYPE_CHECKING:
    from pathlib import Path

    from ..conftest import Layer


def test_torchvision_weights_are_read(narrow: list[Layer], tmp_path: Path) -> None:
    save_file(torchvision_state(narrow), tmp_path / "vgg16.safetensors")
    stored = read_network(tmp_path / "vgg16.safetensors")
    assert_same(stored, narrow)
    assert stored.convention == "torch"


def test_a_truncated_file_is_an_error_naming_it(narrow: list[Layer], tmp_path: Path) -> None:
    path = tmp_path / "vgg16.safetensors"
    save_file(torchvision_state(narrow), path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(WeightsError, match=r"vgg16\.safetensors' is damaged"):
        read_network(path)


def test_names_without_meaning_are_refused(tmp_path: Path) -> None:
    save_file({"x": np.zeros((2, 3, 3, 3), np.float32)}, tmp_path / "x.safetensors")
    with pytest.raises(WeightsError, match="conv1_1"):
        read_network(tmp_path / "x.safetensors")
