"""Whole objectives over the small network, by the graphs and by the reference."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import onnx_ir as ir
import reference
from graph.evaluation import Array, Reference, Runtime
from graph.small_network import SCALES, parameters_of, small_weights
from numpy.typing import NDArray

from texonnx.artifacts.objective import objective_model
from texonnx.artifacts.specification import specify
from texonnx.artifacts.targets import targets_model
from texonnx.options import ObjectiveOptions

WEIGHTS = small_weights()


class SmallObjective:
    """Targets and objective of `options`, run in float32 or in float64."""

    def __init__(
        self,
        options: ObjectiveOptions,
        size: tuple[int, int] | None = None,
        dtype: ir.DataType = ir.DataType.FLOAT,
    ) -> None:
        self.options = options
        self.size = size
        self.dtype = dtype
        self.specification = specify(options)
        units = SCALES if options.activation_scale else None
        self.parameters = parameters_of(WEIGHTS, self.specification.layers, units)

    @property
    def _evaluator(self) -> type[Reference | Runtime]:
        return Runtime if self.dtype == ir.DataType.FLOAT else Reference

    @cached_property
    def _targets(self) -> Reference | Runtime:
        return self._evaluator(targets_model(self.specification, self.parameters, self.dtype))

    @cached_property
    def _objective(self) -> Reference | Runtime:
        model = objective_model(self.specification, self.parameters, self.size, self.dtype)
        return self._evaluator(model)

    def targets(self, exemplar: NDArray[np.floating], size: tuple[int, int]) -> dict[str, Array]:
        """Return the target statistics of `exemplar` for an output of `size`."""
        image = exemplar.astype(self.dtype.numpy())
        return self._targets({"exemplar": image, "output_size": np.array(size, np.int64)})

    def __call__(
        self, image: NDArray[np.floating], exemplar: NDArray[np.floating]
    ) -> dict[str, Array]:
        """Return loss, layer_losses and gradient."""
        targets = self.targets(exemplar, image.shape[2:])
        return self._objective({"image": image.astype(self.dtype.numpy()), **targets})


def reference_loss(
    options: ObjectiveOptions, image: NDArray[np.floating], exemplar: NDArray[np.floating]
) -> tuple[float, list[float]]:
    """Return the loss and each layer's part of it, by the reference."""
    layers = options.layers.split(",")
    equal = options.layer_weights == "equal"
    return reference.loss(
        image,
        exemplar,
        WEIGHTS.kernels,
        WEIGHTS.biases,
        WEIGHTS.mean,
        layers,
        [1.0] * len(layers) if equal else [float(w) for w in options.layer_weights.split(",")],
        [terms_of(part) for part in options.loss.split(",")],
        options.gram_norm,
        options.pool,
        options.padding,
        SCALES if options.activation_scale else None,
    )


def terms_of(part: str) -> tuple[str, float]:
    name, _, weight = part.partition(":")
    return name, float(weight or 1)
