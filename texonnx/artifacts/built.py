"""Graphs built in memory, for a run that needs no exported folder."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.artifacts.adam_step import adam_step_model
from texonnx.artifacts.objective import Size, objective_model
from texonnx.artifacts.parameters import in_memory, trunk_parameters, trunk_tensors
from texonnx.artifacts.specification import Specification
from texonnx.artifacts.targets import targets_model
from texonnx.artifacts.training import write_training_artifacts
from texonnx.weights.network import VggWeights


class BuiltGraphs:
    """The graphs of one objective, each built when it is asked for, for the size asked for."""

    fixed_size: Size | None = None
    training_sizes: Sequence[Size] | None = None

    def __init__(
        self, specification: Specification, weights: VggWeights, *, activation_scale: bool = True
    ) -> None:
        self.specification = specification
        tensors: Mapping[str, NDArray[np.float32]] = trunk_tensors(
            weights, specification.layers, activation_scale=activation_scale
        )
        self._parameters = trunk_parameters(in_memory(tensors), weights.mean)
        self._folders: list[tempfile.TemporaryDirectory[str]] = []

    @property
    def label(self) -> str:
        """The losses' names, fit for a file name."""
        return self.specification.label

    @property
    def minimum_size(self) -> int:
        """The least height and width in pixels of an image that the layers can look at."""
        return self.specification.minimum_size

    @property
    def layers(self) -> Sequence[str]:
        """The layers, in the order of ``layer_losses``."""
        return self.specification.layers

    def targets(self) -> bytes:
        """Return the graph: exemplar, output_size -> target statistics."""
        return _serialised(targets_model(self.specification, self._parameters))

    def objective(self, size: Size) -> bytes:
        """Return the graph: image, targets -> loss, layer_losses, gradient."""
        return _serialised(objective_model(self.specification, self._parameters, size))

    def adam_step(self, size: Size) -> bytes:
        """Return the graph of one step of Adam."""
        return _serialised(adam_step_model(self.specification, self._parameters, size))

    def training(self, size: Size) -> Path:
        """Write training artifacts into a temporary folder that lives as long as this object."""
        folder = tempfile.TemporaryDirectory(prefix="texonnx-")
        self._folders.append(folder)
        write_training_artifacts(Path(folder.name), self.specification, self._parameters, size)
        return Path(folder.name)


def _serialised(model: ir.Model) -> bytes:
    return bytes(ir.to_proto(model).SerializeToString())
