"""An exemplar's patches put into a large image, a window of it at a time.

The graphs are those of :mod:`texonnx.objective.patch_graphs`; what is in memory beside image and
places is a window's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.losses import Arrays
from texonnx.objective.kinds import (
    COLOURS_AND_CONTRAST,
    PATCH_AGREEMENT,
    PATCH_DISTANCES,
    PATCH_IMAGE,
    PATCH_PLACES,
    PATCH_USAGE,
)
from texonnx.objective.patch_graphs import MARGIN
from texonnx.sizes import Size, size_of
from texonnx.subgraphs.patch_detail import PASSES

_SIDE = 384
"""Of a window, in pixels of the coarse image, without its margin."""
_Numbers = NDArray[np.int64]
RunGraph = Callable[..., Arrays]
"""Runs a graph, by its kind, on values by name."""


@dataclass(frozen=True)
class _Window:
    """A rectangle of the coarse image.

    Attributes
    ----------
    own
        Where what is taken of it goes.
    rows, columns
        Those that it reads, its margin among them.
    inner
        Where in it its own lie.
    """

    own: tuple[slice, slice]
    rows: _Numbers
    columns: _Numbers
    inner: tuple[slice, slice]

    def of(self, plane: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return the window of [..., h, w]."""
        return plane[..., self.rows[:, None], self.columns[None, :]]

    def places(
        self, row: NDArray[np.int32], column: NDArray[np.int32]
    ) -> dict[str, NDArray[np.int64]]:
        """Return the window of where patches come from, as graphs take it."""
        return {"row": _long(self.of(row)), "column": _long(self.of(column))}


def large_detail(
    run: RunGraph,
    coarse: Image,
    exemplar: Image,
    exemplar_before: Size,
    size: Size,
    *,
    wraps: bool,
    side: int = _SIDE,
) -> Image:
    """Return `coarse`, [1, 3, h, w], with the detail of the exemplar's patches, at `size`.

    Parameters
    ----------
    run
        Runs a graph.
    coarse, exemplar, exemplar_before, size
        As :meth:`texonnx.run.hosting.Host.finer_image` takes them.
    wraps
        Whether the image goes on at its other side.
    side
        Of a window, in pixels of `coarse`.
    """
    fixed = {"exemplar": exemplar, "coarser_exemplar_size": exemplar_before}
    windows = list(_windows(size_of(coarse), side, wraps))
    row, column = (np.empty(size_of(coarse), np.int32) for _ in range(2))
    for window in windows:
        found = run(PATCH_PLACES, image=window.of(coarse), **fixed)
        _put(found, window, row, column)
    for _ in range(PASSES):
        whole = {
            "usage": run(PATCH_USAGE, row=_long(row), column=_long(column), **fixed)["usage"],
            "distance": _mean_distance(run, windows, row, column, fixed),
        }
        next_row, next_column = row.copy(), column.copy()
        for window in windows:
            found = run(PATCH_AGREEMENT, **window.places(row, column), **whole, **fixed)
            _put(found, window, next_row, next_column)
        row, column = next_row, next_column
    detailed = np.empty((1, 3, *(2 * extent for extent in row.shape)), np.float32)
    for window in windows:
        shown = run(PATCH_IMAGE, **window.places(row, column), **fixed)["detailed"]
        detailed[_of_blocks(window.own)] = shown[_of_blocks(window.inner)]
    return run(
        COLOURS_AND_CONTRAST,
        detailed=detailed,
        coarse_size=size_of(coarse),
        output_size=size,
        **fixed,
    )["finer_image"]


def _mean_distance(
    run: RunGraph,
    windows: Sequence[_Window],
    row: NDArray[np.int32],
    column: NDArray[np.int32],
    fixed: Mapping[str, Any],
) -> NDArray[np.float32]:
    """Return the mean squared distance of the patches to what is shown, [1, 1, 1]."""
    total = 0.0
    for window in windows:
        found = run(PATCH_DISTANCES, **window.places(row, column), **fixed)["distances"]
        total += float(found[window.inner].sum(dtype=np.float64))
    return np.full((1, 1, 1), total / row.size, np.float32)


def _put(found: Arrays, window: _Window, row: NDArray[np.int32], column: NDArray[np.int32]) -> None:
    row[window.own] = found["next_row"][window.inner]
    column[window.own] = found["next_column"][window.inner]


def _of_blocks(slices: tuple[slice, slice]) -> tuple[slice, ...]:
    """Return where the pixels of blocks lie in [1, 3, 2h, 2w]."""
    pixels = (slice(2 * one.start, 2 * one.stop) for one in slices)
    return (slice(None), slice(None), *pixels)


def _long(plane: NDArray[np.generic]) -> _Numbers:
    return plane.astype(np.int64)


def _windows(size: Size, side: int, wraps: bool) -> Iterator[_Window]:
    rows, columns = ([*_cuts(extent, side, wraps)] for extent in size)
    for own_rows, all_rows, inner_rows in rows:
        for own_columns, all_columns, inner_columns in columns:
            yield _Window(
                (own_rows, own_columns), all_rows, all_columns, (inner_rows, inner_columns)
            )


def _cuts(extent: int, side: int, wraps: bool) -> Iterator[tuple[slice, _Numbers, slice]]:
    """Cut an axis; yield what is own, what is read, and where in that the own is."""
    for start in range(0, extent, side):
        end = min(start + side, extent)
        first = start - MARGIN if wraps else max(0, start - MARGIN)
        last = end + MARGIN if wraps else min(extent, end + MARGIN)
        yield (
            slice(start, end),
            np.arange(first, last) % extent,
            slice(start - first, end - first),
        )
