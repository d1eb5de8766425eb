"""What an image is held against at one scale."""

from __future__ import annotations

from dataclasses import dataclass

from texonnx.images import Cutout, Image


@dataclass(frozen=True)
class Goal:
    """The images that the targets are taken from.

    Attributes
    ----------
    exemplars
        The textures, each [1, 3, H, W] in [0, 1], or what counts of it; none where no texture is
        compared.
    shares
        What each counts in the mixture of their statistics; they add up to 1.
    content
        The image whose content is kept, of the output's size.
    """

    exemplars: tuple[Image | Cutout, ...] = ()
    shares: tuple[float, ...] = (1.0,)
    content: Image | None = None


def texture_of(exemplar: Image) -> Goal:
    """Return the goal of having the texture of one exemplar."""
    return Goal((exemplar,))
