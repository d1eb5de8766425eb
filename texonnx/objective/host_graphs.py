"""Graphs of what a host does around the optimisation: small, without weights, for any size.

They give every host the same sizes filtered in the same way, the same first image and the same
random numbers, with nothing of its own to write.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from texonnx.graph.tape import Tape
from texonnx.losses.gan import GAN, hidden_deviation, parameter_shapes
from texonnx.losses.ports import Port
from texonnx.losses.swd import DIRECTIONS, STREAMS_A_DRAW
from texonnx.objective.forward import image_shape
from texonnx.objective.specification import Specification
from texonnx.subgraphs.colours import mean_colour, with_colours_of
from texonnx.subgraphs.noise import standard_normal
from texonnx.subgraphs.patch_detail import patch_detail
from texonnx.subgraphs.resampling import clip_to_visible, resample
from texonnx.subgraphs.spot_noise import spot_noise
from texonnx.vgg import layer_channels

_INT64 = ir.DataType.INT64
_MOST_GAIN = 2.0
"""Of the contrast of details: where patches agree nowhere, more would make noise of them."""
_LEAST_VARIANCE = 1e-8
"""Of details; where there are none, nothing is divided by 0."""


def resize_model() -> ir.Model:
    """Build the graph: image, size -> resized; as :func:`texonnx.images.resize` does it."""
    tape = Tape("resize")
    image = tape.input("image", image_shape("image", None))
    size = tape.input("size", [2], _INT64)
    tape.output(resample(tape, image, size), "resized", image_shape("resized", None))
    return tape.model()


def first_image_model() -> ir.Model:
    """Build the graph: exemplar, output_size, seed -> first_image.

    The exemplar's mean colour with noise of its spectrum, in [0, 1].
    """
    tape = Tape("first_image")
    exemplar = tape.input("exemplar", image_shape("exemplar", None))
    size, seed = (tape.input(name, [n], _INT64) for name, n in (("output_size", 2), ("seed", 1)))
    colour = mean_colour(tape, exemplar)
    noise = spot_noise(tape, exemplar, _white(tape, size, seed))
    image = clip_to_visible(tape, tape.add(colour, noise))
    tape.output(image, "first_image", image_shape("image", None))
    return tape.model()


def finer_image_model(specification: Specification) -> ir.Model:
    """Build the graph from the coarser scale's result to where this one starts, ``finer_image``."""
    if specification.detail == "patches":
        return _finer_by_patches(wraps=specification.trunk.padding == "circular")
    return _finer_by_spectrum()


def _finer_by_spectrum() -> ir.Model:
    """Build the graph: image, exemplar, coarser_exemplar_size, output_size, seed -> finer_image.

    The coarser scale's result enlarged, with noise of the spectrum that the exemplar has at this
    scale and not at the coarser one.
    """
    tape = Tape("finer_image")
    image = tape.input("image", image_shape("coarser", None))
    exemplar = tape.input("exemplar", image_shape("exemplar", None))
    coarser = tape.input("coarser_exemplar_size", [2], _INT64)
    size, seed = (tape.input(name, [n], _INT64) for name, n in (("output_size", 2), ("seed", 1)))
    enlarged = resample(tape, clip_to_visible(tape, image), size)
    detail = tape.sub(exemplar, _without_detail(tape, exemplar, coarser))
    noise = spot_noise(tape, detail, _white(tape, size, seed))
    tape.output(tape.add(enlarged, noise), "finer_image", image_shape("image", None))
    return tape.model()


def _finer_by_patches(*, wraps: bool) -> ir.Model:
    """Build the graph: image, exemplar, coarser_exemplar_size, output_size -> finer_image.

    The coarser scale's result, each of its patches replaced by the exemplar's; what is coarse in
    it gets the exemplar's colours there, and what is fine the exemplar's contrast, for averages of
    patches are pale.
    """
    tape = Tape("finer_image")
    image = tape.input("image", image_shape("coarser", None))
    exemplar = tape.input("exemplar", image_shape("exemplar", None))
    coarser = tape.input("coarser_exemplar_size", [2], _INT64)
    size = tape.input("output_size", [2], _INT64)
    coarse = clip_to_visible(tape, image)
    detailed = patch_detail(tape, coarse, *two_sizes(tape, exemplar, coarser), wraps=wraps)
    finer = _in_colours(tape, detailed, exemplar, (_extent(tape, coarse), coarser, size))
    tape.output(finer, "finer_image", image_shape("image", None))
    return tape.model()


