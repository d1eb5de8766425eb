"""An exported folder as a source of graphs: nothing is built, everything is checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from texonnx.errors import ArtifactError
from texonnx.exported.manifest import read_manifest
from texonnx.objective.banding import Banding
from texonnx.sizes import Size


class ExportedFolder:
    """The graphs that ``texonnx export`` wrote.

    Raises
    ------
    ArtifactError
        When the folder is not one, or a file is missing or altered.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._contents = read_manifest(folder)

    @property
    def label(self) -> str:
        """The losses' names, fit for a file name."""
        return "+".join(self._contents.losses)

    @property
    def sorts(self) -> bool:
        """``False``: what is exported is whole, and runs as such."""
        return False

    @property
    def can_be_banded(self) -> bool:
        """``False``, for the same reason."""
        return False

    @property
    def minimum_size(self) -> int:
        """The least height and width in pixels of an image that the layers can look at."""
        return self._contents.minimum_size

    @property
    def parts(self) -> Sequence[str]:
        """The names of the entries of ``layer_losses``."""
        return self._contents.parts

    @property
    def draws(self) -> bool:
        """Whether a loss wants something drawn or trained anew every few steps."""
        return self._contents.draws

    @property
    def adversarial(self) -> bool:
        """Whether a loss has discriminators."""
        return "discriminator_step" in self._contents.graphs

    @property
    def random_weights(self) -> bool:
        """Whether the network's weights are random."""
        return self._contents.random_weights

    @property
    def fixed_size(self) -> Size | None:
        """Height and width, if the graphs are for one size alone."""
        return self._contents.size

    @property
    def training_sizes(self) -> Sequence[Size]:
        """The sizes for which there are training artifacts."""
        return list(self._contents.training)

    def targets(self) -> Path | None:
        """Return the graph: exemplar, output_size -> target statistics, if there are any."""
        return self._optional("targets")

    def content_targets(self) -> Path | None:
        """Return the graph: content -> the features to be kept of it, if any are."""
        return self._optional("content_targets")

    def objective(self, size: Size) -> Path:
        """Return the graph: image, targets -> loss, layer_losses, gradient."""
        return self._graph("objective", size)

    def adam_step(self, size: Size) -> Path:
        """Return the graph of one step of Adam."""
        return self._graph("adam_step", size)

    def discriminator_step(self, size: Size) -> Path:
        """Return the graph of one step of the discriminators."""
        return self._graph("discriminator_step", size)

    def split(self, size: Size) -> None:
        """Return ``None``: what is exported is whole."""

    def banded(self, size: Size, banding: Banding) -> None:
        """Return ``None``: what is exported is whole."""

    def banded_statistics(self, size: Size, banding: Banding) -> None:
        """Return ``None``: what is exported is whole."""

    def host_graph(self, name: str) -> Path | None:
        """Return a graph of what a host does around the steps."""
        return self._optional(name)

    def training(self, size: Size) -> Path:
        """Return the folder of training artifacts for images of `size`."""
        if size not in self._contents.training:
            raise ArtifactError(f"'{self._folder}' has no training artifacts for {size}")
        return self._folder / self._contents.training[size]

    def _graph(self, name: str, size: Size) -> Path:
        if self.fixed_size not in (None, size):
            raise ArtifactError(
                f"the graphs of '{self._folder}' are for {self.fixed_size} alone, not for {size}"
            )
        return self._folder / self._contents.graphs[name]

    def _optional(self, name: str) -> Path | None:
        file = self._contents.graphs.get(name)
        return None if file is None else self._folder / file
