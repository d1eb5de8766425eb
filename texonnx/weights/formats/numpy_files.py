"""NumPy's files: .npy dictionaries converted from Caffe models, and .npz archives."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texonnx.errors import WeightsError
from texonnx.weights.formats.named_tensors import network_of
from texonnx.weights.formats.restricted_pickle import Callback, Globals, RestrictedUnpickler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from texonnx.weights.formats.stored import StoredNetwork

_NUMBERS = "fiub"


def read_npy(path: Path) -> StoredNetwork:
    """Read a pickled dictionary from layer names to arrays, lists of arrays or dictionaries.

    The arrays are rebuilt without calling anything that the file names.
    """
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of headers that Python 2 wrote
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            _shape, _fortran, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            _shape, _fortran, dtype = np.lib.format.read_array_header_2_0(file)
        if dtype.kind != "O":
            raise WeightsError(f"it holds one {dtype} array, where a dictionary is accepted")
        content = _plain(RestrictedUnpickler(file, _admitted()).load())
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    if not isinstance(content, dict):
        raise WeightsError("it holds no dictionary from layer names to arrays")
    return network_of(dict(_arrays_in(content)), in_order=True)


def read_npz(path: Path) -> StoredNetwork:
    """Read an archive of named arrays."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return network_of(dict(archive), in_order=True)


def _arrays_in(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays in nested dictionaries and lists, their keys joined with slashes."""
    if isinstance(value, np.ndarray):
        # Old Caffe files store a bias as [1, 1, 1, channels].
        yield prefix, value.reshape(-1) if value.shape[:-1] == (1, 1, 1) else value
    elif isinstance(value, dict | list) and depth < 3:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            name = key.decode("latin1") if isinstance(key, bytes) else str(key)
            yield from _arrays_in(item, f"{prefix}/{name}" if prefix else name, depth + 1)


class _Dtype:
    """A pickled dtype: its name, and then its state, of which the byte order matters."""

    def __init__(self, name: Any, *_rest: Any) -> None:
        self.name = name if isinstance(name, str) else ""
        self.byte_order: Literal["<", ">", "="] = "="

    def __setstate__(self, state: Any) -> None:
        if state[1] in "<>":
            self.byte_order = state[1]

    def numbers(self) -> np.dtype[Any]:
        dtype = np.dtype(self.name)
        if dtype.kind not in _NUMBERS:
            raise WeightsError(f"it holds '{self.name}' values, where numbers are accepted")
        return dtype.newbyteorder(self.byte_order)


class _Array:
    """A pickled array: made empty, whatever the arguments, and then given its state."""

    def __init__(self, *_arguments: Any) -> None:
        self.value: Any = None

    def __setstate__(self, state: Any) -> None:
        *_version, shape, dtype, fortran, data = state
        if dtype.name.startswith("O"):  # objects
            self.value = list(data)
        else:
            raw = data.encode("latin1") if isinstance(data, str) else data
            numbers: NDArray[Any] = np.frombuffer(raw, dtype.numbers())
            self.value = numbers.reshape(shape, order="F" if fortran else "C")


def _admitted() -> Globals:
    admitted: dict[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("_codecs", "encode"): Callback(_encode),
        ("numpy", "ndarray"): "ndarray",
        ("numpy", "dtype"): Callback(_Dtype),
    }
    for core in ("numpy.core", "numpy._core"):
        admitted[f"{core}.multiarray", "_reconstruct"] = Callback(_Array)
        admitted[f"{core}.multiarray", "scalar"] = Callback(_scalar)
    return admitted


def _scalar(dtype: _Dtype, data: Any) -> _Array:
    array = _Array()
    array.__setstate__((1, (), dtype, False, data))
    return array


def _encode(text: str, encoding: str) -> bytes:
    """Python 3 pickles bytes for Python 2 as text in Latin 1."""
    if encoding != "latin1":
        raise WeightsError(f"its pickle encodes text as '{encoding}', where latin1 is accepted")
    return text.encode("latin1")


def _plain(value: Any) -> Any:
    """Put the arrays in the place of their stand-ins."""
    if isinstance(value, _Array):
        return _plain(value.value)
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
