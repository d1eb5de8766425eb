"""Whole objectives over the small network, by the graphs and by the reference."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from support import reference
from support.evaluation import Array, Reference, Runtime
from support.small_network import SCALES, parameters_of, small_weights
from texonnx.losses import TextureLoss, find_loss, loss_names
from texonnx.objective.forward import objective_model
from texonnx.objective.specification import specify
from texonnx.objective.targets import content_targets_model, targets_model
from texonnx.options import ObjectiveOptions

WEIGHTS = small_weights()


def is_adversarial(name: str) -> bool:
    loss = find_loss(name)
    return isinstance(loss, TextureLoss) and loss.adversarial


STATISTICS = [name for name in loss_names() if not is_adversarial(name)]
"""The losses that hold a statistic against the exemplar's, and are 0 where both are the same."""


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
        self.parameters = parameters_of(WEIGHTS, self.specification.trunk_layers, units)

    @property
    def _evaluator(self) -> type[Reference | Runtime]:
        return Runtime if self.dtype == ir.DataType.FLOAT else Reference

    @cached_property
    def _targets(self) -> Reference | Runtime:
        return self._evaluator(targets_model(self.specification, self.parameters, self.dtype))

    @cached_property
    def _content_targets(self) -> Reference | Runtime:
        model = content_targets_model(self.specification, self.parameters, self.dtype)
        return self._evaluator(model)

    @cached_property
    def _model(self) -> ir.Model:
        return objective_model(self.specification, self.parameters, self.size, self.dtype)

    @cached_property
    def _objective(self) -> Reference | Runtime:
        return self._evaluator(self._model)

    @cached_property
    def draws(self) -> dict[str, Array]:
        """Random directions and discriminators, by the names of the graphs' inputs."""
        return draws_for(self._model, self.dtype)

    def targets(self, exemplar: NDArray[np.floating], size: tuple[int, int]) -> dict[str, Array]:
        """Return the target statistics of `exemplar` for an output of `size`."""
        image = exemplar.astype(self.dtype.numpy())
        output_size = np.array(size, np.int64)
        return self._targets({"exemplar": image, "output_size": output_size, **self.draws})

    def inputs(
        self,
        exemplar: NDArray[np.floating] | None,
        size: tuple[int, int],
        content: NDArray[np.floating] | None = None,
    ) -> dict[str, Array]:
        """Return all that the graphs take beside an image of `size`."""
        found = dict(self.draws)
        if exemplar is not None:
            found |= self.targets(exemplar, size)
        if content is not None:
            found |= self._content_targets({"content": content.astype(self.dtype.numpy())})
        return found

    def __call__(
        self,
        image: NDArray[np.floating],
        exemplar: NDArray[np.floating] | None,
        content: NDArray[np.floating] | None = None,
    ) -> dict[str, Array]:
        """Return loss, layer_losses and gradient."""
        inputs = self.inputs(exemplar, image.shape[2:], content)
        return self._objective({"image": image.astype(self.dtype.numpy()), **inputs})


def draws_for(model: ir.Model, dtype: ir.DataType = ir.DataType.FLOAT) -> dict[str, Array]:
    """Return unit vectors for a graph's directions, and numbers of both signs for discriminators.

    The numbers are float32's, in either type.
    """
    rng = np.random.default_rng(7)
    found = {}
    for value in sorted(model.graph.inputs, key=lambda value: str(value.name)):
        name = str(value.name)
        if not name.startswith(("directions.", "weight", "bias")):
            continue
        assert value.shape is not None
        numbers = rng.standard_normal(value.shape.numpy())
        if name.startswith("directions."):
            numbers /= np.linalg.norm(numbers, axis=1, keepdims=True)
        elif name.startswith("weight"):
            numbers /= np.sqrt(numbers.shape[1])
        found[name] = numbers.astype(np.float32).astype(dtype.numpy())
    return found


def directions_of(draws: Mapping[str, Array]) -> dict[str, Array]:
    """Return the directions of each layer."""
    return {
        name.split(".")[-1]: value.astype(np.float64)
        for name, value in draws.items()
        if name.startswith("directions.swd.")
    }


def stacks_of(draws: Mapping[str, Array]) -> dict[str, list[tuple[Array, Array]]]:
    """Return the discriminator of each layer, as the reference takes them."""
    stacks: dict[str, list[tuple[Array, Array]]] = {}
    layers = [name.split(".")[-1] for name in draws if name.startswith("weight0.gan.")]
    for layer in layers:
        count = sum(name.startswith("weight") and name.endswith(f".{layer}") for name in draws)
        stacks[layer] = [
            (
                draws[f"weight{k}.gan.{layer}"].astype(np.float64),
                draws[f"bias{k}.gan.{layer}"].astype(np.float64)[:, 0],
            )
            for k in range(count)
        ]
    return stacks


def of_rounding_ranks(loss: str) -> float:
    """Return by how much rounding may move a gradient, relative to its length.

    Where two values of a layer are nearly alike, it says which is the greater, and so which of two
    targets each is held against; how many are depends on the processor's convolutions.
    """
    return 5e-3 if loss in ("emd", "swd") else 0.0


def reference_features(
    options: ObjectiveOptions, image: NDArray[np.floating], layers: list[str]
) -> dict[str, Array]:
    """Return feature maps in float64, [N, H, W]."""
    return reference.features(
        image,
        WEIGHTS.kernels,
        WEIGHTS.biases,
        WEIGHTS.mean,
        layers,
        pool=options.pool,
        padding=specify(options).trunk.padding,
        activation_scale=SCALES if options.activation_scale else None,
    )


def reference_loss(
    options: ObjectiveOptions,
    image: NDArray[np.floating],
    exemplar: NDArray[np.floating] | None,
    draws: Mapping[str, Array] | None = None,
    content: NDArray[np.floating] | None = None,
) -> tuple[float, list[float]]:
    """Return the loss and its parts, by the reference: texture by layers, content, smoothness."""
    layers = options.layers.split(",")
    equal = options.layer_weights == "equal"
    terms = dict(terms_of(part) for part in options.loss.replace("+", ",").split(","))
    smoothness = options.tv or terms.pop("tv", 0.0)
    parts: list[float] = []
    if exemplar is not None:
        _, parts = reference.loss(
            image,
            exemplar,
            WEIGHTS.kernels,
            WEIGHTS.biases,
            WEIGHTS.mean,
            layers,
            [1.0] * len(layers) if equal else [float(w) for w in options.layer_weights.split(",")],
            [(name, weight * options.style_weight) for name, weight in terms.items()],
            options.gram_norm,
            options.pool,
            specify(options).trunk.padding,
            SCALES if options.activation_scale else None,
            directions_of(draws or {}),
            stacks_of(draws or {}),
        )
    if content is not None:
        kept = options.content_layers.split(",")
        F, P = (reference_features(options, each, kept) for each in (image, content))
        parts += [
            options.content_weight * reference.content_distance(F[name], P[name]) for name in kept
        ]
    if smoothness:
        parts.append(smoothness * reference.total_variation(image))
    return sum(parts), parts


def terms_of(part: str) -> tuple[str, float]:
    name, _, weight = part.partition(":")
    return name, float(weight or 1)
