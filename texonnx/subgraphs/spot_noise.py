"""The random-phase noise of :func:`texonnx.optim.spot_noise.spot_noise`, in a graph.

Its Fourier transforms are products with matrices of cosines and sines: more work than a fast
transform, but of ops that every runtime has, and little beside one step of the network.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.subgraphs.colours import mean_colour
from texonnx.subgraphs.waves import Complex, waves

_PLANES = (1, 3, None, None)
_Multiply = Callable[[Tape, ir.Value, ir.Value], ir.Value]


def spot_noise(tape: Tape, spot: ir.Value, white: ir.Value) -> ir.Value:
    """Write noise [1, 3, H, W] with the spectrum of `spot`, [1, 3, H', W'], and a mean of 0.

    `white`, [1, 1, H, W], gives the phases. A larger `spot` is seen in part.
    """
    size = _extent(tape, white)
    down, across = (waves(tape, tape.slice(size, 0, k, k + 1)) for k in range(2))
    spectrum = _transform(tape, _canvas(tape, spot, size), down, across)
    phases = _phases(tape, _transform(tape, white, down, across))
    coloured = _product(tape, spectrum, phases, Tape.mul)
    return tape.div(_real_inverse(tape, coloured, down, across), _area(tape, size))


def _canvas(tape: Tape, spot: ir.Value, size: ir.Value) -> ir.Value:
    """Write what is seen of the spot without its mean, on zeros, with the contrast made good."""
    shown = tape.op("Min", [_extent(tape, spot), size], (2,), dtype=ir.DataType.INT64)
    borders = [tape.integers([0, 0]), shown, tape.integers([2, 3])]
    seen = tape.op("Slice", [spot, *borders], _PLANES)
    centred = tape.sub(seen, mean_colour(tape, seen))
    share = tape.div(_area(tape, size), _area(tape, shown))
    contrast = tape.unary("Sqrt", share)
    none = tape.integers([0, 0])
    missing = tape.sub(size, shown)
    pads = tape.concat([none, none, none, missing], axis=0)
    return tape.mul(tape.op("Pad", [centred, pads], _PLANES), contrast)


def _extent(tape: Tape, planes: ir.Value) -> ir.Value:
    return tape.concat([tape.extent(planes, 2), tape.extent(planes, 3)], axis=0)


def _area(tape: Tape, size: ir.Value) -> ir.Value:
    return tape.cast(tape.mul(tape.slice(size, 0, 0, 1), tape.slice(size, 0, 1, 2)))


def _transform(tape: Tape, planes: ir.Value, down: Complex, across: Complex) -> Complex:
    """Write the transform of real planes: with cos + i sin, the conjugate of what is wanted."""
    rows = Complex(tape.matmul(planes, across.real), tape.matmul(planes, across.imaginary))
    conjugate = _product(tape, down, rows, Tape.matmul)
    return Complex(conjugate.real, tape.unary("Neg", conjugate.imaginary))


def _real_inverse(tape: Tape, planes: Complex, down: Complex, across: Complex) -> ir.Value:
    """Write the real part of the inverse transform, without its division by the area."""
    columns = _product(tape, down, planes, Tape.matmul)
    return tape.sub(
        tape.matmul(columns.real, across.real), tape.matmul(columns.imaginary, across.imaginary)
    )


def _phases(tape: Tape, white: Complex) -> Complex:
    power = tape.add(tape.square(white.real), tape.square(white.imaginary))
    least = tape.constant(float(np.finfo(np.float32).tiny))
    size = tape.unary("Sqrt", tape.op("Max", [power, least], dims(power)))
    return Complex(tape.div(white.real, size), tape.div(white.imaginary, size))


def _product(tape: Tape, a: Complex, b: Complex, multiply: _Multiply) -> Complex:
    """Write the product of a and b, element by element or of matrices, as `multiply` says."""
    return Complex(
        tape.sub(multiply(tape, a.real, b.real), multiply(tape, a.imaginary, b.imaginary)),
        tape.add(multiply(tape, a.real, b.imaginary), multiply(tape, a.imaginary, b.real)),
    )
