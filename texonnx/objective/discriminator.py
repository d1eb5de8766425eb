"""The discriminators of the gan loss: their own loss, and a graph of one step of Adam for them.

Each layer's discriminator is to tell the exemplar's positions from the image's: the mean of
softplus(-D) over the exemplar's, plus the mean of softplus(D) over the image's, which is logistic
regression's negative log-likelihood (Goodfellow et al. 2014, eq. 1, as a loss). Its slope at the
exemplar's features is penalised, or it would grow without bounds once it can tell them apart (R1:
Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do actually Converge?", 2018,
eq. 9).
"""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from texonnx.graph import gradients
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.losses import LayerFeatures
from texonnx.losses.gan import GAN, add_stack, forward, slopes_at, softplus
from texonnx.losses.ports import TARGET, Port
from texonnx.objective.adam_step import add_adam_update, add_moments
from texonnx.objective.forward import (
    Objective,
    feature_matrix,
    image_shape,
    positions_symbol,
    write_sum,
)
from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import TrunkParameters, write_trunk

AddParameter = Callable[[str, tuple[int, int]], ir.Value]
"""Adds a parameter to a tape, by its name and its shape."""


def write_discriminator_loss(
    tape: Tape,
    image: ir.Value,
    parameters: TrunkParameters,
    specification: Specification,
    add_parameter: AddParameter,
) -> tuple[Objective, dict[str, ir.Value]]:
    """Write the trunk and every layer's loss; the exemplar's features become inputs.

    Returns the losses, and every weight and bias by name: ``weight0.gan.conv1_1``.
    """
    maps = write_trunk(tape, image, parameters, specification.layers, specification.trunk)
    added: dict[str, ir.Value] = {}

    def loss_at(layer: str) -> ir.Value:
        def add(key: str, shape: tuple[int, int]) -> ir.Value:
            name = str(Port(key, GAN.name, layer))
            added[name] = add_parameter(name, shape)
            return added[name]

        matrix = feature_matrix(tape, maps[layer])
        features = LayerFeatures(tape, matrix, specification.loss_options, add)
        symbol = f"exemplar_{positions_symbol(layer)}"
        exemplar = tape.input(str(Port(TARGET, GAN.name, layer)), [features.channels, symbol])
        return _layer_loss(features, exemplar)

    return write_sum(tape, map(loss_at, specification.layers)), added


def _layer_loss(image: LayerFeatures, exemplar: ir.Value) -> ir.Value:
    tape, stack = image.tape, add_stack(image)
    penalty = image.options.discriminator_penalty
    verdict, slopes = forward(tape, stack, exemplar)
    real = tape.reduce_mean(softplus(tape, tape.scale(verdict, -1.0)), [0, 1])
    made = tape.reduce_mean(softplus(tape, forward(tape, stack, image.matrix)[0]), [0, 1])
    loss = tape.add(real, made)
    if not penalty:
        return loss
    slope = slopes_at(tape, stack, slopes)
    squares = tape.reduce_mean(tape.reduce_sum(tape.square(slope), [0]), [0])
    return tape.add(loss, tape.scale(squares, penalty / 2))


def discriminator_step_model(
    specification: Specification, parameters: TrunkParameters, size: Size | None = None
) -> ir.Model:
    """Build the graph of one step of Adam for all discriminators.

    Inputs: image [1, 3, H, W]; ``target.gan.<layer>``, the exemplar's features; every parameter
    and its two moments (``first_moment.<parameter>``, ``second_moment.<parameter>``); step and
    learning_rate [1]. Outputs: ``next_`` of every parameter and moment and of the step, and
    discriminator_losses [layers] before the step.
    """
    tape = Tape("discriminator_step")
    image = tape.input("image", image_shape("image", size))
    step = tape.input("step", [1])
    learning_rate = tape.input("learning_rate", [1])
    losses, values = write_discriminator_loss(tape, image, parameters, specification, tape.input)
    slopes = gradients(tape, losses.loss, list(values.values()))
    for (name, value), slope in zip(values.items(), slopes, strict=True):
        moments = add_moments(tape, f".{name}", dims(value))
        add_adam_update(tape, name, value, slope, moments, step, learning_rate)
    tape.output(tape.add(step, tape.constant(1.0)), "next_step")
    tape.output(losses.layer_losses, "discriminator_losses")
    return tape.model()
