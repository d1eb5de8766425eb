"""The mean loss: the first moment of each feature map."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.losses.registry import LayerFeatures, TextureLoss, register


def channel_means(features: LayerFeatures) -> ir.Value:
    """Write the mean over the positions, [N, 1]."""
    return features.tape.reduce_mean(features.matrix, [1], keepdims=True)


MEAN = register(
    TextureLoss(
        name="mean",
        summary="mean of each feature map",
        source="first moment",
        statistic=channel_means,
        averaged=channel_means,
    )
)
