"""Graphs built as they are needed, in memory or into a folder, over one set of weights."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx_ir as ir

from texonnx.errors import ArtifactError, reason
from texonnx.objective.banded import (
    BandedBlock,
    BandedGraphs,
    backward_model,
    content_model,
    exemplar_rest_model,
    forward_model,
    rest_model,
)
from texonnx.objective.banding import Banding, BlockPlan, can_be_banded, plan_blocks
from texonnx.objective.kinds import GraphKind
from texonnx.objective.parameters import (
    layer_units,
    store_tensors,
    stored_tensors,
    trunk_parameters,
    trunk_tensors,
)
from texonnx.objective.source import Graph, Model, Traits
from texonnx.objective.specification import Specification
from texonnx.objective.split import (
    SplitGraphs,
    features_model,
    pullback_model,
    sorted_targets,
    sorting_weights,
)
from texonnx.objective.training import write_training_artifacts
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import maps_bytes
from texonnx.weights.network import VggWeights

WEIGHTS = "weights.bin"


class BuiltGraphs:
    """The graphs of one objective, which share the network's tensors.

    Parameters
    ----------
    specification, weights
        What they are built from.
    activation_scale
        Whether every layer is divided by its mean activation.
    fp16
        Store the weights in 16 bits; the graphs compute in 32.
    folder
        An existing folder to write into. If it is not given, they stay in memory, but for training
        artifacts: those lie in a temporary folder, which goes with this object.
    """

    def __init__(
        self,
        specification: Specification,
        weights: VggWeights,
        *,
        activation_scale: bool = True,
        fp16: bool = False,
        folder: Path | None = None,
    ) -> None:
        self._folder = folder
        self._specification = specification
        self._weights = weights
        self._for_training: Path | None = None
        self._built: dict[tuple[str, Size | None], Graph] = {}
        units = layer_units(weights, specification.trunk.pooling) if activation_scale else None
        dtype = np.dtype(np.float16 if fp16 else np.float32)
        tensors = trunk_tensors(weights, specification.trunk_layers, units)
        self._tensors = {name: one.astype(dtype, copy=False) for name, one in tensors.items()}
        if folder is not None:
            store_tensors(folder / WEIGHTS, self._tensors)
        self._parameters = trunk_parameters(stored_tensors(WEIGHTS, self._tensors), weights.mean)
        self.traits = Traits(
            specification.parts,
            specification.minimum_size,
            weights.random,
            sorts=bool(sorting_weights(specification)),
            averages=can_be_banded(specification),
            draws=any(term.loss.draws for term in specification.terms),
            adversarial=specification.adversarial,
            detail=specification.detail,
            wraps=specification.trunk.padding == "circular",
            maps_bytes=maps_bytes(specification.trunk.arch, specification.trunk_layers),
        )

    @property
    def weights_digest(self) -> str:
        """The SHA-256 of the network's tensors."""
        return self._weights.digest

    def has(self, kind: GraphKind) -> bool:
        """Whether there is such a graph for a run; what others do, NumPy does faster."""
        specification = self._specification
        taken = kind.network or kind.indispensable(specification)
        return taken and kind.when(specification)

    def graph(self, kind: GraphKind, size: Size | None = None) -> Graph:
        """Return a graph, for images of `size` where that matters to it."""
        of_size = size if kind.sized else None
        if (kind.name, of_size) not in self._built:
            model = kind.build(self._specification, self._parameters, of_size)
            self._built[kind.name, of_size] = self._write(kind.file, model)
        return self._built[kind.name, of_size]

    def split(self, size: Size) -> SplitGraphs | None:
        """Return the objective cut at the features, or ``None`` if no loss of it sorts."""
        weights = sorting_weights(self._specification)
        if not weights:
            return None
        features, pullback = (
            self._write(f"{name}.onnx", model(self._specification, self._parameters, size))
            for name, model in (("features", features_model), ("pullback", pullback_model))
        )
        parts, targets = len(self._specification.parts), sorted_targets(self._specification)
        return SplitGraphs(features, pullback, parts, weights, targets)

    def banded(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Return the objective in bands, or ``None`` if no block of it is walked so."""
        return self._banded("image", self._specification, size, banding, rest_model)

    def banded_statistics(self, size: Size, banding: Banding) -> BandedGraphs | None:
        """Return an exemplar's statistics in bands, or ``None`` as :meth:`banded` does."""
        of_texture = replace(self._specification, content_layers=())
        return self._banded("exemplar", of_texture, size, banding, exemplar_rest_model)

    def banded_content(self, size: Size, banding: Banding) -> tuple[BandedBlock, ...] | None:
        """Return what a content image's targets are taken with in windows; ``None`` for whole."""
        specification = self._specification
        if not banding.largest_window or not specification.content_layers:
            return None
        plans = plan_blocks(specification, size, banding)
        layers = specification.content_layers
        while plans and not any(layer.name in layers for layer in plans[-1].convolutions):
            plans = plans[:-1]
        if not plans:
            return None
        plans = (*plans[:-1], replace(plans[-1], pooled=False))
        models = {"content": content_model}
        return tuple(self._banded_block("content", specification, plan, models) for plan in plans)

    def _banded(
        self,
        what: str,
        specification: Specification,
        size: Size,
        banding: Banding,
        rest: Callable[..., ir.Model],
    ) -> BandedGraphs | None:
        plans = plan_blocks(specification, size, banding)
        if not plans:
            return None
        model = rest(specification, self._parameters, size, plans)
        models = {"forward": forward_model, "backward": backward_model}
        return BandedGraphs(
            tuple(self._banded_block(what, specification, plan, models) for plan in plans),
            self._write(f"{what}_rest.onnx", model),
        )

    def _banded_block(
        self,
        what: str,
        specification: Specification,
        plan: BlockPlan,
        models: Mapping[str, Callable[..., ir.Model]],
    ) -> BandedBlock:
        kinds = dict.fromkeys(window.kind for window in plan.windows)
        block = plan.convolutions[0].block
        forward, *backward = (
            {
                kind: self._write(
                    f"{what}_block{block}_{name}{number}.onnx",
                    model(specification, self._parameters, plan, kind),
                )
                for number, kind in enumerate(kinds)
            }
            for name, model in models.items()
        )
        return BandedBlock(plan, forward, *(backward or [{}]))

    def training(self, size: Size, name: str = "training") -> Path:
        """Write a folder of training artifacts for images of `size`."""
        folder = self._folder or self._temporary()
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        write_training_artifacts(
            place, folder / WEIGHTS, self._specification, self._parameters, size
        )
        return place

    def _temporary(self) -> Path:
        """Return a folder with the weights, for what reads them from a file alone."""
        if self._for_training is None:
            try:
                self._for_training = Path(tempfile.mkdtemp(prefix="texonnx-"))
                weakref.finalize(self, shutil.rmtree, self._for_training, ignore_errors=True)
                store_tensors(self._for_training / WEIGHTS, self._tensors)
            except OSError as error:
                raise ArtifactError(
                    "onnxruntime-training reads its graphs from files, and there can be no "
                    f"temporary ones: {reason(error)}; set TMPDIR, or take --engine analytic"
                ) from error
        return self._for_training

    def _write(self, name: str, model: ir.Model) -> Graph:
        content = ir.to_proto(model).SerializeToString()
        if self._folder is None:
            return Model(name, content, self._tensors)
        path = self._folder / name
        path.write_bytes(content)
        return path
