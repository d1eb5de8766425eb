"""The statistics of exemplars and content, and what is drawn at random for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.losses.gan import GAN
from texonnx.losses.swd import DIRECTIONS, STREAMS_A_DRAW
from texonnx.noise import PRIME, standard_normal
from texonnx.objective.banding import AUTO, MemoryUse
from texonnx.objective.source import GraphSource
from texonnx.runtime.banded import BandedStatistics
from texonnx.runtime.goal import Goal
from texonnx.runtime.host_graphs import Arrays, HostGraph
from texonnx.sizes import Size, size_of

OpenSession = Callable[[Path], ort.InferenceSession]


class TargetStatistics:
    """Computes the targets of a goal.

    Parameters
    ----------
    source
        Has the graphs.
    goal, size
        What the targets are taken from, and height and width of the output.
    open_session
        Starts a session of a graph.
    seed
        Of the random directions.
    memory
        Decides which exemplars are walked in bands.
    """

    def __init__(
        self,
        source: GraphSource,
        goal: Goal,
        size: Size,
        open_session: OpenSession,
        seed: int = 0,
        memory: MemoryUse = AUTO,
    ) -> None:
        self._source = source
        self._memory = memory
        self._open = open_session
        self._goal = goal
        self._size = size
        self._seed = seed
        self._draws = 0
        drawing = source.host_graph("directions")
        self._drawing = None if drawing is None else HostGraph(drawing)
        texture, content = source.targets(), source.content_targets()
        self._texture = None if texture is None else open_session(texture)
        self._directions = {
            value.name: tuple(value.shape)
            for value in (self._texture.get_inputs() if self._texture else ())
            if value.name.startswith(f"{DIRECTIONS}.")
        }
        self._content: Arrays = {}
        if content is not None:
            assert goal.content is not None
            self._content = _outputs(open_session(content), {"content": goal.content})

    @property
    def varies(self) -> bool:
        """Whether the targets are others every time."""
        return bool(self._directions)

    def draw(self) -> Arrays:
        """Return new random directions, where the losses want some, and every target for them."""
        if self._texture is None:
            return self._content
        directions = self._draw_directions()
        size = np.array(self._size, np.int64)
        found = []
        for exemplar in self._goal.exemplars:
            in_bands = self._in_bands(exemplar)
            feeds = {"exemplar": exemplar, "output_size": size, **directions}
            found.append(_outputs(self._texture, feeds) if in_bands is None else in_bands)
        return {**mixed(found, self._goal.shares), **self._content, **directions}

    def _in_bands(self, exemplar: Image) -> Arrays | None:
        """Return the statistics of an exemplar that is large enough to be walked in bands."""
        size = size_of(exemplar)
        banding = self._memory.banding(size)
        graphs = None if banding is None else self._source.banded_statistics(size, banding)
        return None if graphs is None else BandedStatistics(graphs, self._open)(exemplar)

    def _draw_directions(self) -> Arrays:
        draw, self._draws = self._draws, self._draws + 1
        if self._drawing is not None:
            return self._drawing(seed=[self._seed % PRIME], draw=[draw])
        return {
            name: _unit_vectors(shape, self._seed, STREAMS_A_DRAW * draw + place)
            for place, (name, shape) in enumerate(sorted(self._directions.items()))
        }


def mixed(statistics: Sequence[Arrays], shares: Sequence[float]) -> Arrays:
    """Return the mixture of several exemplars' statistics.

    Statistics are averaged: means stay means, and sorted rows, as quantile functions, give the
    Wasserstein barycentre of each row. The features that discriminators learn from are no
    statistics: of these, each exemplar gives its share of the positions.
    """
    if len(statistics) == 1:
        return statistics[0]
    together: Arrays = {}
    for name in statistics[0]:
        values = [one[name] for one in statistics]
        if name.startswith(f"target.{GAN.name}."):
            together[name] = _share_of_positions(values, shares)
        else:
            together[name] = sum(
                (np.float32(share) * value for share, value in zip(shares, values, strict=True)),
                np.zeros_like(values[0]),
            )
    return together


def _share_of_positions(
    values: Sequence[NDArray[np.float32]], shares: Sequence[float]
) -> NDArray[np.float32]:
    """Return some columns of each matrix, evenly spaced, as many as its share allows."""
    counted = [pair for pair in zip(values, shares, strict=True) if pair[1] > 0]
    most = min(value.shape[1] / share for value, share in counted)
    chosen = []
    for value, share in counted:
        count = max(1, int(most * share))
        chosen.append(value[:, np.linspace(0, value.shape[1] - 1, count).round().astype(int)])
    return np.concatenate(chosen, axis=1)


def _unit_vectors(shape: Sequence[int], seed: int, stream: int) -> NDArray[np.float32]:
    vectors = standard_normal(shape, seed, stream)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _outputs(session: ort.InferenceSession, feeds: Mapping[str, object]) -> Arrays:
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, dict(feeds))
    # What the session returns lies in its memory, all of which would be kept for it.
    return {name: value.copy() for name, value in zip(names, values, strict=True)}
