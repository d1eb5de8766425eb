"""What every reader of a file format returns: convolutions in network order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texonnx.errors import WeightsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texonnx.weights.conventions import Convention
    from texonnx.weights.network import FloatArray


@dataclass(frozen=True)
class StoredConvolution:
    """One 3x3 convolution: kernel ``[out, in, 3, 3]``, bias ``[out]``, batch norm folded in."""

    kernel: FloatArray
    bias: FloatArray


@dataclass(frozen=True)
class StoredNetwork:
    """The convolutions of a file, and the pixel convention its names or format suggest."""

    convolutions: tuple[StoredConvolution, ...]
    convention: Convention


def is_kernel_shape(shape: tuple[int, ...]) -> bool:
    """Whether `shape` is that of a 3x3 kernel, as OIHW or as HWIO."""
    return len(shape) == 4 and (shape[2:] == (3, 3) or shape[:2] == (3, 3))


def oihw(kernel: FloatArray) -> FloatArray:
    """Return a 3x3 kernel as ``[out, in, 3, 3]``, whether it is stored so or as HWIO."""
    ordered = kernel if kernel.shape[2:] == (3, 3) else kernel.transpose(3, 2, 0, 1)
    return np.ascontiguousarray(ordered)


def as_float32(array: NDArray[Any], name: str) -> FloatArray:
    """Return `array` as float32, or raise :class:`WeightsError` if it holds no real numbers."""
    if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
        raise WeightsError(
            f"'{name}' holds {array.dtype} values, where floating-point weights are accepted"
        )
    with np.errstate(over="ignore"):  # what overflows is refused as not finite, with its layer
        return np.asarray(array, dtype=np.float32)
