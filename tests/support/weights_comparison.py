"""Comparisons that several tests of readers make."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from texonnx.weights.formats import StoredNetwork

    from .conftest import Layer


def assert_same(stored: StoredNetwork, layers: list[Layer], tolerance: float = 0.0) -> None:
    assert len(stored.convolutions) == len(layers)
    for found, layer in zip(stored.convolutions, layers, strict=True):
        assert found.kernel.dtype == found.bias.dtype == np.float32
        np.testing.assert_allclose(found.kernel, layer.kernel, atol=tolerance, rtol=0)
        np.testing.assert_allclose(found.bias, layer.bias, atol=tolerance, rtol=0)


def hwio(kernel: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0))


class Payload:
    """An object whose unpickling would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def random_norm(channels: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "gamma": rng.uniform(0.5, 2, channels).astype(np.float32),
        "beta": rng.standard_normal(channels).astype(np.float32),
        "mean": rng.standard_normal(channels).astype(np.float32),
        "variance": rng.uniform(0.1, 3, channels).astype(np.float32),
    }


def assert_normalised(
    found: Any, layer: Layer, norm: dict[str, np.ndarray], epsilon: float = 1e-5
) -> None:
    """Compare with convolution and normalisation done one after the other, at one position."""
    patch = np.random.default_rng(7).standard_normal(layer.kernel.shape[1:])
    raw = np.einsum("oikl,ikl->o", layer.kernel.astype(float), patch) + layer.bias
    expected = norm["gamma"] * (raw - norm["mean"]) / np.sqrt(norm["variance"] + epsilon)
    expected = expected + norm["beta"]
    folded = np.einsum("oikl,ikl->o", found.kernel.astype(float), patch) + found.bias
    np.testing.assert_allclose(folded, expected, rtol=1e-5, atol=1e-5)
