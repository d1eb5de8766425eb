"""The vector-Jacobian rules of AveragePool and MaxPool (windows side by side, no padding)."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.dims import END, dims
from texonnx.graph.reverse import vjp
from texonnx.graph.tape import Tape

_HEIGHT, _WIDTH = 2, 3


@vjp("AveragePool")
def average_pool(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Give every pixel of a window an equal share."""
    x, size = _image_and_window(node)
    share = tape.scale(gradient, 1.0 / size**2)
    padded = _pad_for_leftovers(tape, share, x, size)
    return (tape.crop_like(tape.upsample(padded, size), x, (_HEIGHT, _WIDTH)),)


@vjp("MaxPool")
def max_pool(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value]:
    """Give all to the first of a window's largest pixels, in reading order.

    The choice among equals is that of ONNX Runtime's and PyTorch's own gradients. MaxPool's
    Indices are avoided: WebGPU has none.
    """
    x, size = _image_and_window(node)
    largest = node.outputs[0]
    zero = tape.constant(0.0)
    left = gradient
    shares = []
    for row in range(size):
        for column in range(size):
            pixel = _one_of_each_window(tape, x, size, row, column)
            wins = tape.compare("Equal", pixel, largest)
            shares.append(tape.where(wins, left, zero))
            left = tape.where(wins, zero, left)
    stacked = _pad_for_leftovers(tape, tape.concat(shares, axis=1), x, size)
    spread = tape.depth_to_space(stacked, size)
    return (tape.crop_like(spread, x, (_HEIGHT, _WIDTH)),)


def _image_and_window(node: ir.Node) -> tuple[ir.Value, int]:
    x = node.inputs[0]
    assert x is not None
    return x, node.attributes["kernel_shape"].as_ints()[0]


def _pad_for_leftovers(tape: Tape, pooled: ir.Value, x: ir.Value, size: int) -> ir.Value:
    """Append a row and a column of zeros to `pooled` where windows may leave some of x over.

    They stand for the windows that did not fit; grown by `size`, the result covers all of x.
    """
    for axis in (_HEIGHT, _WIDTH):
        extent = dims(x)[axis]
        if extent is None or extent % size:
            border = tape.zeros_like(tape.slice(pooled, axis, 0, 1))
            pooled = tape.concat([pooled, border], axis)
    return pooled


def _one_of_each_window(tape: Tape, x: ir.Value, size: int, row: int, column: int) -> ir.Value:
    """Return the pixel at (row, column) of every whole window, [1, channels, H', W']."""
    offsets = (row, column)
    ends = [END if offset == size - 1 else offset - size + 1 for offset in offsets]
    return tape.slices(x, [_HEIGHT, _WIDTH], list(offsets), ends, [size, size])
