"""Keras' .h5 files: weights or whole models, of Keras 1, 2 and 3."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from texonnx.errors import WeightsError
from texonnx.weights.formats.named_tensors import network_of
from texonnx.weights.formats.stored import StoredNetwork, is_wanted

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


WEIGHTS = "model.weights.h5"
"""The member of a ``.keras`` file."""


def read(path: Path) -> StoredNetwork:
    """Read the convolutions of an HDF5 file that Keras wrote."""
    return _read(path)


def read_archive(path: Path) -> StoredNetwork:
    """Read the convolutions of a ``.keras`` file: a zip with the weights as HDF5 in it."""
    with zipfile.ZipFile(path) as archive, archive.open(WEIGHTS) as member:
        return _read(io.BytesIO(member.read()))


def _read(source: Path | io.BytesIO) -> StoredNetwork:
    import h5py

    arrays: dict[str, NDArray[Any]] = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and is_wanted(item.shape):
            arrays[name] = item[()]

    with h5py.File(source, "r") as file:
        root = file.get("model_weights", file)  # a whole model keeps its optimiser beside it
        if root.attrs.get("backend") in (b"theano", "theano"):
            raise WeightsError(
                "it was written by Keras on Theano, whose kernels are flipped; files written on "
                "TensorFlow, PyTorch or JAX are accepted"
            )
        root.visititems(collect)
    return network_of(arrays, in_order=False)
