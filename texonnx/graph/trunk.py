"""The trunk: a truncated VGG, from an image to the feature maps that the losses look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.errors import OptionError, unknown
from texonnx.graph.dims import END
from texonnx.graph.tape import Tape
from texonnx.vgg import ConvLayer, conv_layers

POOLINGS = ("avg", "max")
PADDINGS = ("zeros", "reflect", "circular")

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

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise OptionError(unknown("pooling", self.pooling, POOLINGS))
        if self.padding not in PADDINGS:
            raise OptionError(unknown("padding", self.padding, PADDINGS))


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


def write_trunk(
    tape: Tape,
    image: ir.Value,
    parameters: TrunkParameters,
    layers: Sequence[str],
    options: TrunkOptions,
) -> dict[str, ir.Value]:
    """Write the network up to the deepest of `layers`.

    Returns
    -------
    dict
        The feature map of each of `layers` after its ReLU, [1, channels, H', W'].
    """
    features: dict[str, ir.Value] = {}
    x = tape.sub(image, tape.constant(parameters.mean))
    block = 1
    for layer in layers_needed(options.arch, layers):
        if layer.block != block:
            x = tape.average_pool(x) if options.pooling == "avg" else tape.max_pool(x)
            block = layer.block
        kernel = _in_tape_precision(tape, f"{layer.name}.weight", parameters.kernels[layer.name])
        bias = _in_tape_precision(tape, f"{layer.name}.bias", parameters.biases[layer.name])
        if options.padding == "zeros":
            x = tape.conv(x, kernel, bias, pad=1)
        else:
            x = tape.conv(_surround(tape, x, options.padding), kernel, bias)
        x = tape.relu(x)
        if layer.name in layers:
            features[layer.name] = x
    return features


def _in_tape_precision(tape: Tape, name: str, tensor: ir.TensorProtocol) -> ir.Value:
    stored = tape.initializer(name, tensor)
    return stored if stored.dtype == tape.dtype else tape.cast(stored)


def _surround(tape: Tape, x: ir.Value, padding: str) -> ir.Value:
    """Put one row and one column around x, mirrored without the edge or from the other side."""
    for axis in (_HEIGHT, _WIDTH):
        second, before_last = tape.slice(x, axis, 1, 2), tape.slice(x, axis, -2, -1)
        first, last = tape.slice(x, axis, 0, 1), tape.slice(x, axis, -1, END)
        parts = [second, x, before_last] if padding == "reflect" else [last, x, first]
        x = tape.concat(parts, axis)
    return x
