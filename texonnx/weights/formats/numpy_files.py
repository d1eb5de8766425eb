"""NumPy's files: .npy dictionaries converted from Caffe models, and .npz archives."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from texonnx.errors import WeightsError
from texonnx.weights.formats.named_tensors import network_of
from texonnx.weights.formats.numpy_pickle import unpickle
from texonnx.weights.formats.stored import StoredNetwork, is_kernel_shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


def read_npy(path: Path) -> StoredNetwork:
    """Read a pickled dictionary from layer names to arrays, lists of arrays or dictionaries."""
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of headers that Python 2 wrote
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            _shape, _fortran, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            _shape, _fortran, dtype = np.lib.format.read_array_header_2_0(file)
        if dtype.kind != "O":
            raise WeightsError(f"it holds one {dtype} array, where a dictionary is accepted")
        content = unpickle(file)
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    if not isinstance(content, dict):
        raise WeightsError("it holds no dictionary from layer names to arrays")
    return network_of(dict(_arrays_in(content)), in_order=True)


def read_npz(path: Path) -> StoredNetwork:
    """Read an archive of named arrays."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    wanted = {n: a for n, a in arrays.items() if a.ndim == 1 or is_kernel_shape(a.shape)}
    return network_of(wanted or arrays, in_order=True)


def _arrays_in(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays in nested dictionaries and lists, their keys joined with slashes."""
    if isinstance(value, np.ndarray):
        yield prefix, value
    elif isinstance(value, dict | list) and depth < 3:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            name = key.decode("latin1") if isinstance(key, bytes) else str(key)
            yield from _arrays_in(item, f"{prefix}/{name}" if prefix else name, depth + 1)
