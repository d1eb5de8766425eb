"""Weighted sums of losses, as the user writes them: ``gram``, ``mean+cov``, ``gram:1,emd:0.1``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from texonnx.errors import OptionError
from texonnx.losses.registry import ImageLoss, TextureLoss, find_loss


@dataclass(frozen=True)
class LossTerm:
    """A texture loss and its weight in the sum."""

    loss: TextureLoss
    weight: float = 1.0


@dataclass(frozen=True)
class ImageTerm:
    """A loss of the image by itself, and its weight in the sum."""

    loss: ImageLoss
    weight: float = 1.0


def parse_loss(text: str) -> tuple[LossTerm | ImageTerm, ...]:
    """Turn ``NAME[:WEIGHT]`` joined by ``+`` or ``,`` into the terms of the sum.

    Raises
    ------
    OptionError
        For an unknown or repeated loss, or a weight that is not a finite number above 0.

    Examples
    --------
    >>> [(term.loss.name, term.weight) for term in parse_loss("gram:1,emd:0.1")]
    [('gram', 1.0), ('emd', 0.1)]
    """
    terms: list[LossTerm | ImageTerm] = []
    for part in re.split(r",|\+(?=\s*[a-zA-Z])", text):
        name, colon, number = part.strip().partition(":")
        loss = find_loss(name)
        if any(term.loss is loss for term in terms):
            raise OptionError(f"loss '{name}' is named more than once in '{text}'")
        weight = _weight(name, number) if colon else 1.0
        terms.append(
            ImageTerm(loss, weight) if isinstance(loss, ImageLoss) else LossTerm(loss, weight)
        )
    return tuple(terms)


def label_of(terms: Sequence[LossTerm | ImageTerm]) -> str:
    """Return the losses' names, fit for a file name.

    Examples
    --------
    >>> label_of(parse_loss("gram:1,emd:0.1"))
    'gram+emd'
    """
    return "+".join(term.loss.name for term in terms)


def _weight(name: str, number: str) -> float:
    try:
        weight = float(number)
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight > 0):
        raise OptionError(f"the weight of loss '{name}' must be a number above 0, not '{number}'")
    return weight
