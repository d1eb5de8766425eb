"""What the graphs are tried with: smooth noise as images, and what the losses draw at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.exported.signatures import GraphDescription
from texonnx.images import Image, resize
from texonnx.losses.ports import is_drawn, is_trained
from texonnx.sizes import Size

Arrays = dict[str, NDArray[Any]]

_BLOTCHES = 8
"""Blotches along an image's side: about the size of what the first layers see at 64 pixels."""


def smooth_noise(size: Size, seed: int) -> Image:
    """Return coloured blotches, [1, 3, H, W] in [0, 1], the same for the same seed."""
    side = min(_BLOTCHES, *size)
    coarse = np.random.default_rng(seed).random((1, 3, side, side), np.float32)
    return resize(coarse, *size)


def drawn_inputs(graph: GraphDescription, seed: int) -> Arrays:
    """Return the random directions and discriminators that a graph takes, by name.

    The discriminators' last layers are not the zeros of a run's start, where they say nothing.
    """
    generator = np.random.default_rng(seed)
    drawn: Arrays = {}
    for name, (_, shape) in sorted(graph.inputs.items()):
        if is_drawn(name):
            vectors = _normal(shape, generator)
            drawn[name] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        elif is_trained(name):
            drawn[name] = _normal(shape, generator) / np.sqrt(np.float32(shape[1]))
    return drawn


def _normal(shape: Sequence[int | str], generator: np.random.Generator) -> NDArray[np.float32]:
    return generator.standard_normal([int(n) for n in shape], np.float32)
