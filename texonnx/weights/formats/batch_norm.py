"""The folding of a batch normalisation into the convolution before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texonnx.errors import WeightsError
from texonnx.weights.formats.stored import StoredConvolution

if TYPE_CHECKING:
    from texonnx.weights.network import FloatArray

EPSILON = 1e-5
"""What PyTorch, and the VGG networks of the ONNX model zoo, add to the variance."""


@dataclass(frozen=True)
class BatchNorm:
    """``gamma (x - mean) / sqrt(variance + epsilon) + beta``, each ``[channels]``."""

    gamma: FloatArray
    beta: FloatArray
    mean: FloatArray
    variance: FloatArray
    epsilon: float = EPSILON

    def fold_into(self, convolution: StoredConvolution) -> StoredConvolution:
        """Return the one convolution that equals `convolution` followed by this.

        Raises
        ------
        WeightsError
            When the channels differ or a variance is negative.
        """
        channels = convolution.bias.shape
        for vector in (self.gamma, self.beta, self.mean, self.variance):
            if vector.shape != channels:
                raise WeightsError(
                    f"a batch normalisation has the shape {vector.shape} after a convolution "
                    f"with {channels[0]} channels"
                )
        if not (self.variance >= 0).all():
            raise WeightsError("a batch normalisation has a variance that is negative or no number")
        variance = self.variance.astype(np.float64)
        gain = self.gamma / np.sqrt(variance + self.epsilon)
        bias = (convolution.bias - self.mean.astype(np.float64)) * gain + self.beta
        return StoredConvolution(
            kernel=(convolution.kernel * gain[:, None, None, None]).astype(np.float32),
            bias=bias.astype(np.float32),
        )
