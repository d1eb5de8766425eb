"""Where an engine's graphs come from: built in memory, or read from an exported folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from texonnx.objective.banded import BandedGraphs
from texonnx.objective.banding import Banding
from texonnx.objective.split import SplitGraphs
from texonnx.sizes import Size


class GraphSource(Protocol):
    """The graphs of one objective, each by the path of its file."""

    @property
    def minimum_size(self) -> int:
        """The least height and width in pixels of an image that the layers can look at."""

    @property
    def parts(self) -> Sequence[str]:
        """The names of the entries of ``layer_losses``: layers, ``content.conv4_2``, ``tv``."""

    @property
    def random_weights(self) -> bool:
        """Whether the network's weights are random."""

    @property
    def sorts(self) -> bool:
        """Whether the objective can be cut at the features: see :meth:`split`."""

    @property
    def can_be_banded(self) -> bool:
        """Whether there is such a thing as :meth:`banded`, for images that are large enough."""

    @property
    def draws(self) -> bool:
        """Whether a loss wants something drawn or trained anew every few steps."""

    @property
    def adversarial(self) -> bool:
        """Whether a loss has discriminators, which are trained in the loop."""

    @property
    def fixed_size(self) -> Size | None:
        """Height and width, if the graphs are for one size alone."""

    @property
    def training_sizes(self) -> Sequence[Size] | None:
        """The sizes for which there are training artifacts; ``None`` if for any."""

    def targets(self) -> Path | None:
        """Return the graph: exemplar, output_size -> target statistics, if there are any."""

    def content_targets(self) -> Path | None:
        """Return the graph: content -> the features to be kept of it, if any are."""

    def objective(self, size: Size) -> Path:
        """Return the graph: image, targets -> loss, layer_losses, gradient."""

    def adam_step(self, size: Size) -> Path:
        """Return the graph of one step of Adam."""

    def split(self, size: Size) -> SplitGraphs | None:
        """Return the objective cut at the features, or ``None`` if there is no such thing."""

    def banded(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Return the objective in bands of rows, or ``None`` if no block of it is walked so."""

    def banded_statistics(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Return an exemplar's statistics in bands, or ``None`` as :meth:`banded` does."""

    def discriminator_step(self, size: Size) -> Path:
        """Return the graph of one step of the discriminators, where the loss has some."""

    def host_graph(self, name: str) -> Path | None:
        """Return a graph of what a host does around the steps, if the source brings it.

        ``resize``, ``first_image``, ``finer_image``, ``directions`` or ``discriminators``.
        """

    def training(self, size: Size) -> Path:
        """Return the folder of training artifacts for images of `size`."""
