"""What a texture loss is, and the register of those there are.

A loss is two forward functions over one layer's features, the matrix F [N, M] of N channels by M
positions: a statistic, and the distance between the image's statistic and the exemplar's. The
gradient, the graphs, the command line and the tests follow from these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.errors import OptionError, unknown
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.losses.mixing import average


@dataclass(frozen=True)
class LossOptions:
    """What can be chosen inside a loss.

    Attributes
    ----------
    gram_norm
        What divides the Gram loss: see :mod:`texonnx.losses.gram`.
    discriminator_widths
        Channels of the hidden layers of the gan loss's discriminators; none for logistic
        regression.
    discriminator_penalty
        Weight of half the squared slope of a discriminator at the exemplar's features.
    """

    gram_norm: str = "gatys"
    discriminator_widths: tuple[int, ...] = (32,)
    discriminator_penalty: float = 0.1


Arrays = dict[str, NDArray[np.float32]]
Mix = Callable[[Sequence[NDArray[np.float32]], Sequence[float]], NDArray[np.float32]]
Draw = Callable[[Mapping[str, tuple[int, ...]], int, int], Arrays]

AddInput = Callable[[str, tuple[int, int]], ir.Value]
"""Adds a graph input of the loss at this layer, by its key and its shape."""


@dataclass(frozen=True)
class LayerFeatures:
    """One layer's features on a tape, and what a loss may need beside them.

    Attributes
    ----------
    tape
        Where the loss is written.
    matrix
        F, [N, M].
    options
        What the user chose.
    add_input
        Adds what the host has to bring: random directions, a discriminator's weights.
    """

    tape: Tape
    matrix: ir.Value
    options: LossOptions
    add_input: AddInput

    @property
    def channels(self) -> int:
        """N, the number of feature maps."""
        count = dims(self.matrix)[0]
        assert count is not None
        return count

    @property
    def positions(self) -> ir.Value:
        """M, the number of positions, as a scalar on the tape."""
        return self.tape.count(self.matrix, [1])


@dataclass(frozen=True)
class Comparison:
    """One layer of the image, to be held against the exemplar's statistic.

    Attributes
    ----------
    features
        The image's.
    write_statistic
        Writes the loss's statistic.
    add_target
        Adds the exemplar's statistic as a graph input, in the shape of the image's.
    """

    features: LayerFeatures
    write_statistic: Callable[[LayerFeatures], ir.Value]
    add_target: Callable[[ir.Value], ir.Value]

    @cached_property
    def difference(self) -> ir.Value:
        """The image's statistic minus the exemplar's."""
        statistic = self.write_statistic(self.features)
        return self.features.tape.sub(statistic, self.add_target(statistic))


def feature_maps(features: LayerFeatures) -> ir.Value:
    """Write F itself, which is all that some losses look at."""
    return features.matrix


def as_it_is(_tape: Tape, value: ir.Value) -> ir.Value:
    """Write nothing more."""
    return value


def mean_squared_difference(comparison: Comparison) -> ir.Value:
    """Write the mean of the squared differences between the two statistics."""
    return comparison.features.tape.mean_of_squares(comparison.difference)


@dataclass(frozen=True)
class TextureLoss:
    """A texture statistic and the distance in it.

    Attributes
    ----------
    name
        What the user types.
    summary
        One line for help texts.
    source
        The paper or section that it comes from.
    statistic
        Writes the statistic of a layer's features; the features themselves if not given.
    distance
        Writes the scalar distance of a :class:`Comparison`; its mean squared difference if not
        given.
    quantiles
        Whether the statistic is over positions in rising order, to be resampled as a quantile
        function to as many positions as the output has.
    sorts
        Whether the statistic is F with sorted rows, and the distance the mean of squares: a host
        that sorts faster than the runtime can then do it by itself.
    adversarial
        Whether discriminators stand in for the distance, to be trained on the statistic.
    averaged
        Writes the average over the positions that the statistic follows from, if it does from one:
        that of the whole is the average of its parts', which need not be in memory together.
    from_average
        Writes the statistic, given that; the same, if not given.
    mix
        Makes one of what is taken from several exemplars, given what each counts.
    inputs
        What it takes beside the features at each layer, by its key without a number behind it.
    draw
        Draws these at random: all layers' by name, given their shapes, a seed, and the number of
        the draw.
    """

    name: str
    summary: str
    source: str
    statistic: Callable[[LayerFeatures], ir.Value] = feature_maps
    distance: Callable[[Comparison], ir.Value] = mean_squared_difference
    quantiles: bool = False
    sorts: bool = False
    adversarial: bool = False
    averaged: Callable[[LayerFeatures], ir.Value] | None = None
    from_average: Callable[[Tape, ir.Value], ir.Value] = as_it_is
    mix: Mix = average
    inputs: tuple[str, ...] = ()
    draw: Draw | None = None

    @property
    def averages(self) -> bool:
        """Whether the statistic of a large image can be had a part of it at a time."""
        return self.averaged is not None

    @property
    def draws(self) -> bool:
        """Whether something is drawn or trained for it anew every few steps."""
        return bool(self.inputs)

    @property
    def draws_at_random(self) -> bool:
        """Whether what is drawn is random every time, not trained."""
        return self.draws and not self.adversarial


@dataclass(frozen=True)
class ImageLoss:
    """A loss of the image by itself, without an exemplar.

    Attributes
    ----------
    name, summary, source
        As in :class:`TextureLoss`.
    value
        Writes the loss of an image [1, 3, H, W].
    """

    name: str
    summary: str
    source: str
    value: Callable[[Tape, ir.Value], ir.Value]


_Loss = TypeVar("_Loss", TextureLoss, ImageLoss)
_LOSSES: dict[str, TextureLoss | ImageLoss] = {}


def register(loss: _Loss) -> _Loss:
    """Make `loss` known under its name, to the command line and to every route."""
    _LOSSES[loss.name] = loss
    return loss


def loss_names() -> tuple[str, ...]:
    """Return the names of all texture losses, sorted."""
    return tuple(sorted(name for name, loss in _LOSSES.items() if isinstance(loss, TextureLoss)))


def texture_loss(name: str) -> TextureLoss | None:
    """Return the texture loss called `name`, if there is one."""
    loss = _LOSSES.get(name)
    return loss if isinstance(loss, TextureLoss) else None


def find_loss(name: str) -> TextureLoss | ImageLoss:
    """Return the loss called `name`, else raise :class:`OptionError`."""
    if name not in _LOSSES:
        raise OptionError(unknown("loss", name, sorted(_LOSSES)))
    return _LOSSES[name]
