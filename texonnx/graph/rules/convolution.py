"""The vector-Jacobian rules of Conv and the pools, over [1, channels, height, width]."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from texonnx.graph.dims import END, dims, static_dims
from texonnx.graph.reverse import operands, vjp
from texonnx.graph.tape import Composite, Tape

_HEIGHT, _WIDTH = 2, 3
_BEFORE_FIRST = -(2**31)
_SWAP_BATCH_AND_CHANNELS = [1, 0, 2, 3]


@vjp("Conv")
def conv(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, ...]:
    """Convolve the gradient with the flipped kernel, and the image with the gradient.

    The stride is 1, and there is one group. For the image, a plain Conv is faster than
    ConvTranspose. The flip is a Transpose and a Slice of a constant, which every runtime folds at
    load, so that a file holds each kernel once.
    """
    image, kernel = operands(node)[:2]
    pads = node.attributes["pads"].as_ints()
    window = static_dims(kernel)[2:]
    beyond = [size - 1 - pad for size, pad in zip(window * 2, pads, strict=True)]
    image_gradient = tape.conv(gradient, _flipped(tape, kernel), pads=beyond)
    others = _gradients_of_parameters(tape, image, gradient, pads)
    return (image_gradient, *others)[: len(node.inputs)]


def wrapped_conv(
    tape: Tape, x: ir.Value, kernel: ir.Value, bias: ir.Value, axes: Sequence[int]
) -> ir.Value:
    """Convolve as if x went on at its other side along `axes`; kernel [out, in, 3, 3].

    Along other axes the result is shorter by 2. The gradient with respect to x is such a
    convolution too: to add up what went round would take as many ops again, and a larger result.
    """
    surrounded = wrap(tape, x, axes)
    result = tape.conv(surrounded, kernel, bias)

    def pull(gradient: ir.Value) -> tuple[ir.Value, ...]:
        beyond = [0 if axis in axes else 2 for axis in (_HEIGHT, _WIDTH)] * 2
        image_gradient = tape.conv(wrap(tape, gradient, axes), _flipped(tape, kernel), pads=beyond)
        return image_gradient, *_gradients_of_parameters(tape, surrounded, gradient)

    tape.composites[result] = Composite((x, kernel, bias), pull)
    return result


def wrap(tape: Tape, x: ir.Value, axes: Sequence[int]) -> ir.Value:
    """Put what lies at the other side of x at both ends of each of `axes`, one element deep."""
    for axis in axes:
        first, last = tape.slice(x, axis, 0, 1), tape.slice(x, axis, -1, END)
        x = tape.concat([last, x, first], axis)
    return x


def _flipped(tape: Tape, kernel: ir.Value) -> ir.Value:
    """Return the kernel that takes gradients back: turned around, input for output channels."""
    return tape.slices(
        tape.transpose(kernel, _SWAP_BATCH_AND_CHANNELS),
        axes=[2, 3],
        starts=[-1, -1],
        ends=[_BEFORE_FIRST, _BEFORE_FIRST],
        steps=[-1, -1],
    )


def _gradients_of_parameters(
    tape: Tape, image: ir.Value, gradient: ir.Value, pads: Sequence[int] = (0, 0, 0, 0)
) -> tuple[ir.Value, ir.Value]:
    """Return the gradients with respect to the kernel and the bias."""
    kernel_gradient = tape.transpose(
        tape.conv(
            tape.transpose(image, _SWAP_BATCH_AND_CHANNELS),
            tape.transpose(gradient, _SWAP_BATCH_AND_CHANNELS),
            pads=pads,
        ),
        _SWAP_BATCH_AND_CHANNELS,
    )
    return kernel_gradient, tape.reduce_sum(gradient, [0, 2, 3])


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
    """Return what is pooled and the side of the windows, side by side and without padding."""
    return operands(node)[0], node.attributes["kernel_shape"].as_ints()[0]


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
