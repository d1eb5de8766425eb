"""Total variation: how much neighbouring pixels differ, in mean squares.

Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them", 2015, eq. 5
with beta = 2, as a mean over the pairs of neighbours so that one weight serves every size.
"""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.dims import END
from texonnx.graph.tape import Tape
from texonnx.losses.registry import ImageLoss, register

_HEIGHT, _WIDTH = 2, 3


def total_variation(tape: Tape, image: ir.Value) -> ir.Value:
    """Write the mean squared difference of vertical and of horizontal neighbours, summed."""
    down, right = (_mean_squared_difference(tape, image, axis) for axis in (_HEIGHT, _WIDTH))
    return tape.add(down, right)


def _mean_squared_difference(tape: Tape, image: ir.Value, axis: int) -> ir.Value:
    later, earlier = tape.slice(image, axis, 1, END), tape.slice(image, axis, 0, -1)
    return tape.mean_of_squares(tape.sub(later, earlier))


TV = register(
    ImageLoss(
        name="tv",
        summary="squared differences of neighbouring pixels: smoothness",
        source="Mahendran and Vedaldi 2015",
        value=total_variation,
    )
)
