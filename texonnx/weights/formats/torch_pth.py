"""PyTorch's .pth files: their tensors rebuilt in NumPy, with no PyTorch and no code from the file.

There are two containers: the zip of today, and the older sequence of pickles.
"""

from __future__ import annotations

import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from texonnx.errors import WeightsError
from texonnx.weights.formats.named_tensors import network_of
from texonnx.weights.formats.restricted_pickle import Callback, Globals, RestrictedUnpickler
from texonnx.weights.formats.stored import StoredNetwork, is_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_PICKLE = "/data.pkl"
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
        """Return the array, given the bytes of the whole storage; a view beyond it is refused."""
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


def read_zip(path: Path) -> StoredNetwork:
    """Read what PyTorch 1.6 and later write: a zip of a pickle and one file a storage."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.endswith(_PICKLE)]
        if len(pickles) != 1:
            raise WeightsError("its zip archive holds neither NumPy arrays nor a PyTorch state")
        root = pickles[0].removesuffix(_PICKLE)
        order = f"{root}/byteorder"
        big_endian = order in names and archive.read(order) == b"big"

        def read_storage(storage: Storage) -> bytes:
            member = f"{root}/data/{storage.key}"
            if archive.getinfo(member).file_size != storage.size:
                raise WeightsError(f"its member '{member}' is not of the size that it should be")
            return archive.read(member)

        with archive.open(pickles[0]) as file:
            state = _unpickle(file)
        return _network_of(state, read_storage, ">" if big_endian else "<")


def read_legacy(path: Path) -> StoredNetwork:
    """Read what PyTorch before 1.6 wrote: five pickles, then the storages one after another."""
    with path.open("rb") as file:
        magic, protocol, system = (RestrictedUnpickler(file, {}).load() for _ in range(3))
        if magic != _LEGACY_MAGIC or protocol != _LEGACY_PROTOCOL:
            raise WeightsError("it is a pickle, but not one that PyTorch wrote")
        little_endian = system.get("little_endian", True)
        state = _unpickle(file)
        sizes = {tensor.storage.key: tensor.storage.size for _, tensor in _tensors_in(state)}
        offsets = {}
        for key in map(str, RestrictedUnpickler(file, {}).load()):
            offsets[key] = file.seek(8, 1)  # every storage follows its count of numbers
            file.seek(sizes[key], 1)

        def read_storage(storage: Storage) -> bytes:
            file.seek(offsets[storage.key])
            return file.read(storage.size)

        return _network_of(state, read_storage, "<" if little_endian else ">")


def _network_of(
    state: Any, read_storage: Callable[[Storage], bytes], byte_order: ByteOrder
) -> StoredNetwork:
    tensors = dict(_tensors_in(state))
    if not tensors:
        raise WeightsError("it holds no tensors; a PyTorch state dictionary is accepted")
    arrays = {
        name: tensor.read(read_storage(tensor.storage), byte_order)
        for name, tensor in tensors.items()
        if is_wanted(tensor.shape)
    }
    return network_of(arrays, in_order=True)


def _unpickle(file: IO[bytes]) -> Any:
    """Return the object that `torch.save` wrote, with :class:`Tensor` for every tensor."""
    return RestrictedUnpickler(file, _admitted(), _storage).load()


def _tensors_in(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in nested dictionaries, their keys joined with dots."""
    if isinstance(value, Tensor):
        yield prefix, value
    elif isinstance(value, dict) and depth < _DEEPEST:
        for key, item in value.items():
            yield from _tensors_in(item, f"{prefix}.{key}" if prefix else str(key), depth + 1)


def _admitted() -> Globals:
    return {
        ("collections", "OrderedDict"): OrderedDict,
        **{("torch", kind): kind for kind in _STORAGES},
        ("torch._utils", "_rebuild_tensor"): Callback(_tensor),
        ("torch._utils", "_rebuild_tensor_v2"): Callback(_tensor),
        ("torch._utils", "_rebuild_parameter"): Callback(lambda tensor, *_rest: tensor),
    }


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
