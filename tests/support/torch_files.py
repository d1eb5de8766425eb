"""Writes the files that `torch.save` writes, without PyTorch."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage"}


def _named(kind: Any, module: str, name: str) -> Any:
    kind.__module__, kind.__qualname__, kind.__name__ = module, name, name
    return kind


_STORAGE_TYPES = {name: _named(type(name, (), {}), "torch", name) for name in _KINDS.values()}
_REBUILD = _named(lambda *_: None, "torch._utils", "_rebuild_tensor_v2")


@contextmanager
def _pretended_torch() -> Iterator[None]:
    """The pickler looks up what it names: let it find these stand-ins."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name, kind in _STORAGE_TYPES.items():
        setattr(torch, name, kind)
    utils._rebuild_tensor_v2 = _REBUILD  # type: ignore[attr-defined]
    saved = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        yield
    finally:
        for name, module in saved.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


class _Storage:
    def __init__(self, key: str, array: np.ndarray) -> None:
        self.key, self.array = key, array


class _Tensor:
    def __init__(self, key: str, array: np.ndarray) -> None:
        self.storage = _Storage(key, array)

    def __reduce_ex__(self, protocol: Any) -> Any:
        array = self.storage.array
        # The strides of the array itself: a transposed one is stored as it lies in memory.
        strides = tuple(stride // array.itemsize for stride in array.strides)
        return _REBUILD, (self.storage, 0, array.shape, strides, False, OrderedDict())


def _pickled(state: Any, legacy: bool) -> tuple[bytes, dict[str, np.ndarray]]:
    storages: dict[str, np.ndarray] = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            if not isinstance(value, _Storage):
                return None
            storages[value.key] = value.array
            kind = _STORAGE_TYPES[_KINDS[value.array.dtype.name]]
            identifier = ("storage", kind, value.key, "cpu", value.array.size)
            return (*identifier, None) if legacy else identifier

    buffer = io.BytesIO()
    with _pretended_torch():
        Pickler(buffer, protocol=2).dump(state)
    return buffer.getvalue(), storages


def _tensors(state: Mapping[str, Any]) -> OrderedDict[str, Any]:
    return OrderedDict(
        (name, _Tensor(str(index), value) if isinstance(value, np.ndarray) else value)
        for index, (name, value) in enumerate(state.items())
    )


def _raw(array: np.ndarray) -> bytes:
    """The bytes as they lie in memory, whatever the order of the axes."""
    return array.transpose(np.argsort(array.strides)[::-1]).tobytes()


def write_zip(path: Path, state: Mapping[str, Any]) -> None:
    data, storages = _pickled(_tensors(state), legacy=False)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", "little")
        for key, array in storages.items():
            archive.writestr(f"archive/data/{key}", _raw(array))
        archive.writestr("archive/version", "3\n")


def write_legacy(path: Path, state: Mapping[str, Any]) -> None:
    data, storages = _pickled(_tensors(state), legacy=True)
    with path.open("wb") as file:
        pickle.dump(0x1950A86A20F9469CFC6C, file, protocol=2)
        pickle.dump(1001, file, protocol=2)
        pickle.dump({"protocol_version": 1001, "little_endian": True}, file, protocol=2)
        file.write(data)
        pickle.dump(sorted(storages), file, protocol=2)
        for key in sorted(storages):
            file.write(storages[key].size.to_bytes(8, "little"))
            file.write(_raw(storages[key]))
