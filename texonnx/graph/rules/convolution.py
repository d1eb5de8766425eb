"""The vector-Jacobian rule of Conv (stride 1, one group)."""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.dims import static_dims
from texonnx.graph.reverse import vjp
from texonnx.graph.tape import Tape

_BEFORE_FIRST = -(2**31)
_SWAP_BATCH_AND_CHANNELS = [1, 0, 2, 3]


@vjp("Conv")
def conv(tape: Tape, node: ir.Node, gradient: ir.Value) -> tuple[ir.Value, ...]:
    """Convolve the gradient with the flipped kernel, and the image with the gradient.

    For the image, a plain Conv is faster than ConvTranspose. The flip is a Transpose and a Slice
    of a constant, which every runtime folds at load, so that a file holds each kernel once.
    """
    image, kernel = node.inputs[:2]
    assert image is not None
    assert kernel is not None
    pads = node.attributes["pads"].as_ints()
    flipped = tape.slices(
        tape.transpose(kernel, _SWAP_BATCH_AND_CHANNELS),
        axes=[2, 3],
        starts=[-1, -1],
        ends=[_BEFORE_FIRST, _BEFORE_FIRST],
        steps=[-1, -1],
    )
    window = static_dims(kernel)[2:]
    beyond = [size - 1 - pad for size, pad in zip(window * 2, pads, strict=True)]
    image_gradient = tape.conv(gradient, flipped, pads=beyond)
    kernel_gradient = tape.transpose(
        tape.conv(
            tape.transpose(image, _SWAP_BATCH_AND_CHANNELS),
            tape.transpose(gradient, _SWAP_BATCH_AND_CHANNELS),
            pads=pads,
        ),
        _SWAP_BATCH_AND_CHANNELS,
    )
    bias_gradient = tape.reduce_sum(gradient, [0, 2, 3])
    return (image_gradient, kernel_gradient, bias_gradient)[: len(node.inputs)]
