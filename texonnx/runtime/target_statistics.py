"""The statistics of exemplars and content that an image is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Cutout, Image
from texonnx.losses import Arrays
from texonnx.losses.mixing import average
from texonnx.losses.ports import Port, is_drawn
from texonnx.objective.banding import Banding
from texonnx.objective.kinds import CONTENT_TARGETS, CUTOUT_TARGETS, TARGETS
from texonnx.objective.source import GraphSource
from texonnx.objective.targets import counting
from texonnx.runtime.banded import BandedContent, BandedStatistics
from texonnx.runtime.goal import Goal
from texonnx.runtime.sessions import NamedSession, Opener
from texonnx.sizes import Size, size_of
from texonnx.vgg import BLOCKS


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
    banding
        Says how an exemplar of a size is walked in bands, if it is.

    Attributes
    ----------
    directions
        The shapes of what is to be drawn for the targets, by name; they are others every time.
    """

    def __init__(
        self,
        source: GraphSource,
        goal: Goal,
        size: Size,
        open_session: Opener,
        banding: Callable[[Size], Banding | None],
    ) -> None:
        self._source = source
        self._banding = banding
        self._open = open_session
        self._goal = goal
        self._size: Mapping[str, NDArray[Any]] = {"output_size": np.array(size, np.int64)}
        self._texture: NamedSession | None = None
        self._cutout: NamedSession | None = None
        self.directions: Mapping[str, tuple[int, ...]] = {}
        if source.has(TARGETS):
            self._texture = NamedSession(open_session(source.graph(TARGETS)))
            shapes = self._texture.inputs
            self.directions = {name: shapes[name] for name in shapes if is_drawn(name)}
        self._content: Arrays = {}
        if source.has(CONTENT_TARGETS):
            assert goal.content is not None
            blocks = None
            if (own := banding(size)) is not None:
                blocks = source.banded_content(size, own)
            if blocks is not None:
                self._content = BandedContent(blocks, open_session)(goal.content)
            else:
                graph = NamedSession(open_session(source.graph(CONTENT_TARGETS)))
                self._content = graph({"content": goal.content})

    def computed(self, directions: Arrays) -> Arrays:
        """Return every target, and the `directions` that they were taken along."""
        if self._texture is None:
            return dict(self._content)
        given = {**self._size, **directions}
        found = []
        for exemplar in self._goal.exemplars:
            if isinstance(exemplar, Cutout):
                found.append(self._of_cutout(exemplar, given))
            else:
                whole = {"exemplar": exemplar, **given}
                found.append(self._in_bands(exemplar) or self._texture(whole))
        return {**mixed(found, self._goal.shares), **self._content, **directions}

    def _of_cutout(self, cutout: Cutout, given: Mapping[str, NDArray[Any]]) -> Arrays:
        """Return the statistics of what counts of an exemplar; never in bands."""
        if self._cutout is None:
            self._cutout = NamedSession(self._open(self._source.graph(CUTOUT_TARGETS)))
        counts = {
            counting(halvings): cutout.positions(halvings).ravel()
            for halvings in range(BLOCKS)
            if counting(halvings) in self._cutout.inputs
        }
        return self._cutout({"exemplar": cutout.image, **counts, **given})

    def _in_bands(self, exemplar: Image) -> Arrays | None:
        """Return the statistics of an exemplar that is large enough to be walked in bands."""
        size = size_of(exemplar)
        banding = self._banding(size)
        graphs = None if banding is None else self._source.banded_statistics(size, banding)
        return None if graphs is None else BandedStatistics(graphs, self._open)(exemplar)


def mixed(statistics: Sequence[Arrays], shares: Sequence[float]) -> Arrays:
    """Return the mixture of several exemplars' statistics, each as its loss mixes them."""
    if len(statistics) == 1:
        return statistics[0]
    together: Arrays = {}
    for name in statistics[0]:
        port = Port.parse(name)
        mix = port.of.mix if port is not None and port.of is not None else average
        together[name] = mix([one[name] for one in statistics], shares)
    return together
