"""The tensors of a PyTorch pickle, rebuilt in NumPy: no PyTorch, and no code from the file."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from texonnx.errors import WeightsError
from texonnx.weights.formats.restricted_pickle import Callback, Globals, RestrictedUnpickler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_STORAGES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",  # widened when the tensor is read
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_DEEPEST = 4

ByteOrder: TypeAlias = Literal["<", ">"]


@dataclass(frozen=True)
class Storage:
    """A run of numbers elsewhere in the file: their type, the run's key, and how many."""

    kind: str
    key: str
    count: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one number, without its byte order."""
        return np.dtype(_STORAGES[self.kind])

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * self.dtype.itemsize


@dataclass(frozen=True)
class Tensor:
    """A view of a storage; offset and strides count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self, raw: bytes, byte_order: ByteOrder = "<") -> NDArray[Any]:
        """Return the array, given the bytes of the whole storage.

        Raises
        ------
        WeightsError
            When the view reaches outside of the storage.
        """
        if len(raw) != self.storage.size:
            raise WeightsError(
                f"its storage '{self.storage.key}' has {len(raw)} bytes, not {self.storage.size}"
            )
        numbers = np.frombuffer(raw, dtype=self.storage.dtype.newbyteorder(byte_order))
        if self.storage.kind == "BFloat16Storage":
            numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
        last = self.offset + sum(
            (size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True)
        )
        numbers_needed = (self.offset, last, *self.shape, *self.strides)
        if min(numbers_needed) < 0 or (0 not in self.shape and last >= len(numbers)):
            raise WeightsError(f"a tensor reaches outside of its storage '{self.storage.key}'")
        view = np.lib.stride_tricks.as_strided(
            numbers[self.offset :],
            self.shape,
            tuple(stride * numbers.itemsize for stride in self.strides),
            writeable=False,
        )
        return np.ascontiguousarray(view)


def unpickle(file: IO[bytes]) -> Any:
    """Return the object that `torch.save` wrote, with :class:`Tensor` for every tensor.

    Raises
    ------
    WeightsError
        When the pickle asks for anything but tensors and containers of tensors.
    """
    return RestrictedUnpickler(file, _admitted(), _storage).load()


def tensors_in(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in nested dictionaries, their keys joined with dots."""
    if isinstance(value, Tensor):
        yield prefix, value
    elif isinstance(value, dict) and depth < _DEEPEST:
        for key, item in value.items():
            yield from tensors_in(item, f"{prefix}.{key}" if prefix else str(key), depth + 1)


def _admitted() -> Globals:
    kinds: dict[tuple[str, str], Any] = {("torch", kind): kind for kind in _STORAGES}
    rebuilds: dict[tuple[str, str], Callable[..., Any]] = {
        ("torch._utils", "_rebuild_tensor"): _tensor,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch._utils", "_rebuild_parameter"): _parameter,
    }
    callbacks = {name: Callback(function) for name, function in rebuilds.items()}
    return {("collections", "OrderedDict"): OrderedDict, **kinds, **callbacks}


def _storage(identifier: Any) -> Storage:
    """From the tuple 'storage', kind, key, device, count and, in old files, a view."""
    label, kind, key, _device, count, *view = identifier
    if label != "storage" or kind not in _STORAGES or any(part is not None for part in view):
        raise WeightsError("its pickle describes a tensor in a way that is not known")
    return Storage(kind, str(key), int(count))


def _tensor(storage: Storage, offset: int, shape: Any, strides: Any, *_rest: Any) -> Tensor:
    if not isinstance(storage, Storage) or len(shape) != len(strides):
        raise WeightsError("its pickle describes a tensor in a way that is not known")
    return Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _parameter(tensor: Tensor, *_rest: Any) -> Tensor:
    return tensor
