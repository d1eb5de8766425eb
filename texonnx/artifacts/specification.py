"""What an objective is: network, layers, losses and their weights, in one frozen value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from texonnx.graph.trunk import TrunkOptions
from texonnx.losses import LossOptions, LossTerm, TextureLoss, label_of, parse_loss
from texonnx.options import ObjectiveOptions
from texonnx.vgg import minimum_size, parse_layer_weights, parse_layers

LEAST_SIZE_REFLECTED = 2
"""Mirroring without the edge needs two pixels along each axis of every feature map."""


@dataclass(frozen=True)
class Specification:
    """Everything that decides the graphs, but for the network's weights.

    Attributes
    ----------
    trunk
        How the network is walked.
    layers, layer_weights
        The layers whose features are compared, and the weight of each in the sum.
    terms
        The losses and their weights.
    loss_options
        Choices inside the losses.
    """

    trunk: TrunkOptions
    layers: tuple[str, ...]
    layer_weights: tuple[float, ...]
    terms: tuple[LossTerm, ...]
    loss_options: LossOptions

    def targets(self) -> Iterator[tuple[str, TextureLoss, str]]:
        """Yield name, loss and layer of every target statistic, in the graphs' order."""
        for layer in self.layers:
            for term in self.terms:
                yield target_name(term.loss, layer), term.loss, layer

    @property
    def minimum_size(self) -> int:
        """The least height and width in pixels of an image that the layers can look at."""
        factor = LEAST_SIZE_REFLECTED if self.trunk.padding == "reflect" else 1
        return factor * minimum_size(self.layers)

    @property
    def label(self) -> str:
        """The losses' names, fit for a file name: ``gram``, ``mean+cov``."""
        return label_of(self.terms)


def target_name(loss: TextureLoss, layer: str) -> str:
    """Return the name of a target statistic in every graph."""
    return f"target.{loss.name}.{layer}"


def specify(options: ObjectiveOptions) -> Specification:
    """Parse the user's words into a :class:`Specification`.

    Layers of weight 0 are left out, so that the network ends at the deepest layer that counts.

    Raises
    ------
    OptionError
        When one of the words is not accepted.
    """
    trunk = TrunkOptions(options.arch, options.pool, options.padding)
    names = parse_layers(options.layers, options.arch)
    weights = parse_layer_weights(options.layer_weights, names)
    weighted = [(name, weight) for name, weight in zip(names, weights, strict=True) if weight]
    return Specification(
        trunk=trunk,
        layers=tuple(name for name, _ in weighted),
        layer_weights=tuple(weight for _, weight in weighted),
        terms=parse_loss(options.loss),
        loss_options=LossOptions(options.gram_norm),
    )
