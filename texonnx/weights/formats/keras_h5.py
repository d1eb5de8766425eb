"""Keras' .h5 files: weights or whole models, of Keras 1, 2 and 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from texonnx.errors import WeightsError
from texonnx.weights.formats.named_tensors import network_of
from texonnx.weights.formats.stored import StoredNetwork, is_wanted

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read(path: Path) -> StoredNetwork:
    """Read the convolutions of an HDF5 file that Keras wrote."""
    import h5py

    arrays: dict[str, NDArray[Any]] = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and is_wanted(item.shape):
            arrays[name] = item[()]

    with h5py.File(path, "r") as file:
        root = file.get("model_weights", file)  # a whole model keeps its optimiser beside it
        if root.attrs.get("backend") in (b"theano", "theano"):
            raise WeightsError(
                "it was written by Keras on Theano, whose kernels are flipped; files written on "
                "TensorFlow, PyTorch or JAX are accepted"
            )
        root.visititems(collect)
    return network_of(arrays, in_order=False)
