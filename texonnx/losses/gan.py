"""The adversarial loss: a discriminator on each layer's features, in place of a statistic.

A discriminator looks at the N values of one position at a time, a stack of 1x1 convolutions with
leaky ReLUs between them, and says whether they are the exemplar's or the image's. It is trained
in the loop (:mod:`texonnx.objective.discriminator`); the image is then moved so that it says
"exemplar": the generator's loss with the labels swapped, the mean of softplus(-D)
(Goodfellow et al., "Generative Adversarial Nets", 2014, section 3). The discriminators' weights
are inputs of the graphs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from texonnx.graph.tape import Tape
from texonnx.losses.mixing import share_of_positions
from texonnx.losses.ports import Port
from texonnx.losses.registry import Arrays, Comparison, LayerFeatures, TextureLoss, register
from texonnx.noise import standard_normal

PARAMETERS = ("weight", "bias")
LEAK = 0.2
"""Slope of the leaky ReLU below 0."""

_LARGEST_EXPONENT = 30.0
"""Beyond, softplus(x) is x to float32."""

Stack = Sequence[tuple[ir.Value, ir.Value]]
"""Weight [out, in] and bias [out, 1] of each layer of a discriminator, the last with out = 1."""


def add_stack(features: LayerFeatures) -> Stack:
    """Add a layer's discriminator as inputs: ``weight0``, ``bias0``, ``weight1`` and so on."""
    shapes = parameter_shapes(features.channels, features.options.discriminator_widths)
    added = [features.add_input(key, shape) for key, shape in shapes]
    return list(zip(added[::2], added[1::2], strict=True))


def parameter_shapes(channels: int, widths: Sequence[int]) -> list[tuple[str, tuple[int, int]]]:
    """Return name and shape of every parameter of one layer's discriminator, in their order.

    Examples
    --------
    >>> parameter_shapes(64, [32])[:2]
    [('weight0', (32, 64)), ('bias0', (32, 1))]
    """
    pairs = zip((channels, *widths), (*widths, 1), strict=True)
    weight, bias = PARAMETERS
    return [
        one
        for k, (before, after) in enumerate(pairs)
        for one in ((f"{weight}{k}", (after, before)), (f"{bias}{k}", (after, 1)))
    ]


def hidden_deviation(name: str, shapes: Mapping[str, tuple[int, ...]]) -> float | None:
    """Return the standard deviation from which a parameter starts; ``None`` if from 0.

    Hidden weights are drawn as by He et al., "Delving Deep into Rectifiers", 2015, eq. 14. Biases
    are 0, and so is the last layer, with which a discriminator at first says nothing.

    Parameters
    ----------
    name
        ``weight0.gan.conv1_1`` and the like.
    shapes
        Of all parameters, by name.
    """
    weight, _ = PARAMETERS
    port = Port.parse(name)
    if port is None or port.stem != weight or port.number is None:
        return None
    following = replace(port, key=f"{weight}{port.number + 1}")
    return math.sqrt(2 / ((1 + LEAK**2) * shapes[name][1])) if str(following) in shapes else None


def draw_parameters(shapes: Mapping[str, tuple[int, ...]], seed: int, draw: int) -> Arrays:
    """Return the parameters that discriminators start from, hidden weights at random, the rest 0.

    The order of their names counts, not that in which a graph lists them. There is one draw.
    """
    parameters = {}
    for place, (name, shape) in enumerate(sorted(shapes.items())):
        deviation = hidden_deviation(name, shapes)
        if deviation is None:
            parameters[name] = np.zeros(shape, np.float32)
        else:
            parameters[name] = np.float32(deviation) * standard_normal(shape, seed, place)
    return parameters


def forward(tape: Tape, stack: Stack, matrix: ir.Value) -> tuple[ir.Value, list[ir.Value]]:
    """Write D(F), [1, M], and the slope of every leaky ReLU on the way, [width, M].

    D is above 0 where it takes the position for the exemplar's.
    """
    slopes = []
    x = matrix
    for k, (weight, bias) in enumerate(stack):
        if k:
            positive = tape.cast(tape.compare("Greater", x, tape.constant(0.0)))
            slopes.append(tape.add(tape.scale(positive, 1 - LEAK), tape.constant(LEAK)))
            x = tape.mul(x, slopes[-1])
        x = tape.add(tape.matmul(weight, x), bias)
    return x, slopes


def slopes_at(tape: Tape, stack: Stack, slopes: Sequence[ir.Value]) -> ir.Value:
    """Write the derivative of D with respect to F, [N, M]; [N, 1] where it is the same at all."""
    (*hidden, (last, _)) = stack
    derivative = tape.transpose(last, [1, 0])
    for (weight, _), slope in zip(reversed(hidden), reversed(slopes), strict=True):
        derivative = tape.matmul(tape.transpose(weight, [1, 0]), tape.mul(slope, derivative))
    return derivative


def softplus(tape: Tape, x: ir.Value) -> ir.Value:
    """Write log(1 + exp x), in ops that ONNX Runtime's gradient builder knows, too."""
    most = tape.constant(_LARGEST_EXPONENT)
    small = tape.sub(most, tape.relu(tape.sub(most, x)))
    exponential = tape.unary("Exp", small)
    logarithm = tape.unary("Log", tape.add(exponential, tape.constant(1.0)))
    return tape.add(logarithm, tape.relu(tape.sub(x, most)))


def _distance(comparison: Comparison) -> ir.Value:
    features = comparison.features
    tape = features.tape
    verdict, _ = forward(tape, add_stack(features), features.matrix)
    return tape.reduce_mean(softplus(tape, tape.scale(verdict, -1.0)), [0, 1])


GAN = register(
    TextureLoss(
        name="gan",
        summary="a discriminator on the features of each position, trained in the loop",
        source="Goodfellow 2014, on VGG's features",
        distance=_distance,
        adversarial=True,
        mix=share_of_positions,
        inputs=PARAMETERS,
        draw=draw_parameters,
    )
)
