"""The file formats in which VGG weights are published: how each is known, and what reads it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from texonnx.errors import WeightsError
from texonnx.weights.formats import (
    keras_h5,
    matconvnet,
    numpy_files,
    onnx_model,
    safetensors_file,
    torch_pth,
)
from texonnx.weights.formats.stored import StoredConvolution, StoredNetwork

__all__ = ["StoredConvolution", "StoredNetwork", "read_network", "recognise"]

_ACCEPTED = (
    "Keras .h5 and .keras, PyTorch .pth, .safetensors, .onnx, MatConvNet's .mat, .npy and .npz"
)
_GIT_LFS = b"version https://git-lfs"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes
    ----------
    name
        What sentences call it.
    suffixes
        Those that tell it, in lower case, where the first bytes cannot.
    begins
        What its files begin with.
    read
        Its reader, which runs no code from the file.
    confirm
        What else must be true of a file, given its path and its first 64 bytes.
    """

    name: str
    suffixes: tuple[str, ...]
    begins: bytes
    read: Callable[[Path], StoredNetwork]
    confirm: Callable[[Path, bytes], bool] = lambda path, head: True


def _holds_npy_files(path: Path, head: bytes) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return path.suffix == ".npz"
    return bool(names) and all(name.endswith(".npy") for name in names)


def _holds_keras_weights(path: Path, head: bytes) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return keras_h5.WEIGHTS in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return path.suffix == ".keras"


def _has_json_header(path: Path, head: bytes) -> bool:
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size


FORMATS = (
    Format("h5", (".h5", ".hdf5"), b"\x89HDF\r\n\x1a\n", keras_h5.read),
    Format("npy", (".npy",), b"\x93NUMPY", numpy_files.read_npy),
    Format("npz", (".npz",), _ZIP, numpy_files.read_npz, _holds_npy_files),
    Format("keras", (".keras",), _ZIP, keras_h5.read_archive, _holds_keras_weights),
    Format("mat", (".mat",), b"MATLAB 5.0 MAT-file", matconvnet.read),
    Format("pth", (".pt", ".pth"), _ZIP, torch_pth.read_zip),
    # Before the pickles: a header's length may begin with the byte that a pickle begins with.
    Format("safetensors", (".safetensors",), b"", safetensors_file.read, _has_json_header),
    Format("pth-legacy", (), b"\x80", torch_pth.read_legacy),
    # 8 is the tag of the field ir_version, which exporters write first.
    Format("onnx", (".onnx",), b"\x08", onnx_model.read),
)
"""A file is of the first of these whose conditions hold."""


def recognise(path: Path) -> Format:
    """Return the format of the file at `path`: by its first bytes, or else by its suffix."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        raise WeightsError(f"there is no weights file '{path}'") from None
    except OSError as error:
        raise WeightsError(f"'{path}' cannot be read: {error.strerror or error}") from None
    if not head:
        raise WeightsError(f"'{path}' is empty; accepted are {_ACCEPTED}")
    if head.startswith(_GIT_LFS):
        raise WeightsError(f"'{path}' is a Git LFS pointer, not the file itself: run git lfs pull")
    for format_ in FORMATS:
        if head.startswith(format_.begins) and format_.confirm(path, head):
            return format_
    for format_ in FORMATS:
        if path.suffix.lower() in format_.suffixes:
            return format_
    raise WeightsError(f"the format of '{path}' is not known; accepted are {_ACCEPTED}")


def read_network(path: Path) -> StoredNetwork:
    """Read the convolutions of a file in any accepted format, running no code from it.

    Whatever fails, a :class:`WeightsError` names the file and says why.
    """
    known = recognise(path)
    try:
        return known.read(path)
    except WeightsError as error:
        raise WeightsError(f"'{path}' cannot be used: {error}") from None
    except Exception as error:
        # The libraries that parse damaged files raise almost anything.
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise WeightsError(
            f"'{path}' is damaged or not what its format '{known.name}' says: {reason}"
        ) from error
