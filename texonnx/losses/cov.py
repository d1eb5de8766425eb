"""The covariance loss: the second central moments of the feature maps."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.tape import Tape
from texonnx.losses.gram import gram_matrix
from texonnx.losses.mean import channel_means
from texonnx.losses.registry import Comparison, TextureLoss, register


def covariance(tape: Tape, features: ir.Value) -> ir.Value:
    """Write (F - mu) (F - mu)ᵀ / M, [N, N], for features [N, M]."""
    return gram_matrix(tape, tape.sub(features, channel_means(tape, features)))


def _distance(comparison: Comparison) -> ir.Value:
    squares = comparison.tape.sum_of_squares(comparison.difference)
    return comparison.tape.scale(squares, 1 / (4 * comparison.channels**2))


COV = register(
    TextureLoss(
        name="cov",
        summary="covariance of the feature maps; with the means: mean+cov",
        source="second central moment",
        statistic=covariance,
        distance=_distance,
        columns="N",
    )
)
