"""Trying the graphs of a folder: the values that they take, by name, and what runs them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.exported.graph_files import graph_in
from texonnx.exported.signatures import GraphDescription
from texonnx.images import Image, resize
from texonnx.losses.ports import is_drawn, is_trained
from texonnx.objective.kinds import DISCRIMINATOR_STEP
from texonnx.runtime.sessions import NamedSession, open_session
from texonnx.sizes import Size

Arrays = dict[str, NDArray[Any]]

TRIAL_RATE = 0.02
"""Of the step of Adam."""
STEP = 10.0
_EXEMPLAR, _CONTENT, _IMAGE, _DRAWN, _MOMENTS = range(1, 6)
"""Seeds."""
_BLOTCHES = 8
"""Blotches along an image's side: about the size of what the first layers see at 64 pixels."""


class Runner:
    """Runs graphs by their name; the session of the last one is kept.

    Parameters
    ----------
    folder, graphs
        The exported folder, and its graphs as its manifest describes them.
    provider
        The execution provider; it computes in float32.
    """

    def __init__(self, folder: Path, graphs: Mapping[str, GraphDescription], provider: str) -> None:
        self.provider = provider
        self._folder = folder
        self._graphs = graphs
        self._open: tuple[str, NamedSession] | None = None

    def run(self, name: str, values: Mapping[str, NDArray[Any]]) -> Arrays:
        """Return every output of a graph by name; it takes what it needs of `values`."""
        graph = self._graphs[name]
        if self._open is None or self._open[0] != name:
            self._open = None
            session = open_session(graph_in(self._folder, graph.file), self.provider)
            self._open = name, NamedSession(session)
        return self._open[1](values)


def first_values(graphs: Mapping[str, GraphDescription], size: Size) -> Arrays:
    """Return all that nothing need be computed for: images, sizes, seeds, what is drawn."""
    sides = np.array(size, np.int64)
    values: Arrays = {
        "exemplar": _smooth_noise(size, _EXEMPLAR),
        "content": _smooth_noise(size, _CONTENT),
        "image": _smooth_noise(size, _IMAGE),
        "output_size": sides,
        "size": np.maximum(1, sides * 3 // 4),
        "coarser_exemplar_size": np.maximum(1, sides // 2),
        "seed": np.array([0], np.int64),
        "draw": np.array([0], np.int64),
        "step": np.array([STEP], np.float32),
        "steps": np.array([STEP], np.int64),
        "learning_rate": np.array([TRIAL_RATE], np.float32),
    }
    for graph in graphs.values():
        values |= _drawn_inputs(graph)
    if DISCRIMINATOR_STEP.name in graphs:
        for name in filter(is_trained, graphs[DISCRIMINATOR_STEP.name].inputs):
            # From zero, the first moment after a step tells the gradient.
            values[f"first_moment.{name}"] = np.zeros_like(values[name])
            values[f"second_moment.{name}"] = np.ones_like(values[name])
    return values


def moments_like(gradient: NDArray[np.float32]) -> Arrays:
    """Return moments for Adam of the gradient's own size, so that every pixel moves a little.

    From zeros, a first step goes by the gradient's sign alone, which rounding decides where the
    gradient is all but zero.
    """
    generator = np.random.default_rng(_MOMENTS)
    size = np.sqrt(np.mean(np.square(gradient), dtype=np.float64))
    shape = gradient.shape
    return {
        "first_moment": (size * generator.standard_normal(shape)).astype(np.float32),
        "second_moment": (size**2 * generator.uniform(0.5, 1.5, shape)).astype(np.float32),
    }


def following(outputs: Arrays) -> Arrays:
    """Return what a graph gives for the next step, by the names that a step takes it by."""
    prefix = "next_"
    return {
        name[len(prefix) :]: value for name, value in outputs.items() if name.startswith(prefix)
    }


def _smooth_noise(size: Size, seed: int) -> Image:
    """Return coloured blotches, [1, 3, H, W] in [0, 1], the same for the same seed."""
    side = min(_BLOTCHES, *size)
    coarse = np.random.default_rng(seed).random((1, 3, side, side), np.float32)
    return resize(coarse, *size)


def _drawn_inputs(graph: GraphDescription) -> Arrays:
    """Return the random directions and discriminators that a graph takes, by name.

    The discriminators' last layers are not the zeros of a run's start, where they say nothing.
    """
    generator = np.random.default_rng(_DRAWN)
    drawn: Arrays = {}
    for name, (_, shape) in sorted(graph.inputs.items()):
        if is_drawn(name) or is_trained(name):
            normal = generator.standard_normal([int(n) for n in shape], np.float32)
            length = np.linalg.norm(normal, axis=1, keepdims=True)
            drawn[name] = normal / (length if is_drawn(name) else np.sqrt(np.float32(shape[1])))
    return drawn
