"""The covariance loss: the second central moments of the feature maps."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.dims import END
from texonnx.graph.tape import Tape
from texonnx.losses.gram import gram_matrix
from texonnx.losses.mean import channel_means
from texonnx.losses.mixing import bures_barycentre
from texonnx.losses.registry import Comparison, LayerFeatures, TextureLoss, register


def covariance(features: LayerFeatures) -> ir.Value:
    """Write (F - mu) (F - mu)ᵀ / M, [N, N]."""
    centred = features.tape.sub(features.matrix, channel_means(features))
    return gram_matrix(features.tape, centred)


def _moments(features: LayerFeatures) -> ir.Value:
    """Write the first and second moments, [N, 1 + N]: mu, and F Fᵀ / M.

    The second by way of the covariance: summed as they are, large numbers would lose the digits of
    their small differences.
    """
    tape, mean = features.tape, channel_means(features)
    products = tape.add(covariance(features), tape.matmul(mean, tape.transpose(mean, [1, 0])))
    return tape.concat([mean, products], axis=1)


def _of_moments(tape: Tape, moments: ir.Value) -> ir.Value:
    """Write the covariance that first and second moments say."""
    mean, products = tape.slice(moments, 1, 0, 1), tape.slice(moments, 1, 1, END)
    return tape.sub(products, tape.matmul(mean, tape.transpose(mean, [1, 0])))


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
        averaged=_moments,
        from_average=_of_moments,
        mix=bures_barycentre,
    )
)