def two_sizes(tape: Tape, exemplar: ir.Value, coarser: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Write the exemplar at the size `coarser`, and at twice that.

    Sides are halved and rounded down: where one was odd, that pixel is resampled away.
    """
    twice = tape.mul(coarser, tape.integers([2]))
    return resample(tape, exemplar, coarser), resample(tape, exemplar, twice)


def colours_and_contrast_model() -> ir.Model:
    """Build the graph: detailed, exemplar, their coarse sizes, output_size -> finer_image."""
    tape = Tape("colours_and_contrast")
    detailed = tape.input("detailed", image_shape("detailed", None))
    exemplar = tape.input("exemplar", image_shape("exemplar", None))
    sizes = ("coarse_size", "coarser_exemplar_size", "output_size")
    coarse, coarser, size = (tape.input(name, [2], _INT64) for name in sizes)
    finer = _in_colours(tape, detailed, exemplar, (coarse, coarser, size))
    tape.output(finer, "finer_image", image_shape("image", None))
    return tape.model()


def _in_colours(
    tape: Tape, detailed: ir.Value, exemplar: ir.Value, sizes: tuple[ir.Value, ir.Value, ir.Value]
) -> ir.Value:
    """Write what patches make with the exemplar's colours where it is coarse, and its contrast.

    `sizes` are those at which the image, and the exemplar, show no detail; and the image's own.
    """
    coarse, coarser, size = sizes
    detailed = resample(tape, detailed, size)
    low, wanted = (
        _without_detail(tape, one, extent)
        for one, extent in ((detailed, coarse), (exemplar, coarser))
    )
    gain = tape.div(
        _contrast(tape, tape.sub(exemplar, wanted)), _contrast(tape, tape.sub(detailed, low))
    )
    gain = tape.op("Min", [gain, tape.constant(_MOST_GAIN)], (1, 3, 1, 1))
    fine = tape.mul(tape.sub(detailed, low), gain)
    return tape.add(with_colours_of(tape, low, wanted), fine)


def _without_detail(tape: Tape, image: ir.Value, coarse: ir.Value) -> ir.Value:
    """Write what is left of an image that is shrunk to the size `coarse`, and enlarged again."""
    return resample(tape, resample(tape, image, coarse), _extent(tape, image))


def _extent(tape: Tape, image: ir.Value) -> ir.Value:
    return tape.concat([tape.extent(image, 2), tape.extent(image, 3)], axis=0)


def _contrast(tape: Tape, detail: ir.Value) -> ir.Value:
    """Write the deviation of each channel of what has a mean of about 0, [1, 3, 1, 1]."""
    variance = mean_colour(tape, tape.square(detail))
    return tape.unary("Sqrt", tape.add(variance, tape.constant(_LEAST_VARIANCE)))


def _white(tape: Tape, size: ir.Value, seed: ir.Value) -> ir.Value:
    """Write white noise, [1, 1, H, W], another one for every number of pixels."""
    area = tape.mul(tape.slice(size, 0, 0, 1), tape.slice(size, 0, 1, 2))
    numbers = standard_normal(tape, area, seed, area)
    shape = tape.concat([tape.integers([1, 1]), size], axis=0)
    return tape.op("Reshape", [numbers, shape], (1, 1, None, None))


def directions_model(specification: Specification) -> ir.Model:
    """Build the graph: seed, draw -> the random directions of every layer, unit vectors."""
    tape = Tape("directions")
    seed, draw = (tape.input(name, [1], _INT64) for name in ("seed", "draw"))
    base = tape.mul(draw, tape.integers([STREAMS_A_DRAW]))
    counts = {
        str(Port(DIRECTIONS, loss.name, layer)): layer_channels(layer)
        for _, loss, layer in specification.targets()
        if loss.draws_at_random
    }
    for place, (name, channels) in enumerate(sorted(counts.items())):
        stream = tape.add(base, tape.integers([place]))
        vectors = _drawn(tape, (channels, channels), seed, stream)
        squares = tape.reduce_sum(tape.square(vectors), [1], keepdims=True)
        tape.output(tape.div(vectors, tape.unary("Sqrt", squares)), name)
    return tape.model()


def discriminators_model(specification: Specification) -> ir.Model:
    """Build the graph: seed -> every parameter of the discriminators at first."""
    tape = Tape("discriminators")
    seed = tape.input("seed", [1], _INT64)
    shapes = {
        str(Port(key, GAN.name, layer)): shape
        for layer in specification.layers
        for key, shape in parameter_shapes(
            layer_channels(layer), specification.loss_options.discriminator_widths
        )
    }
    for place, (name, shape) in enumerate(sorted(shapes.items())):
        deviation = hidden_deviation(name, shapes)
        if deviation is None:
            value = tape.constant(np.zeros(shape))
        else:
            value = tape.scale(_drawn(tape, shape, seed, tape.integers([place])), deviation)
        tape.output(value, name)
    return tape.model()


def _drawn(tape: Tape, shape: tuple[int, int], seed: ir.Value, stream: ir.Value) -> ir.Value:
    count = tape.integers([math.prod(shape)])
    return tape.reshape(standard_normal(tape, count, seed, stream), shape)
