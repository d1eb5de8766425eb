"""The arrays in a NumPy pickle, rebuilt without calling anything that the file names."""

from __future__ import annotations

from collections import OrderedDict
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from texonnx.errors import WeightsError
from texonnx.weights.formats.restricted_pickle import Callback, Globals, RestrictedUnpickler

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBERS = "fiub"


class _Dtype:
    """A pickled dtype: its name, and then its state, of which the byte order matters."""

    def __init__(self, name: Any, *_rest: Any) -> None:
        self.name = name if isinstance(name, str) else ""
        self.byte_order: Literal["<", ">", "="] = "="

    def __setstate__(self, state: Any) -> None:
        if state[1] in "<>":
            self.byte_order = state[1]

    @property
    def holds_objects(self) -> bool:
        return self.name[:1] == "O"

    def numbers(self) -> np.dtype[Any]:
        dtype = np.dtype(self.name)
        if dtype.kind not in _NUMBERS:
            raise WeightsError(f"it holds '{self.name}' values, where numbers are accepted")
        return dtype.newbyteorder(self.byte_order)


class _Array:
    """A pickled array: made empty, and then given its state."""

    value: Any = None

    def __setstate__(self, state: Any) -> None:
        *_version, shape, dtype, fortran, data = state
        if dtype.holds_objects:
            self.value = list(data)
        else:
            raw = data.encode("latin1") if isinstance(data, str) else data
            numbers: NDArray[Any] = np.frombuffer(raw, dtype.numbers())
            self.value = numbers.reshape(shape, order="F" if fortran else "C")


def unpickle(file: IO[bytes]) -> Any:
    """Return the object pickled in `file`: arrays are NumPy's, arrays of objects are lists.

    Raises
    ------
    WeightsError
        When the pickle asks for anything but arrays, numbers and builtin containers.
    """
    return _plain(RestrictedUnpickler(file, _admitted()).load())


def _admitted() -> Globals:
    admitted: dict[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("_codecs", "encode"): Callback(_encode),
        ("numpy", "ndarray"): "ndarray",
        ("numpy", "dtype"): Callback(_Dtype),
    }
    for core in ("numpy.core", "numpy._core"):
        admitted[f"{core}.multiarray", "_reconstruct"] = Callback(_reconstruct)
        admitted[f"{core}.multiarray", "scalar"] = Callback(_scalar)
    return admitted


def _reconstruct(*_arguments: Any) -> _Array:
    return _Array()


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
