"""Shapes as the tape knows them: an extent is a number, or ``None`` until run time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from texonnx.errors import GraphError

END = int(np.iinfo(np.int64).max)
"""The end of a slice that runs to the last element."""

Dims = tuple[int | None, ...]


def dims(value: ir.Value) -> Dims:
    """Return the shape of `value`; ``None`` stands for a dimension known only at run time."""
    if value.shape is None:
        raise GraphError(f"the shape of {value.name} is not known to the tape")
    return tuple(n if isinstance(n, int) else None for n in value.shape)


def static_dims(value: ir.Value) -> tuple[int, ...]:
    """Return the shape of `value`, every dimension of which must be known."""
    shape = dims(value)
    if None in shape:
        raise GraphError(f"the shape of {value.name} must be known, not {shape}")
    return tuple(n for n in shape if n is not None)


def broadcast_dims(a: Dims, b: Dims) -> Dims:
    """Return the shape to which `a` and `b` broadcast; two unknown extents count as equal."""
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    return tuple(_broadcast_extent(m, n) for m, n in pairs)


def _broadcast_extent(m: int | None, n: int | None) -> int | None:
    if m == 1:
        return n
    if n == 1 or m == n or n is None:
        return m
    if m is None:
        return n
    raise GraphError(f"extents {m} and {n} do not broadcast")


def reduced_dims(shape: Dims, axes: Sequence[int], keepdims: bool) -> Dims:
    """Return `shape` after a reduction over `axes`."""
    if keepdims:
        return tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    return tuple(n for axis, n in enumerate(shape) if axis not in axes)


def sliced_extent(extent: int | None, start: int, end: int, step: int) -> int | None:
    """Return how long ``x[start:end:step]`` is for an x of the given extent."""
    if extent is not None:
        return len(range(*slice(start, end, step).indices(extent)))
    if step == 1 and end != END and (start < 0) == (end < 0):
        return end - start
    if step == 1 and end == END and start < 0:
        return -start
    return None
