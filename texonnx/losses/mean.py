"""The mean loss: the first moment of each feature map."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.tape import Tape
from texonnx.losses.registry import Comparison, TextureLoss, register


def channel_means(tape: Tape, features: ir.Value) -> ir.Value:
    """Write the mean over the positions, [N, 1], of features [N, M]."""
    return tape.reduce_mean(features, [1], keepdims=True)


def _distance(comparison: Comparison) -> ir.Value:
    return comparison.tape.mean_of_squares(comparison.difference)


MEAN = register(
    TextureLoss(
        name="mean",
        summary="mean of each feature map",
        source="first moment",
        statistic=channel_means,
        distance=_distance,
        columns="1",
    )
)
