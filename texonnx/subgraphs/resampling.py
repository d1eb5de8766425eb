"""Resampling with the antialiased Lanczos filter of :func:`texonnx.images.resize`, in a graph.

Every row, and then every column, is multiplied by a matrix of filter weights that the graph
computes from the two sizes; so it takes matrix products alone, which run everywhere.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.subgraphs.noise import counting

_LOBES = 3


def resample(tape: Tape, image: ir.Value, size: ir.Value) -> ir.Value:
    """Write [1, 3, H, W] at another `size`, int64 [2], height and width; clipped to [0, 1]."""
    down, across = (
        _weights(tape, tape.extent(image, axis), tape.slice(size, 0, k, k + 1))
        for k, axis in enumerate((2, 3))
    )
    wide = tape.matmul(image, tape.transpose(across, [1, 0]))
    return clip_to_visible(tape, tape.matmul(down, wide))


def clip_to_visible(tape: Tape, image: ir.Value) -> ir.Value:
    """Write an image clipped to [0, 1]."""
    return tape.op("Clip", [image, tape.constant(0.0), tape.constant(1.0)], dims(image))


def _weights(tape: Tape, old: ir.Value, new: ir.Value) -> ir.Value:
    """Write the matrix, [new, old], of the weights of the old pixels in the new ones."""
    # Distances between the centres of pixels, in units of the filter, whose lobes are one pixel
    # wide on the coarser of the two grids: whole numbers up to the last division.
    centres = tape.reshape(tape.mul(_odd(tape, new), old), [-1, 1])
    distances = tape.sub(tape.reshape(tape.mul(_odd(tape, old), new), [1, -1]), centres)
    larger = tape.op("Max", [old, new], (1,), dtype=ir.DataType.INT64)
    unit = tape.cast(tape.mul(larger, tape.integers([2])))
    x = tape.div(tape.cast(distances), unit)
    filtered = tape.mul(_sinc(tape, x), _sinc(tape, tape.scale(x, 1 / _LOBES)))
    within = tape.compare("Less", tape.unary("Abs", x), tape.constant(float(_LOBES)))
    weights = tape.where(within, filtered, tape.constant(0.0))
    return tape.div(weights, tape.reduce_sum(weights, [1], keepdims=True))


def _odd(tape: Tape, count: ir.Value) -> ir.Value:
    """Write 1, 3, 5 ...: twice the centres of `count` pixels."""
    return tape.add(tape.mul(counting(tape, count), tape.integers([2])), tape.integers([1]))


def _sinc(tape: Tape, x: ir.Value) -> ir.Value:
    """Write sin(pi x) / (pi x), exactly 1 at 0 and 0 at other whole numbers.

    So resampling to the same size changes nothing.
    """
    zero, one = tape.constant(0.0), tape.constant(1.0)
    whole = tape.compare("Equal", x, tape.unary("Floor", x))
    at_whole = tape.where(tape.compare("Equal", x, zero), one, zero)
    angle = tape.scale(x, float(np.pi))
    sine = tape.unary("Sin", angle)
    return tape.where(whole, at_whole, tape.div(sine, tape.where(whole, one, angle)))
