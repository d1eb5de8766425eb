"""Writing the graphs of one objective into a folder, over one file of weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx_ir as ir

from texonnx.objective.adam_step import adam_step_model
from texonnx.objective.banded import (
    BandedBlock,
    BandedGraphs,
    backward_model,
    deeper_statistics_model,
    forward_model,
    rest_model,
)
from texonnx.objective.banding import Banding, BlockPlan, plan_blocks
from texonnx.objective.discriminator import discriminator_step_model
from texonnx.objective.forward import objective_model, statistic_name
from texonnx.objective.host_graphs import (
    directions_model,
    discriminators_model,
    finer_image_model,
    first_image_model,
    resize_model,
)
from texonnx.objective.parameters import layer_units, store_tensors, trunk_parameters, trunk_tensors
from texonnx.objective.specification import Specification
from texonnx.objective.split import (
    SplitGraphs,
    features_model,
    pullback_model,
    sorted_targets,
    sorting_weights,
)
from texonnx.objective.targets import content_targets_model, targets_model
from texonnx.objective.training import write_training_artifacts
from texonnx.sizes import Size
from texonnx.weights.network import VggWeights

WEIGHTS = "weights.bin"


class GraphWriter:
    """Writes graphs that share the ``weights.bin`` that it puts into `folder`.

    Parameters
    ----------
    folder
        An existing folder.
    specification, weights
        What the graphs are built from.
    activation_scale
        Whether every layer is divided by its mean activation.
    fp16
        Store the weights in 16 bits; the graphs compute in 32.
    """

    def __init__(
        self,
        folder: Path,
        specification: Specification,
        weights: VggWeights,
        *,
        activation_scale: bool = True,
        fp16: bool = False,
    ) -> None:
        self._folder = folder
        self._specification = specification
        units = layer_units(weights, specification.trunk.pooling) if activation_scale else None
        tensors = trunk_tensors(weights, specification.trunk_layers, units)
        stored = store_tensors(folder / WEIGHTS, tensors, np.float16 if fp16 else np.float32)
        self._parameters = trunk_parameters(stored, weights.mean)

    def targets(self, name: str) -> Path:
        """Write the graph: exemplar, output_size -> target statistics."""
        return self._write(name, targets_model(self._specification, self._parameters))

    def content_targets(self, name: str) -> Path:
        """Write the graph: content -> the features that the image shall keep of it."""
        return self._write(name, content_targets_model(self._specification, self._parameters))

    def objective(self, name: str, size: Size | None) -> Path:
        """Write the graph: image, targets -> loss, layer_losses, gradient."""
        return self._write(name, objective_model(self._specification, self._parameters, size))

    def adam_step(self, name: str, size: Size | None) -> Path:
        """Write the graph of one step of Adam."""
        return self._write(name, adam_step_model(self._specification, self._parameters, size))

    def discriminator_step(self, name: str, size: Size | None) -> Path:
        """Write the graph of one step of Adam for the discriminators."""
        model = discriminator_step_model(self._specification, self._parameters, size)
        return self._write(name, model)

    def resize(self, name: str) -> Path:
        """Write the graph: image, size -> resized."""
        return self._write(name, resize_model())

    def first_image(self, name: str) -> Path:
        """Write the graph: exemplar, output_size, seed -> first_image."""
        return self._write(name, first_image_model())

    def finer_image(self, name: str) -> Path:
        """Write the graph from a coarser scale's result to where the next scale starts."""
        return self._write(name, finer_image_model())

    def directions(self, name: str) -> Path:
        """Write the graph: seed, draw -> random directions of every layer."""
        return self._write(name, directions_model(self._specification))

    def discriminators(self, name: str) -> Path:
        """Write the graph: seed -> the discriminators' parameters at first."""
        return self._write(name, discriminators_model(self._specification))

    def split(self, features: str, pullback: str, size: Size) -> SplitGraphs | None:
        """Write the objective cut at the features; return ``None`` if no loss of it sorts."""
        weights = sorting_weights(self._specification)
        if not weights:
            return None
        return SplitGraphs(
            self._write(features, features_model(self._specification, self._parameters, size)),
            self._write(pullback, pullback_model(self._specification, self._parameters, size)),
            len(self._specification.parts),
            weights,
            sorted_targets(self._specification),
        )

    def banded(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Write the objective in bands; return ``None`` if no block of it is walked so."""
        return self._banded("image", size, banding, rest_model)

    def banded_statistics(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Write an exemplar's statistics in bands; ``None`` as in :meth:`banded`."""
        return self._banded("exemplar", size, banding, deeper_statistics_model)

    def _banded(
        self, what: str, size: Size, banding: Banding, rest: Callable[..., ir.Model | None]
    ) -> BandedGraphs | None:
        plans = plan_blocks(self._specification, size, banding)
        if not plans:
            return None
        model = rest(self._specification, self._parameters, size, plans)
        return BandedGraphs(
            tuple(self._banded_block(what, plan) for plan in plans),
            None if model is None else self._write(f"{what}_rest.onnx", model),
            {
                statistic_name(loss, layer): name
                for name, loss, layer in self._specification.targets()
            },
        )

    def _banded_block(self, what: str, plan: BlockPlan) -> BandedBlock:
        kinds = dict.fromkeys(band.kind for band in plan.bands)
        block = plan.convolutions[0].block
        forward, backward = (
            {
                kind: self._write(
                    f"{what}_block{block}_{name}{number}.onnx",
                    model(self._specification, self._parameters, plan, kind),
                )
                for number, kind in enumerate(kinds)
            }
            for name, model in (("forward", forward_model), ("backward", backward_model))
        )
        return BandedBlock(plan.shape, plan.bands, forward, backward)

    def training(self, name: str, size: Size) -> Path:
        """Write a folder of training artifacts for images of `size`."""
        place = self._folder / name
        place.mkdir(parents=True, exist_ok=True)
        write_training_artifacts(
            place, self._folder / WEIGHTS, self._specification, self._parameters, size
        )
        return place

    def _write(self, name: str, model: ir.Model) -> Path:
        path = self._folder / name
        path.write_bytes(ir.to_proto(model).SerializeToString())
        return path
