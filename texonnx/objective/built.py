"""Graphs built as they are needed, for a run that has no exported folder."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

from texonnx.objective.banded import BandedGraphs
from texonnx.objective.banding import Banding, can_be_banded
from texonnx.objective.specification import Specification
from texonnx.objective.split import SplitGraphs, sorting_weights
from texonnx.objective.writer import GraphWriter
from texonnx.sizes import Size
from texonnx.weights.network import VggWeights


class BuiltGraphs:
    """The graphs of one objective, in a temporary folder that goes with this object.

    Each is for one size: what is known needs no reading of shapes at run time.
    """

    fixed_size: Size | None = None
    training_sizes: Sequence[Size] | None = None

    def __init__(
        self, specification: Specification, weights: VggWeights, *, activation_scale: bool = True
    ) -> None:
        self._specification = specification
        self.random_weights = weights.random
        folder = tempfile.mkdtemp(prefix="texonnx-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._writer = GraphWriter(
            Path(folder), specification, weights, activation_scale=activation_scale
        )

    @property
    def sorts(self) -> bool:
        """Whether a loss of the objective sorts."""
        return bool(sorting_weights(self._specification))

    @property
    def can_be_banded(self) -> bool:
        """Whether the statistics of bands add up to those of the whole."""
        return can_be_banded(self._specification)

    @property
    def minimum_size(self) -> int:
        """The least height and width in pixels of an image that the layers can look at."""
        return self._specification.minimum_size

    @property
    def parts(self) -> Sequence[str]:
        """The names of the entries of ``layer_losses``."""
        return self._specification.parts

    @property
    def draws(self) -> bool:
        """Whether a loss wants something drawn or trained anew every few steps."""
        return any(term.loss.draws for term in self._specification.terms)

    @property
    def adversarial(self) -> bool:
        """Whether a loss has discriminators."""
        return self._specification.adversarial

    def targets(self) -> Path | None:
        """Return the graph: exemplar, output_size -> target statistics, if there are any."""
        return self._writer.targets("targets.onnx") if self._specification.terms else None

    def content_targets(self) -> Path | None:
        """Return the graph: content -> the features to be kept of it, if any are."""
        if not self._specification.content_layers:
            return None
        return self._writer.content_targets("content_targets.onnx")

    def objective(self, size: Size) -> Path:
        """Return the graph: image, targets -> loss, layer_losses, gradient."""
        return self._writer.objective("objective.onnx", size)

    def adam_step(self, size: Size) -> Path:
        """Return the graph of one step of Adam."""
        return self._writer.adam_step("adam_step.onnx", size)

    def discriminator_step(self, size: Size) -> Path:
        """Return the graph of one step of the discriminators."""
        return self._writer.discriminator_step("discriminator_step.onnx", size)

    def split(self, size: Size) -> SplitGraphs | None:
        """Return the objective cut at the features, or ``None`` if no loss of it sorts."""
        return self._writer.split("features.onnx", "pullback.onnx", size)

    def banded(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Return the objective in bands, or ``None`` if no block of it is walked so."""
        return self._writer.banded(size, banding)

    def banded_statistics(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Return an exemplar's statistics in bands, or ``None`` as :meth:`banded` does."""
        return self._writer.banded_statistics(size, banding)

    def host_graph(self, name: str) -> None:
        """Return ``None``: NumPy does the same, and faster for large images."""

    def training(self, size: Size) -> Path:
        """Return the folder of training artifacts for images of `size`."""
        return self._writer.training("training", size)
