"""What an objective is: network, layers, losses and their weights, in one frozen value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from texonnx.errors import OptionError
from texonnx.losses import ImageTerm, LossOptions, LossTerm, TextureLoss, label_of, parse_loss
from texonnx.losses.content import CONTENT
from texonnx.losses.ports import TARGET, Port
from texonnx.losses.tv import TV
from texonnx.objective.layer_weights import parse_layer_weights
from texonnx.options import AUTO_LAYER_WEIGHTS, AUTO_LAYER_WEIGHTS_OF_GAN, ObjectiveOptions
from texonnx.subgraphs.trunk import TrunkOptions
from texonnx.vgg import minimum_size, parse_layers

LEAST_SIZE_REFLECTED = 2
"""Mirroring without the edge needs two pixels along each axis of every feature map."""


@dataclass(frozen=True)
class LayerPart:
    """What is compared at one layer: one entry of ``layer_losses``.

    Attributes
    ----------
    name
        ``conv1_1``; for the content ``content.conv4_2``.
    layer
        The layer.
    terms
        The losses there, each with its whole weight.
    """

    name: str
    layer: str
    terms: tuple[LossTerm, ...]


@dataclass(frozen=True)
class Specification:
    """Everything that decides the graphs, but for the network's weights.

    Attributes
    ----------
    trunk
        How the network is walked.
    layers, layer_weights
        The layers whose texture is compared, and the weight of each in the sum.
    terms
        The texture losses and their weights.
    loss_options
        Choices inside the losses.
    content_layers, content_weight
        The layers at which the image is held against a content image, and the weight of each.
    image_terms
        The losses of the image by itself.
    detail
        What a finer scale starts from: ``patches`` or ``spectrum``.
    """

    trunk: TrunkOptions
    layers: tuple[str, ...]
    layer_weights: tuple[float, ...]
    terms: tuple[LossTerm, ...]
    loss_options: LossOptions
    content_layers: tuple[str, ...] = ()
    content_weight: float = 1.0
    image_terms: tuple[ImageTerm, ...] = ()
    detail: str = "spectrum"

    @property
    def texture_parts(self) -> tuple[LayerPart, ...]:
        """What is held against the exemplar's texture, layer by layer."""
        return tuple(
            LayerPart(
                layer, layer, tuple(LossTerm(term.loss, term.weight * w) for term in self.terms)
            )
            for layer, w in zip(self.layers, self.layer_weights, strict=True)
        )

    @property
    def content_parts(self) -> tuple[LayerPart, ...]:
        """What is held against the content image, layer by layer."""
        term = LossTerm(CONTENT, self.content_weight)
        return tuple(LayerPart(content_part(name), name, (term,)) for name in self.content_layers)

    @property
    def layer_parts(self) -> tuple[LayerPart, ...]:
        """What is compared, layer by layer: textures, then content."""
        return (*self.texture_parts, *self.content_parts)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the entries of ``layer_losses``, in their order."""
        layers = (part.name for part in self.layer_parts)
        return (*layers, *(term.loss.name for term in self.image_terms))

    @property
    def all_terms(self) -> tuple[LossTerm | ImageTerm, ...]:
        """The losses but for the content's, with their weights."""
        return (*self.terms, *self.image_terms)

    @property
    def trunk_layers(self) -> tuple[str, ...]:
        """The layers that are looked at, for texture or content."""
        return tuple(dict.fromkeys((*self.layers, *self.content_layers)))

    @property
    def adversarial(self) -> bool:
        """Whether a loss has discriminators."""
        return any(term.loss.adversarial for term in self.terms)

    @property
    def draws_at_random(self) -> bool:
        """Whether a loss looks along random directions."""
        return any(term.loss.draws_at_random for term in self.terms)

    def targets(self) -> Iterator[tuple[str, TextureLoss, str]]:
        """Yield name, loss and layer of every statistic of the exemplar, in the graphs' order."""
        yield from _targets(self.texture_parts)

    def content_targets(self) -> Iterator[tuple[str, TextureLoss, str]]:
        """Yield name, loss and layer of what is taken from the content image."""
        yield from _targets(self.content_parts)

    @property
    def minimum_size(self) -> int:
        """The least height and width in pixels of an image that the layers can look at."""
        factor = LEAST_SIZE_REFLECTED if self.trunk.padding == "reflect" else 1
        # Neighbours, which total variation is of, there are from two pixels on.
        least = 2 if self.image_terms else 1
        return max(least, factor * minimum_size(self.trunk_layers))

    @property
    def label(self) -> str:
        """The texture losses' names, fit for a file name: ``gram``, ``mean+cov``."""
        return label_of(self.terms)


def content_part(layer: str) -> str:
    """Return the name of the entry of ``layer_losses`` that is the content's at a layer."""
    return f"{CONTENT.name}.{layer}"


def _targets(parts: tuple[LayerPart, ...]) -> Iterator[tuple[str, TextureLoss, str]]:
    for part in parts:
        for term in part.terms:
            yield str(Port(TARGET, term.loss.name, part.layer)), term.loss, part.layer


def specify(options: ObjectiveOptions) -> Specification:
    """Parse the user's words into a :class:`Specification`.

    Layers of weight 0 are left out, so that the network ends at the deepest layer that counts.

    Raises
    ------
    OptionError
        When one of the words is not accepted.
    """
    named = parse_loss(options.loss)
    terms = tuple(
        LossTerm(term.loss, term.weight * options.style_weight)
        for term in named
        if isinstance(term, LossTerm) and options.style_weight
    )
    image_terms = [term for term in named if isinstance(term, ImageTerm)]
    if options.tv:
        if image_terms:
            raise OptionError(f"tv is asked for twice: in '{options.loss}' and by its weight")
        image_terms.append(ImageTerm(TV, options.tv))
    names = parse_layers(options.layers, options.arch)
    schedule = options.layer_weights
    if schedule == "auto":
        adversarial = any(term.loss.adversarial for term in terms)
        schedule = AUTO_LAYER_WEIGHTS_OF_GAN if adversarial else AUTO_LAYER_WEIGHTS
    weights = parse_layer_weights(schedule, names, options.arch)
    weighted = [
        (name, weight) for name, weight in zip(names, weights, strict=True) if weight and terms
    ]
    content_layers: tuple[str, ...] = ()
    if options.content_layers:
        named_layers = parse_layers(options.content_layers, options.arch)
        content_layers = named_layers if options.content_weight else ()
    padding = options.padding
    if padding == "auto":
        # Around content, what is beyond an edge is not at the other side of it.
        padding = "reflect" if content_layers else "circular"
    if not terms and not content_layers:
        raise OptionError(
            f"'{options.loss}' compares the image with nothing; name a texture loss beside it"
            if options.style_weight
            else "the image is compared with nothing: the style weight is 0, and no content is kept"
        )
    return Specification(
        trunk=TrunkOptions(options.arch, options.pool, padding),
        layers=tuple(name for name, _ in weighted),
        layer_weights=tuple(weight for _, weight in weighted),
        terms=terms,
        loss_options=LossOptions(options.gram_norm, options.disc_widths),
        content_layers=content_layers,
        content_weight=options.content_weight,
        image_terms=tuple(image_terms),
        detail=options.detail,
    )
