"""Networks to put into files: a narrow one for the readers, a whole VGG-16 for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from texonnx.vgg import conv_layers
from texonnx.weights.network import VggWeights

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Layer:
    name: str
    kernel: np.ndarray
    bias: np.ndarray


def make_layers(arch: str, divide_channels_by: int = 1, seed: int = 0) -> list[Layer]:
    rng = np.random.default_rng(seed)
    layers = []
    for layer in conv_layers(arch):
        outs = layer.out_channels // divide_channels_by
        ins = 3 if layer.name == "conv1_1" else layer.in_channels // divide_channels_by
        kernel = rng.standard_normal((outs, ins, 3, 3), dtype=np.float32)
        kernel *= np.float32(np.sqrt(2 / (9 * ins)))
        layers.append(Layer(layer.name, kernel, rng.standard_normal(outs, dtype=np.float32)))
    return layers


@pytest.fixture(scope="session")
def narrow() -> list[Layer]:
    """VGG-16 with a sixteenth of the channels: readers do not check the widths."""
    return make_layers("vgg16", divide_channels_by=16)


@pytest.fixture(scope="session")
def vgg16_layers() -> list[Layer]:
    return make_layers("vgg16")


@pytest.fixture(scope="session")
def vgg16_weights(vgg16_layers: list[Layer]) -> VggWeights:
    return VggWeights(
        arch="vgg16",
        kernels={layer.name: layer.kernel for layer in vgg16_layers},
        biases={layer.name: layer.bias for layer in vgg16_layers},
        mean=(123.68, 116.779, 103.939),
        activation_scale={layer.name: 1.5 for layer in vgg16_layers},
        source="a test",
        random=False,
    )


@pytest.fixture(autouse=True)
def cache_root(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    root = tmp_path / "cache"
    if request.node.get_closest_marker("weights") is None:
        monkeypatch.setenv("TEXONNX_CACHE", str(root))
    return root


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the measuring of activation scales, a second for each network."""
    for user in ("importing", "random"):
        monkeypatch.setattr(
            f"texonnx.weights.{user}.measure",
            lambda kernels, biases, mean, arch: dict.fromkeys(kernels, 2.0),
        )
