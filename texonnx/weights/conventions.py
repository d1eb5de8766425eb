"""The pixel conventions of published VGG files, and the exact folding of one into the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

import numpy as np

from texonnx.errors import WeightsError, unknown
from texonnx.weights.catalogue import CANONICAL_MEAN

if TYPE_CHECKING:
    from texonnx.weights.network import FloatArray

Convention: TypeAlias = Literal["caffe", "torch"]
"""``caffe``: BGR, 0..255 minus the mean. ``torch``: RGB, 0..1, minus a mean, over a deviation."""

CONVENTIONS: tuple[str, ...] = get_args(Convention)

TORCH_MEAN = (0.485, 0.456, 0.406)
TORCH_DEVIATION = (0.229, 0.224, 0.225)


def check_convention(convention: str) -> Convention:
    """Return `convention` if it is known, else raise :class:`WeightsError`."""
    if convention not in CONVENTIONS:
        raise WeightsError(unknown("pixel convention", convention, CONVENTIONS))
    return cast("Convention", convention)


def fold_convention(
    first_kernel: FloatArray, convention: Convention
) -> tuple[FloatArray, tuple[float, float, float]]:
    """Return the kernel of conv1_1 for BGR pixels in 0..255 minus a mean, and that mean in RGB.

    `first_kernel` is ``[64, 3, 3, 3]``, its input channels in the order of `convention`.
    With the torch convention the network sees ``(x / 255 - m) / s`` for each of red, green and
    blue, padded with zeros after that. Dividing the kernel by ``255 s`` and subtracting
    ``255 m`` from the pixels gives the same sums, so the bias stays.
    """
    if convention == "caffe":
        return first_kernel, CANONICAL_MEAN
    deviation = 255.0 * np.asarray(TORCH_DEVIATION, dtype=np.float64)
    folded = first_kernel.astype(np.float64) / deviation[None, :, None, None]
    red, green, blue = (255.0 * value for value in TORCH_MEAN)
    return np.ascontiguousarray(folded[:, ::-1], dtype=np.float32), (red, green, blue)
