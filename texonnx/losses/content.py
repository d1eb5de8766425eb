"""The content loss: the feature maps themselves, position by position.

Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", 2016, eq. 1,
with a mean in place of their sum: so one weight serves every size and layer. It is not among the
texture losses: it is held against another image, and at the same positions.
"""

from __future__ import annotations

import onnx_ir as ir

from texonnx.losses.registry import Comparison, TextureLoss, mean_squared_difference


def _distance(comparison: Comparison) -> ir.Value:
    return comparison.features.tape.scale(mean_squared_difference(comparison), 0.5)


CONTENT = TextureLoss(
    name="content",
    summary="the feature maps themselves, position by position",
    source="Gatys 2016",
    distance=_distance,
)
