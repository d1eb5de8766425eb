"""From tensors with names, whoever chose the names, to convolutions in network order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import WeightsError
from texonnx.weights.formats.naming import NAMINGS, Naming, is_normalisation, position_and_role
from texonnx.weights.formats.stored import (
    PIXELS,
    StoredConvolution,
    StoredNetwork,
    as_float32,
    is_wanted,
)

if TYPE_CHECKING:
    from texonnx.weights.conventions import Convention
    from texonnx.weights.network import FloatArray

Tensors: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass
class _Position:
    """What is stored at one position of a network."""

    name: str
    kernel: FloatArray | None = None
    vectors: dict[str, FloatArray] = field(default_factory=dict)


def network_of(tensors: Tensors, *, in_order: bool) -> StoredNetwork:
    """Find the convolutions among `tensors`, each whole and stored once.

    Parameters
    ----------
    tensors
        Arrays by name. Kernels may be OIHW or HWIO; what is neither a 3x3 kernel nor a vector,
        such as a classifier's matrix, is left out.
    in_order
        Whether the tensors come in the network's order, which serves when no name is known.
    """
    useful = {name: array for name, array in tensors.items() if is_wanted(array.shape)}
    for naming in NAMINGS:
        positions = _positions(useful, naming)
        if any(position.kernel is not None for position in positions):
            # Oxford's networks have no batch normalisation; those that have were trained on
            # torchvision's convention, whatever names a conversion gave them.
            normalised = any("mean" in position.vectors for position in positions)
            convention: Convention = "torch" if normalised else naming.convention
            pixels = _pixels(positions)
            return StoredNetwork(_convolutions(positions), convention, pixels=pixels)
    if in_order:
        positions = _positions_in_order(useful)
        pixels = _pixels(positions)
        return StoredNetwork(_convolutions(positions), "caffe", pixels=pixels)
    raise WeightsError("it holds no 3x3 convolution with a name like conv1_1 or features.0")


def _pixels(positions: list[_Position]) -> StoredConvolution | None:
    """Take the 1x1 convolution out that prepares the pixels, if there is one in front."""
    first = positions[0]
    if first.kernel is None or first.kernel.shape != PIXELS:
        return None
    del positions[0]
    return StoredConvolution(first.kernel, first.vectors.get("bias", np.zeros(3, np.float32)))


def _positions(tensors: Tensors, naming: Naming) -> list[_Position]:
    found: dict[tuple[int, ...], _Position] = {}
    unplaced = []
    for name, array in tensors.items():
        place = position_and_role(name, naming)
        if place is None:
            unplaced.append(name)
            continue
        position = found.setdefault(place[0], _Position(name))
        values = as_float32(array, name)
        if values.ndim == 1:
            position.vectors[place[1]] = values
        elif position.kernel is None:
            position.kernel = _oihw(values)
        else:
            raise WeightsError(f"it holds two kernels for one layer: '{position.name}', '{name}'")
    norms = [name for name in unplaced if is_normalisation(name)]
    if found and naming.may_omit_norms and norms:
        raise WeightsError(f"its batch normalisation '{norms[0]}' belongs to no known convolution")
    return [found[place] for place in sorted(found)]


def _positions_in_order(tensors: Tensors) -> list[_Position]:
    """Pair each kernel with the vector of its output channels that comes next."""
    positions: list[_Position] = []
    channels: tuple[int, ...] = ()
    spare = None
    for name, array in tensors.items():
        if array.ndim == 4:
            if spare is not None:
                raise WeightsError(f"the meaning of its tensor '{spare}' cannot be told")
            kernel = _oihw(as_float32(array, name))
            channels = kernel.shape[:1]
            positions.append(_Position(name, kernel))
        elif array.shape == channels:
            if "bias" in positions[-1].vectors:
                spare = name
            else:
                positions[-1].vectors["bias"] = as_float32(array, name)
    if not positions:
        raise WeightsError("it holds no 3x3 convolution")
    return positions


def _oihw(kernel: FloatArray) -> FloatArray:
    in_order = kernel.shape == PIXELS or kernel.shape[2:] == (3, 3)
    ordered = kernel if in_order else kernel.transpose(3, 2, 0, 1)
    return np.ascontiguousarray(ordered)


def _convolutions(positions: list[_Position]) -> tuple[StoredConvolution, ...]:
    result: list[StoredConvolution] = []
    for position, after in zip(positions, (*positions[1:], None), strict=True):
        vectors = position.vectors
        normalised = "mean" in vectors or "variance" in vectors
        if position.kernel is not None:
            bias = vectors.get("bias")
            if bias is None:
                # Left out by some because the normalisation after it has its own.
                bias = np.zeros(position.kernel.shape[0], dtype=np.float32)
                norm_follows = after and after.kernel is None and "mean" in after.vectors
                if not (normalised or norm_follows):
                    raise WeightsError(f"its layer '{position.name}' has no bias")
            result.append(StoredConvolution(position.kernel, bias))
        elif normalised and "beta" not in vectors and "bias" in vectors:
            vectors["beta"] = vectors["bias"]  # PyTorch's name for it
        if normalised:
            if not result:
                raise WeightsError(f"its batch normalisation '{position.name}' comes first of all")
            result[-1] = _normalised(result[-1], position)
    return tuple(result)


def _normalised(convolution: StoredConvolution, position: _Position) -> StoredConvolution:
    vectors = position.vectors
    for role in ("gamma", "beta", "mean", "variance"):
        if role not in vectors:
            raise WeightsError(f"its batch normalisation '{position.name}' has no {role}")
    return convolution.normalised(
        vectors["gamma"], vectors["beta"], vectors["mean"], vectors["variance"]
    )
