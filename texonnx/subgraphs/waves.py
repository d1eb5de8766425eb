"""Waves along an axis, in a graph: Fourier transforms are products with matrices of them.

That is more work than a fast transform, but of ops that every runtime has, and little beside one
step of the network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from texonnx.graph.tape import Tape
from texonnx.subgraphs.noise import counting


@dataclass(frozen=True)
class Complex:
    """A complex tensor: its real and its imaginary part."""

    real: ir.Value
    imaginary: ir.Value


def waves(tape: Tape, extent: ir.Value) -> Complex:
    """Write the waves of all frequencies along an axis, cos + i sin, [n, n] and symmetric.

    `extent` is n, int64 [1].
    """
    places = counting(tape, extent)
    turns = tape.mul(tape.reshape(places, [-1, 1]), tape.reshape(places, [1, -1]))
    # Whole turns are taken off as whole numbers: float32 would lose what is left of many.
    rest = tape.op("Mod", [turns, extent], (None, None), dtype=ir.DataType.INT64)
    angle = tape.scale(tape.div(tape.cast(rest), tape.cast(extent)), float(2 * np.pi))
    return Complex(tape.unary("Cos", angle), tape.unary("Sin", angle))


def frequencies(tape: Tape, extent: ir.Value) -> ir.Value:
    """Write the frequency of each wave along an axis, [n], in cycles per pixel: 0 to 1/2."""
    places = counting(tape, extent)
    nearest = tape.op("Min", [places, tape.sub(extent, places)], (None,), dtype=ir.DataType.INT64)
    return tape.div(tape.cast(nearest), tape.cast(extent))
