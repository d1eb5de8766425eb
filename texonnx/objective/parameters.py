"""From a network's weights to the tensors of the graphs: channel order, units, one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.subgraphs.trunk import TrunkParameters, layers_needed
from texonnx.vgg import pools_before
from texonnx.weights.network import VggWeights

_WHITE = 255.0
_MAX_POOL_GROWTH = 1.55
_PAGE = 4096
"""Tensors begin at multiples of this, so that a runtime can map them from the file."""


def layer_units(weights: VggWeights, pooling: str) -> dict[str, float]:
    """Return the mean activation of each layer, which becomes its unit.

    What the weights bring is measured with average pooling. A max pool lets through more: on the
    four colour textures in ``images/``, the canonical VGG-16 has 1.4, 2.2, 3.6 and 6.1 times the
    mean activation after one to four of them, a factor of about 1.55 each.
    """
    growth = _MAX_POOL_GROWTH if pooling == "max" else 1.0
    return {
        name: scale * growth ** pools_before(name)
        for name, scale in weights.activation_scale.items()
    }


def trunk_tensors(
    weights: VggWeights, layers: Iterable[str], units: Mapping[str, float] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of the trunk up to the deepest of `layers`.

    The weights take BGR pixels in 0..255; the graphs take RGB images in [0, 1].

    Parameters
    ----------
    weights, layers
        The network and the layers that are looked at.
    units
        What each layer's activations are divided by: ReLU is homogeneous, so
        this changes the units and nothing else. Without it they keep the network's own.

    Returns
    -------
    dict
        ``<layer>.weight`` [out, in, 3, 3] and ``<layer>.bias`` [out], in network order.
    """
    tensors: dict[str, NDArray[np.float32]] = {}
    unit_before = _WHITE
    for layer in layers_needed(weights.arch, layers):
        kernel, bias = weights.kernels[layer.name], weights.biases[layer.name]
        if layer.in_channels == 3:
            kernel = kernel[:, ::-1]
        unit = units[layer.name] if units else 1.0
        tensors[f"{layer.name}.weight"] = np.ascontiguousarray(
            kernel * np.float32(unit_before / unit)
        )
        tensors[f"{layer.name}.bias"] = bias / np.float32(unit)
        unit_before = unit
    return tensors


def store_tensors(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays into one file, where :func:`stored_tensors` says."""
    with path.open("wb") as file:
        for array in tensors.values():
            file.write(bytes(-file.tell() % _PAGE))
            file.write(array.tobytes())


def stored_tensors(file: str, tensors: Mapping[str, NDArray[Any]]) -> dict[str, ir.ExternalTensor]:
    """Return what refers to arrays from a graph beside the file that they are, or were, in."""
    stored, end = {}, 0
    for name, array in tensors.items():
        start = end + -end % _PAGE
        end = start + array.nbytes
        stored[name] = ir.ExternalTensor(
            file,
            offset=start,
            length=array.nbytes,
            dtype=ir.DataType.from_numpy(array.dtype),
            shape=ir.Shape(array.shape),
            name=name,
        )
    return stored


def in_memory(tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, ir.TensorProtocol]:
    """Wrap arrays as tensors that are stored inside the graph."""
    return {name: ir.tensor(array, name=name) for name, array in tensors.items()}


def trunk_parameters(
    tensors: Mapping[str, ir.TensorProtocol], mean: tuple[float, float, float]
) -> TrunkParameters:
    """Gather named tensors, in memory or in a file beside the graph, for the trunk.

    Parameters
    ----------
    tensors
        ``<layer>.weight`` and ``<layer>.bias``.
    mean
        Red, green, blue in 0..255.
    """
    by_kind: dict[str, dict[str, ir.TensorProtocol]] = {"weight": {}, "bias": {}}
    for name, tensor in tensors.items():
        layer, _, kind = name.partition(".")
        by_kind[kind][layer] = tensor
    offset = (np.array(mean, np.float64) / _WHITE).astype(np.float32).reshape(1, 3, 1, 1)
    return TrunkParameters(by_kind["weight"], by_kind["bias"], offset)
