"""Readers of the file formats in which VGG weights are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texonnx.errors import WeightsError
from texonnx.weights.formats import (
    keras_h5,
    numpy_files,
    onnx_model,
    safetensors_file,
    torch_pth,
)
from texonnx.weights.formats.recognition import Format, recognise
from texonnx.weights.formats.stored import StoredConvolution, StoredNetwork

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["StoredConvolution", "StoredNetwork", "read_network"]

_READERS: dict[Format, Callable[[Path], StoredNetwork]] = {
    "h5": keras_h5.read,
    "npy": numpy_files.read_npy,
    "npz": numpy_files.read_npz,
    "onnx": onnx_model.read,
    "pth": torch_pth.read_zip,
    "pth-legacy": torch_pth.read_legacy,
    "safetensors": safetensors_file.read,
}


def read_network(path: Path) -> StoredNetwork:
    """Read the convolutions of a file in any accepted format, running no code from it.

    Raises
    ------
    WeightsError
        When the file cannot be read or holds no convolutions, naming it and saying why.
    """
    known = recognise(path)
    try:
        return _READERS[known](path)
    except WeightsError as error:
        raise WeightsError(f"'{path}' cannot be used: {error}") from None
    except Exception as error:
        # The libraries that parse damaged files raise almost anything.
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise WeightsError(
            f"'{path}' is damaged or not what its format '{known}' says: {reason}"
        ) from error
