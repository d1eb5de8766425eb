"""The inputs and outputs of graphs that are of a loss at a layer: ``target.gram.conv1_1``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from texonnx.losses.registry import TextureLoss, texture_loss

TARGET = "target"
"""The exemplar's statistic, or the content's."""
AVERAGE = "average"
"""What the image's own statistic follows from, where a graph takes or gives it."""
COTANGENT = "cotangent"
"""The loss's gradient with respect to that."""

_NAME = re.compile(r"(next_)?(?:((?:first|second)_moment)\.)?([^.]+)\.([^.]+)\.([^.]+)")


@dataclass(frozen=True)
class Port:
    """An input or output of a graph.

    Attributes
    ----------
    key
        What it is: a target, or what the loss itself calls an input.
    loss, layer
        Of which loss, and where.
    moment
        ``first_moment`` or ``second_moment``, if it is one of Adam's for that.
    after_step
        Whether it is that after the step.

    Examples
    --------
    >>> print(Port("target", "gram", "conv1_1"))
    target.gram.conv1_1
    >>> port = Port.parse("next_first_moment.weight0.gan.conv1_1")
    >>> port.key, port.loss, port.layer, port.moment, port.after_step
    ('weight0', 'gan', 'conv1_1', 'first_moment', True)
    """

    key: str
    loss: str
    layer: str
    moment: str = ""
    after_step: bool = False

    @classmethod
    def parse(cls, name: str) -> Port | None:
        """Return what a name says; ``None`` for one that is of no loss at a layer."""
        if (found := _NAME.fullmatch(name)) is None:
            return None
        after, moment, key, loss, layer = found.groups()
        return cls(key, loss, layer, moment or "", after is not None)

    def __str__(self) -> str:
        after, moment = "next_" * self.after_step, f"{self.moment}." if self.moment else ""
        return f"{after}{moment}{self.key}.{self.loss}.{self.layer}"

    @property
    def stem(self) -> str:
        """The key without the number behind it."""
        return self.key.rstrip("0123456789")

    @property
    def number(self) -> int | None:
        """The number behind the key, if there is one."""
        digits = self.key[len(self.stem) :]
        return int(digits) if digits else None

    @property
    def of(self) -> TextureLoss | None:
        """The loss, if it is one that compares textures."""
        return texture_loss(self.loss)

    @property
    def adversarial(self) -> bool:
        """Whether it is of a loss for which discriminators are trained."""
        return self.of is not None and self.of.adversarial

    @property
    def brought(self) -> bool:
        """Whether it is what the loss takes beside features and targets, as it is now."""
        now = not self.moment and not self.after_step
        return now and self.of is not None and self.stem in self.of.inputs

    @property
    def drawn(self) -> bool:
        """Whether the host draws it at random every few steps."""
        return self.brought and not self.adversarial


def is_drawn(name: str) -> bool:
    """Whether an input of this name is drawn at random."""
    port = Port.parse(name)
    return port is not None and port.drawn


def is_trained(name: str) -> bool:
    """Whether an input of this name is learned beside the image: a discriminator's."""
    port = Port.parse(name)
    return port is not None and port.brought and port.adversarial


def is_learned_from(name: str) -> bool:
    """Whether a target of this name is for the discriminators alone: the exemplar's features."""
    port = Port.parse(name)
    return port is not None and port.key == TARGET and port.adversarial
