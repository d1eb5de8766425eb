"""The mean loss: the first moment of each feature map."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.losses.registry import Comparison, LayerFeatures, TextureLoss, register


def channel_means(features: LayerFeatures) -> ir.Value:
    """Write the mean over the positions, [N, 1]."""
    return features.tape.reduce_mean(features.matrix, [1], keepdims=True)


def _distance(comparison: Comparison) -> ir.Value:
    return comparison.features.tape.mean_of_squares(comparison.difference)


MEAN = register(
    TextureLoss(
        name="mean",
        summary="mean of each feature map",
        source="first moment",
        statistic=channel_means,
        distance=_distance,
        averages=True,
    )
)
