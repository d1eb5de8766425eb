"""The values that the graphs of a folder are tried with, each by the name of the graphs' inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from texonnx.exported.signatures import GraphDescription
from texonnx.objective.kinds import DISCRIMINATOR_STEP, KINDS
from texonnx.sizes import Size
from texonnx.verification.inputs import Arrays, drawn_inputs, smooth_noise
from texonnx.verification.runner import Runner

TRIAL_RATE = 0.02
"""Of the step of Adam."""
STEP = 10.0
_EXEMPLAR, _CONTENT, _IMAGE, _DRAWN, _MOMENTS = range(1, 6)
"""Seeds."""


def first_values(graphs: Mapping[str, GraphDescription], size: Size) -> Arrays:
    """Return all that nothing need be computed for: images, sizes, seeds, what is drawn."""
    values: Arrays = {
        "exemplar": smooth_noise(size, _EXEMPLAR),
        "content": smooth_noise(size, _CONTENT),
        "image": smooth_noise(size, _IMAGE),
        "output_size": np.array(size, np.int64),
        "size": np.array([_share(side, 3, 4) for side in size], np.int64),
        "coarser_exemplar_size": np.array([_share(side, 1, 2) for side in size], np.int64),
        "seed": np.array([0], np.int64),
        "draw": np.array([0], np.int64),
        "step": np.array([STEP], np.float32),
        "learning_rate": np.array([TRIAL_RATE], np.float32),
    }
    for graph in graphs.values():
        values |= drawn_inputs(graph, _DRAWN)
    for name, value in list(values.items()):
        if f"first_moment.{name}" in _inputs(graphs, DISCRIMINATOR_STEP.name):
            # From zero, the first moment after a step tells the gradient.
            values[f"first_moment.{name}"] = np.zeros_like(value)
            values[f"second_moment.{name}"] = np.ones_like(value)
    return values


def statistics(runner: Runner, graphs: Mapping[str, GraphDescription], values: Arrays) -> Arrays:
    """Return the statistics of the exemplar and of the content."""
    found: Arrays = {}
    for name in graphs:
        if KINDS[name].targets:
            found |= runner.run(name, values)
    return found


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


def _inputs(graphs: Mapping[str, GraphDescription], name: str) -> Mapping[str, object]:
    return graphs[name].inputs if name in graphs else {}


def _share(side: int, part: int, of: int) -> int:
    return max(1, side * part // of)
