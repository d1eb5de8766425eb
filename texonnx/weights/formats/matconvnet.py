"""MatConvNet's .mat files: the layers of a network as structures, as its model zoo has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from texonnx.errors import WeightsError
from texonnx.weights.formats.stored import (
    StoredConvolution,
    StoredNetwork,
    as_float32,
    is_kernel_shape,
)

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> StoredNetwork:
    """Read the 3x3 convolutions of a network; its pixels are RGB in 0..255 minus its mean."""
    from scipy.io import loadmat

    content = loadmat(path, squeeze_me=True, struct_as_record=False)
    network = content.get("net")
    layers = content.get("layers") if network is None else getattr(network, "layers", None)
    if layers is None:
        raise WeightsError("it holds no 'layers' of MatConvNet")
    convolutions = tuple(_convolutions(np.atleast_1d(layers)))
    if not convolutions:
        raise WeightsError("it holds no 3x3 convolution")
    meta = content.get("meta") if network is None else getattr(network, "meta", None)
    return StoredNetwork(convolutions, "caffe-rgb", _mean(meta or content))


def _convolutions(layers: Any) -> Iterator[StoredConvolution]:
    for layer in layers:
        name = str(getattr(layer, "name", ""))
        if getattr(layer, "type", "") != "conv":
            continue
        kernel, bias = (
            layer.weights[:2] if hasattr(layer, "weights") else (layer.filters, layer.biases)
        )
        if not is_kernel_shape(np.shape(kernel)):
            continue  # of the classifier
        ordered = np.ascontiguousarray(as_float32(np.asarray(kernel), name).transpose(3, 2, 0, 1))
        yield StoredConvolution(ordered, as_float32(np.atleast_1d(bias), name))


def _mean(meta: Any) -> tuple[float, float, float] | None:
    """Return red, green and blue of the image that is subtracted, if the file tells it."""
    told = (
        meta.get("normalization")
        if isinstance(meta, dict)
        else getattr(meta, "normalization", None)
    )
    image = np.asarray(getattr(told, "averageImage", ()), np.float64)
    if image.size == 0 or image.shape[-1] != 3:
        return None
    red, green, blue = image.reshape(-1, 3).mean(axis=0).tolist()
    return red, green, blue
