"""The trunk: a truncated VGG, from an image to the feature maps that the losses look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.graph.rules.convolution import wrapped_conv
from texonnx.graph.tape import Tape
from texonnx.vgg import ConvLayer, conv_layers

_HEIGHT, _WIDTH = 2, 3


@dataclass(frozen=True)
class TrunkOptions:
    """How the network is walked.

    Attributes
    ----------
    arch
        ``vgg16`` or ``vgg19``.
    pooling
        ``avg`` (Gatys 2015) or ``max`` (as the network was trained).
    padding
        What surrounds every convolution's input: ``zeros``, ``reflect`` or ``circular``.
    """

    arch: str = "vgg16"
    pooling: str = "avg"
    padding: str = "zeros"


@dataclass(frozen=True)
class TrunkParameters:
    """The convolutions as the trunk takes them: images in [0, 1], RGB, minus `mean`.

    Attributes
    ----------
    kernels, biases
        For each layer, [out, in, 3, 3] and [out], float32 or float16.
    mean
        Subtracted from the image, [1, 3, 1, 1], RGB, in [0, 1].
    """

    kernels: Mapping[str, ir.TensorProtocol]
    biases: Mapping[str, ir.TensorProtocol]
    mean: NDArray[np.float32]


def layers_needed(arch: str, layers: Iterable[str]) -> list[ConvLayer]:
    """Return the convolutions up to the deepest of `layers`, in network order."""
    wanted = set(layers)
    needed = list(conv_layers(arch))
    while needed and needed[-1].name not in wanted:
        needed.pop()
    return needed


def maps_bytes(arch: str, layers: Iterable[str]) -> float:
    """Return how large all maps up to the deepest of `layers` are, in float32, for a pixel."""
    needed = layers_needed(arch, layers)
    return sum(4.0 * layer.out_channels * 0.25**layer.pools_before for layer in needed)


@dataclass(frozen=True)
class Edges:
    """Which ends of a map are the image's own, and are padded.

    At the others the map goes on: the rows or columns beyond are in the input, and the result is
    shorter by one of them a convolution.
    """

    top: bool = True
    bottom: bool = True
    left: bool = True
    right: bool = True


WHOLE = Edges()


def write_trunk(
    tape: Tape,
    image: ir.Value,
    parameters: TrunkParameters,
    layers: Sequence[str],
    options: TrunkOptions,
) -> dict[str, ir.Value]:
    """Write the network up to the deepest of `layers`.

    Returns the feature map of each of `layers` after its ReLU, [1, channels, H', W'].
    """
    x = subtract_mean(tape, image, parameters)
    convolutions = layers_needed(options.arch, layers)
    return write_blocks(tape, x, parameters, convolutions, options, layers)


def subtract_mean(tape: Tape, image: ir.Value, parameters: TrunkParameters) -> ir.Value:
    """Write what the first convolution takes of an image."""
    return tape.sub(image, tape.constant(parameters.mean))


def write_blocks(
    tape: Tape,
    x: ir.Value,
    parameters: TrunkParameters,
    convolutions: Sequence[ConvLayer],
    options: TrunkOptions,
    layers: Sequence[str],
    edges: Edges = WHOLE,
) -> dict[str, ir.Value]:
    """Write `convolutions` over what the first of them takes, with a pool between their blocks.

    Returns as :func:`write_trunk` does.
    """
    features: dict[str, ir.Value] = {}
    for place, (_, block) in enumerate(groupby(convolutions, key=lambda layer: layer.block)):
        if place:
            x = pool(tape, x, options)
        for layer in block:
            x = _convolve(tape, x, layer.name, parameters, options.padding, edges)
            if layer.name in layers:
                features[layer.name] = x
    return features


def pool(tape: Tape, x: ir.Value, options: TrunkOptions) -> ir.Value:
    """Write the pool between two blocks."""
    return tape.average_pool(x) if options.pooling == "avg" else tape.max_pool(x)


def _convolve(
    tape: Tape,
    x: ir.Value,
    layer: str,
    parameters: TrunkParameters,
    padding: str,
    edges: Edges,
) -> ir.Value:
    kernel = _in_tape_precision(tape, f"{layer}.weight", parameters.kernels[layer])
    bias = _in_tape_precision(tape, f"{layer}.bias", parameters.biases[layer])
    if padding == "zeros":
        pads = [int(edge) for edge in (edges.top, edges.left, edges.bottom, edges.right)]
        x = tape.conv(x, kernel, bias, pads)
    elif padding == "circular":
        # A part that ends where the image does goes on at the other side: it has both ends or none.
        assert (edges.top, edges.left) == (edges.bottom, edges.right)
        wrapped = [_HEIGHT] * edges.top + [_WIDTH] * edges.left
        x = wrapped_conv(tape, x, kernel, bias, wrapped)
    else:
        x = tape.conv(_mirrored(tape, x, edges), kernel, bias)
    return tape.relu(x)


def _in_tape_precision(tape: Tape, name: str, tensor: ir.TensorProtocol) -> ir.Value:
    stored = tape.initializer(name, tensor)
    return stored if stored.dtype == tape.dtype else tape.cast(stored)


def _mirrored(tape: Tape, x: ir.Value, edges: Edges) -> ir.Value:
    """Put one row and one column around x, mirrored without the edge."""
    for axis, first, last in (
        (_HEIGHT, edges.top, edges.bottom),
        (_WIDTH, edges.left, edges.right),
    ):
        second, before_last = tape.slice(x, axis, 1, 2), tape.slice(x, axis, -2, -1)
        parts = [*[second] * first, x, *[before_last] * last]
        x = tape.concat(parts, axis) if len(parts) > 1 else x
    return x
