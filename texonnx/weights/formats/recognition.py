"""Which format a file has: by its first bytes, and by its suffix where those cannot tell."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Literal, TypeAlias

from texonnx.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

Format: TypeAlias = Literal["h5", "npy", "npz", "onnx", "pth", "pth-legacy", "safetensors"]

ACCEPTED = "Keras .h5, PyTorch .pth, .safetensors, .onnx, .npy and .npz"

_HDF5 = b"\x89HDF\r\n\x1a\n"
_NPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_ONNX = b"\x08"  # the tag of the field ir_version, which exporters write first
_GIT_LFS = b"version https://git-lfs"


def recognise(path: Path) -> Format:
    """Return the format of the file at `path`.

    Raises
    ------
    WeightsError
        When there is no such file, it cannot be read, or its format is not known.
    """
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        raise WeightsError(f"there is no weights file '{path}'") from None
    except OSError as error:
        raise WeightsError(f"'{path}' cannot be read: {error.strerror or error}") from None
    if not head:
        raise WeightsError(f"'{path}' is empty; accepted are {ACCEPTED}")
    if head.startswith(_GIT_LFS):
        raise WeightsError(f"'{path}' is a Git LFS pointer, not the file itself: run git lfs pull")
    known = _by_magic(path, head) or _by_suffix(path)
    if known is None:
        raise WeightsError(f"the format of '{path}' is not known; accepted are {ACCEPTED}")
    return known


def _by_magic(path: Path, head: bytes) -> Format | None:
    if head.startswith(_HDF5):
        return "h5"
    if head.startswith(_NPY):
        return "npy"
    if head.startswith(_ZIP):
        return "npz" if _is_npz(path) else "pth"
    if head.startswith(_PICKLE):
        return "pth-legacy"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size:
        return "safetensors"
    return "onnx" if head.startswith(_ONNX) else None


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return path.suffix == ".npz"
    return bool(names) and all(name.endswith(".npy") for name in names)


def _by_suffix(path: Path) -> Format | None:
    suffixes: dict[str, Format] = {
        ".h5": "h5",
        ".hdf5": "h5",
        ".npy": "npy",
        ".npz": "npz",
        ".onnx": "onnx",
        ".pt": "pth",
        ".pth": "pth",
        ".safetensors": "safetensors",
    }
    return suffixes.get(path.suffix.lower())
