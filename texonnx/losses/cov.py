"""The covariance loss: the second central moments of the feature maps."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.losses.gram import gram_matrix
from texonnx.losses.mean import channel_means
from texonnx.losses.mixing import bures_barycentre
from texonnx.losses.registry import Comparison, LayerFeatures, TextureLoss, register


def covariance(features: LayerFeatures) -> ir.Value:
    """Write (F - mu) (F - mu)ᵀ / M, [N, N]."""
    centred = features.tape.sub(features.matrix, channel_means(features))
    return gram_matrix(features.tape, centred)


def _distance(comparison: Comparison) -> ir.Value:
    features = comparison.features
    squares = features.tape.sum_of_squares(comparison.difference)
    return features.tape.scale(squares, 1 / (4 * features.channels**2))


COV = register(
    TextureLoss(
        name="cov",
        summary="covariance of the feature maps; with the means: mean+cov",
        source="second central moment",
        statistic=covariance,
        distance=_distance,
        mix=bures_barycentre,
    )
)
