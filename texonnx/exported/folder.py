"""An exported folder as a source of graphs: nothing is built, everything is checked."""

from __future__ import annotations

from pathlib import Path

from texonnx.errors import ArtifactError
from texonnx.exported.graph_files import graph_in
from texonnx.exported.manifest import read_manifest
from texonnx.objective.banding import Banding
from texonnx.objective.kinds import GraphKind
from texonnx.objective.source import Graph
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
        self.traits = self._contents.traits

    @property
    def label(self) -> str:
        """The losses' names, fit for a file name."""
        return "+".join(self._contents.losses)

    @property
    def padding(self) -> str:
        """What surrounds every convolution's input, as the manifest tells it."""
        return str(self._contents.entries["network"]["padding"])

    @property
    def weights_digest(self) -> str:
        """The SHA-256 of the network's tensors, as the manifest tells it."""
        return str(self._contents.entries["network"]["weights_digest"])

    def has(self, kind: GraphKind) -> bool:
        """Whether the folder has such a graph."""
        return kind.name in self._contents.graphs

    def graph(self, kind: GraphKind, size: Size | None = None) -> Graph:
        """Return a graph, for images of `size` where that matters to it."""
        fixed = self.traits.fixed_size
        if kind.sized and size is not None and fixed not in (None, size):
            raise ArtifactError(
                f"the graphs of '{self._folder}' are for {fixed} alone, not for {size}"
            )
        return graph_in(self._folder, self._contents.graphs[kind.name].file)

    def split(self, size: Size) -> None:
        """Return ``None``: what is exported is whole, and runs as such."""

    def banded(self, size: Size, banding: Banding) -> None:
        """Return ``None``, for the same reason."""

    def banded_statistics(self, size: Size, banding: Banding) -> None:
        """Return ``None``, for the same reason."""

    def banded_content(self, size: Size, banding: Banding) -> None:
        """Return ``None``, for the same reason."""

    def training(self, size: Size) -> Path:
        """Return the folder of training artifacts for images of `size`."""
        if size not in self._contents.training:
            raise ArtifactError(f"'{self._folder}' has no training artifacts for {size}")
        return self._folder / self._contents.training[size]
