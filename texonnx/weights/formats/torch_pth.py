"""PyTorch's .pth files, both the zip container and the older sequence of pickles."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING, Any

from texonnx.errors import WeightsError
from texonnx.weights.formats.named_tensors import network_of
from texonnx.weights.formats.restricted_pickle import RestrictedUnpickler
from texonnx.weights.formats.stored import StoredNetwork, is_kernel_shape
from texonnx.weights.formats.torch_pickle import ByteOrder, Tensor, tensors_in, unpickle

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_PICKLE = "/data.pkl"


def read_zip(path: Path) -> StoredNetwork:
    """Read what PyTorch 1.6 and later write: a zip of a pickle and one file a storage."""
    with zipfile.ZipFile(path) as archive:
        pickles = [name for name in archive.namelist() if name.endswith(_PICKLE)]
        if len(pickles) != 1:
            raise WeightsError("its zip archive holds neither NumPy arrays nor a PyTorch state")
        root = pickles[0].removesuffix(_PICKLE)
        byte_order: ByteOrder = "<"
        if f"{root}/byteorder" in archive.namelist():
            byte_order = ">" if archive.read(f"{root}/byteorder") == b"big" else "<"
        with archive.open(pickles[0]) as file:
            tensors = _wanted(unpickle(file))
        arrays: dict[str, NDArray[Any]] = {}
        for name, tensor in tensors.items():
            member = f"{root}/data/{tensor.storage.key}"
            if archive.getinfo(member).file_size != tensor.storage.size:
                raise WeightsError(f"its member '{member}' is not of the size that it should be")
            arrays[name] = tensor.read(archive.read(member), byte_order)
    return network_of(arrays, in_order=True)


def read_legacy(path: Path) -> StoredNetwork:
    """Read what PyTorch before 1.6 wrote: five pickles, then the storages one after another."""
    with path.open("rb") as file:
        magic, protocol, system = (RestrictedUnpickler(file, {}).load() for _ in range(3))
        if magic != _LEGACY_MAGIC or protocol != _LEGACY_PROTOCOL:
            raise WeightsError("it is a pickle, but not one that PyTorch wrote")
        byte_order: ByteOrder = "<" if system.get("little_endian", True) else ">"
        state = unpickle(file)
        keys = [str(key) for key in RestrictedUnpickler(file, {}).load()]
        offsets = _legacy_offsets(file, keys, {t.storage.key: t for _, t in tensors_in(state)})
        arrays: dict[str, NDArray[Any]] = {}
        for name, tensor in _wanted(state).items():
            file.seek(offsets[tensor.storage.key])
            arrays[name] = tensor.read(file.read(tensor.storage.size), byte_order)
    return network_of(arrays, in_order=True)


def _wanted(state: Any) -> dict[str, Tensor]:
    """The kernels and vectors alone: a classifier's matrices may take half a gigabyte."""
    tensors = dict(tensors_in(state))
    if not tensors:
        raise WeightsError("it holds no tensors; a PyTorch state dictionary is accepted")
    return {
        name: tensor
        for name, tensor in tensors.items()
        if len(tensor.shape) == 1 or is_kernel_shape(tensor.shape)
    }


def _legacy_offsets(file: IO[bytes], keys: list[str], tensors: dict[str, Tensor]) -> dict[str, int]:
    """Where each storage begins: every one follows its count of numbers in eight bytes."""
    offsets = {}
    for key in keys:
        file.seek(8, 1)
        offsets[key] = file.tell()
        file.seek(tensors[key].storage.size, 1)
    return offsets
