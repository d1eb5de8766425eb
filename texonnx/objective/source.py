"""Where an engine's graphs come from: built in memory, or read from an exported folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import onnx
from numpy.typing import NDArray

from texonnx.objective.banding import Banding
from texonnx.objective.kinds import GraphKind
from texonnx.sizes import Size

if TYPE_CHECKING:
    from texonnx.objective.banded import BandedBlock, BandedGraphs
    from texonnx.objective.split import SplitGraphs


@dataclass(frozen=True, eq=False)
class Model:
    """A graph in memory, and the tensors that it refers to as if they lay in a file.

    Attributes
    ----------
    name
        That of the file which it would be.
    content
        The serialised graph.
    tensors
        Those of the network by name, which all graphs of an objective share.
    """

    name: str
    content: bytes
    tensors: Mapping[str, NDArray[Any]]

    def whole(self) -> bytes:
        """Return the graph with its tensors inside, for who cannot take them otherwise."""
        model = onnx.ModelProto.FromString(self.content)
        for tensor in model.graph.initializer:
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                tensor.CopyFrom(
                    onnx.numpy_helper.from_array(self.tensors[tensor.name], tensor.name)
                )
        content: bytes = model.SerializeToString()
        return content


Graph: TypeAlias = Path | Model
"""A graph: a file, or in memory."""


@dataclass(frozen=True)
class Traits:
    """What is true of an objective, for whoever runs it.

    Attributes
    ----------
    parts
        The names of the entries of ``layer_losses``: layers, ``content.conv4_2``, ``tv``.
    minimum_size
        The least height and width in pixels of an image that the layers can look at.
    random_weights
        Whether the network's weights are random.
    sorts
        Whether it can be cut at the features: see :meth:`GraphSource.split`.
    averages
        Whether its statistics are averages, so that a large image can be walked in bands: see
        :meth:`GraphSource.banded`.
    draws
        Whether a loss wants something drawn or trained anew every few steps.
    adversarial
        Whether a loss has discriminators, which are trained in the loop.
    detail
        What a finer scale starts from: ``patches`` or ``spectrum``.
    wraps
        Whether an image goes on at its other side, so that it tiles.
    maps_bytes
        Of all feature maps of the network, for a pixel of the image; 0 if that is not known.
    fixed_size
        Height and width, if the graphs are for one size alone.
    training_sizes
        The sizes for which there are training artifacts; ``None`` if for any.
    """

    parts: tuple[str, ...]
    minimum_size: int
    random_weights: bool = False
    sorts: bool = False
    averages: bool = False
    draws: bool = False
    adversarial: bool = False
    detail: str = "spectrum"
    wraps: bool = False
    maps_bytes: float = 0.0
    fixed_size: Size | None = None
    training_sizes: Sequence[Size] | None = None


class GraphSource(Protocol):
    """The graphs of one objective."""

    @property
    def traits(self) -> Traits:
        """What is true of the objective."""

    @property
    def weights_digest(self) -> str:
        """The SHA-256 of the network's tensors."""

    def has(self, kind: GraphKind) -> bool:
        """Whether there is such a graph for a run to take."""

    def graph(self, kind: GraphKind, size: Size | None = None) -> Graph:
        """Return a graph, for images of `size` where that matters to it."""

    def split(self, size: Size) -> SplitGraphs | None:
        """Return the objective cut at the features, or ``None`` if there is no such thing."""

    def banded(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Return the objective in bands of rows, or ``None`` if no block of it is walked so."""

    def banded_statistics(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Return an exemplar's statistics in bands, or ``None`` as :meth:`banded` does."""

    def banded_content(self, size: Size, banding: Banding) -> tuple[BandedBlock, ...] | None:
        """Return what a content image's targets are taken with in windows; ``None`` for whole."""

    def training(self, size: Size) -> Path:
        """Return the folder of training artifacts for images of `size`."""
