"""The random numbers of :mod:`texonnx.noise`, drawn inside a graph."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.noise import PRIME, ROUNDS, SEED_FACTOR, STREAM_FACTOR, UNIFORM_STREAMS

_INT64 = ir.DataType.INT64


def standard_normal(tape: Tape, count: ir.Value, seed: ir.Value, stream: ir.Value) -> ir.Value:
    """Write `count` standard normal numbers as a vector; the three are int64 [1]."""
    pairs = tape.div(tape.add(count, tape.integers([1])), tape.integers([2]))
    radii, angles = (
        _uniform(tape, pairs, seed, _affine(tape, stream, UNIFORM_STREAMS, k))
        for k in range(UNIFORM_STREAMS)
    )
    radius = tape.unary("Sqrt", tape.scale(tape.unary("Log", radii), -2.0))
    angle = tape.scale(angles, float(np.float32(2 * np.pi)))
    halves = [tape.mul(radius, tape.unary(name, angle)) for name in ("Cos", "Sin")]
    borders = [tape.integers([0]), count, tape.integers([0])]
    return tape.op("Slice", [tape.concat(halves, axis=0), *borders], (None,))


def _uniform(tape: Tape, count: ir.Value, seed: ir.Value, stream: ir.Value) -> ir.Value:
    seeded = _affine(tape, _modulo(tape, seed), SEED_FACTOR, 0)
    key = _modulo(tape, tape.add(seeded, _affine(tape, _modulo(tape, stream), STREAM_FACTOR, 0)))
    places = counting(tape, count)
    for factor, shift in ROUNDS:
        round_key = _modulo(tape, _affine(tape, key, factor, shift))
        places = _fifth_power(tape, _modulo(tape, tape.add(places, round_key)))
    shifted = tape.add(tape.cast(places), tape.constant(0.5))
    return tape.div(shifted, tape.constant(float(PRIME)))


def counting(tape: Tape, count: ir.Value) -> ir.Value:
    """Write 0, 1, 2 ... as int64, as many as `count`, int64 [1], says."""
    zero, one = tape.constant(0, _INT64), tape.constant(1, _INT64)
    return tape.op("Range", [zero, tape.reshape(count, []), one], (None,), dtype=_INT64)


def _fifth_power(tape: Tape, numbers: ir.Value) -> ir.Value:
    square = _modulo(tape, tape.mul(numbers, numbers))
    return _modulo(tape, tape.mul(_modulo(tape, tape.mul(square, square)), numbers))


def _affine(tape: Tape, x: ir.Value, factor: int, shift: int) -> ir.Value:
    return tape.add(tape.mul(x, tape.integers([factor])), tape.integers([shift]))


def _modulo(tape: Tape, x: ir.Value) -> ir.Value:
    return tape.op("Mod", [x, tape.integers([PRIME])], dims(x), dtype=_INT64)
