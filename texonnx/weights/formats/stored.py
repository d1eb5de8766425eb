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

EPSILON = 1e-5
"""What PyTorch, and the VGG networks of the ONNX model zoo, add to a variance."""


@dataclass(frozen=True)
class StoredConvolution:
    """One 3x3 convolution: kernel ``[out, in, 3, 3]``, bias ``[out]``, batch norm folded in."""

    kernel: FloatArray
    bias: FloatArray

    def normalised(
        self,
        gamma: FloatArray,
        beta: FloatArray,
        mean: FloatArray,
        variance: FloatArray,
        epsilon: float = EPSILON,
    ) -> StoredConvolution:
        """Return the one convolution that equals this one and the batch normalisation after it.

        That is ``gamma (x - mean) / sqrt(variance + epsilon) + beta``, each ``[channels]``.
        """
        for vector in (gamma, beta, mean, variance):
            if vector.shape != self.bias.shape:
                raise WeightsError(
                    f"a batch normalisation has the shape {vector.shape} after a convolution "
                    f"with {self.bias.shape[0]} channels"
                )
        if not (variance >= 0).all():
            raise WeightsError("a batch normalisation has a variance that is negative or no number")
        gain = gamma / np.sqrt(variance.astype(np.float64) + epsilon)
        kernel = self.kernel * gain[:, None, None, None]
        bias = (self.bias - mean.astype(np.float64)) * gain + beta
        return StoredConvolution(kernel.astype(np.float32), bias.astype(np.float32))


@dataclass(frozen=True)
class StoredNetwork:
    """The convolutions of a file, and how its names or format suggest that it sees pixels.

    Attributes
    ----------
    convolutions
        In the network's order.
    convention
        What the names or the format say.
    mean
        The mean pixel, red, green and blue in 0..255, where the file tells it.
    pixels
        A 1x1 convolution in front, which prepares RGB pixels in 0..1.
    """

    convolutions: tuple[StoredConvolution, ...]
    convention: Convention
    mean: tuple[float, float, float] | None = None
    pixels: StoredConvolution | None = None


PIXELS = (3, 3, 1, 1)
"""The shape of a 1x1 convolution of pixels, OIHW."""


def is_kernel_shape(shape: tuple[int, ...]) -> bool:
    """Whether `shape` is that of a 3x3 kernel, as OIHW or as HWIO."""
    return shape != PIXELS and len(shape) == 4 and (shape[2:] == (3, 3) or shape[:2] == (3, 3))


def is_wanted(shape: tuple[int, ...]) -> bool:
    """Whether a tensor of `shape` may be of use: a vector or a kernel, not a classifier's matrix.

    Readers leave the others unread: they may take half a gigabyte.
    """
    return len(shape) == 1 or is_kernel_shape(shape) or shape == PIXELS


def as_float32(array: NDArray[Any], name: str) -> FloatArray:
    """Return `array` as float32, or raise :class:`WeightsError` if it holds no real numbers."""
    if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
        raise WeightsError(
            f"'{name}' holds {array.dtype} values, where floating-point weights are accepted"
        )
    with np.errstate(over="ignore"):  # what overflows is refused as not finite, with its layer
        return np.asarray(array, dtype=np.float32)
