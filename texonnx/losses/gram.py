"""The Gram loss: the products of every two feature maps, averaged over the positions.

Gatys, Ecker and Bethge, "Texture Synthesis Using Convolutional Neural Networks", 2015, eq. 3 to 5.
The statistic is F Fᵀ / M, a mean, so that image and exemplar may differ in size; the distance
puts back what the variant asks for:

==========  ==================================================================
gatys       1 / (4 N² M²) sum (G - G^)²
no-n2       1 / (4 M²) sum (G - G^)²
no-m2       1 / (4 N²) sum (G - G^)²
no-n2-m2    1 / 4 sum (G - G^)²
chw         sum (G / (N M) - G^ / (N M))², as in Johnson, Alahi and Fei-Fei 2016
==========  ==================================================================
"""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.tape import Tape
from texonnx.losses.mixing import bures_barycentre
from texonnx.losses.registry import Comparison, LayerFeatures, TextureLoss, register


def gram_matrix(tape: Tape, features: ir.Value) -> ir.Value:
    """Write F Fᵀ / M, [N, N], for features [N, M]."""
    product = tape.matmul(features, tape.transpose(features, [1, 0]))
    return tape.div(product, tape.count(features, [1]))


def _statistic(features: LayerFeatures) -> ir.Value:
    return gram_matrix(features.tape, features.matrix)


def _distance(comparison: Comparison) -> ir.Value:
    features = comparison.features
    tape, norm, n = features.tape, features.options.gram_norm, features.channels
    squares = tape.sum_of_squares(comparison.difference)
    if norm in ("no-m2", "no-n2-m2"):
        squares = tape.mul(squares, tape.square(features.positions))
    divisor = {"gatys": 4 * n**2, "no-n2": 4, "no-m2": 4 * n**2, "no-n2-m2": 4, "chw": n**2}[norm]
    return tape.scale(squares, 1 / divisor)


GRAM = register(
    TextureLoss(
        name="gram",
        summary="Gram matrices: how feature maps occur together",
        source="Gatys 2015",
        statistic=_statistic,
        distance=_distance,
        mix=bures_barycentre,
        averaged=_statistic,
    )
)
