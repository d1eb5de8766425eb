"""Detail for an image from the patches of an exemplar, in a graph.

For each pixel of a coarse image, the 5x5 patch around it is looked up among those of the exemplar
at the same coarseness; in its place goes the exemplar's patch of twice the size, and where patches
overlap they are averaged, those whose centres are near counting most. So texture is quilted by
Kwatra, Essa, Bobick and Kwatra, "Texture Optimization for Example-based Synthesis", SIGGRAPH 2005,
and resolution raised by Freeman, Jones and Pasztor, "Example-Based Super-Resolution", 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.graph.dims import END, dims
from texonnx.graph.tape import Tape
from texonnx.subgraphs.noise import counting

RADIUS = 2
"""Of a patch around its centre, in coarse pixels."""
_SIDE = 2 * RADIUS + 1
_WINDOW = 0.4
"""The deviation of the window with which patches are averaged, in half their sides."""
_MOST_SEARCHED = 16384
"""Of the exemplar's patches; of more, every second or third each way, and then their neighbours."""
_NEIGHBOURHOODS = (8, 4, 2, 1)
_INT64 = ir.DataType.INT64
_NEIGHBOURS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


@dataclass(frozen=True)
class _Places:
    """Corners of patches in the coarse exemplar, row and column, int64 of one shape."""

    row: ir.Value
    column: ir.Value


def patch_detail(
    tape: Tape, coarse: ir.Value, coarse_exemplar: ir.Value, exemplar: ir.Value, *, wraps: bool
) -> ir.Value:
    """Write `coarse`, [1, 3, h, w], at twice its size, [1, 3, 2h, 2w], made of the exemplar.

    Parameters
    ----------
    coarse
        The image that gets detail.
    coarse_exemplar
        The exemplar as coarse, [1, 3, H, W].
    exemplar
        The exemplar at twice that size, [1, 3, 2H, 2W].
    wraps
        Whether the image goes on at its other side; else it is mirrored at its edges.
    """
    coarse_exemplar, exemplar = _large_enough(tape, coarse_exemplar, exemplar)
    dictionary = _patches(tape, coarse_exemplar)
    queries = _patches(tape, _surrounded(tape, coarse, wraps))
    places = _nearest(tape, queries, dictionary)
    return _laid(tape, places, exemplar, coarse_exemplar, coarse)


def _large_enough(
    tape: Tape, coarse_exemplar: ir.Value, exemplar: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """Repeat the last row and column of an exemplar that is smaller than a patch."""
    zero = tape.integers([0])
    missing = [
        tape.op(
            "Max",
            [tape.sub(tape.integers([_SIDE]), tape.extent(coarse_exemplar, axis)), zero],
            (1,),
            dtype=_INT64,
        )
        for axis in (2, 3)
    ]
    padded = []
    for image, times in ((coarse_exemplar, 1), (exemplar, 2)):
        beyond = [tape.mul(one, tape.integers([times])) for one in missing]
        pads = tape.concat([tape.integers([0] * 6), *beyond], axis=0)
        padded.append(tape.op("Pad", [image, pads], (1, 3, None, None), mode="edge"))
    return padded[0], padded[1]


def _surrounded(tape: Tape, image: ir.Value, wraps: bool) -> ir.Value:
    """Put two radii of pixels around an image of any size."""
    margin = 2 * RADIUS
    for axis in (2, 3):
        extent = tape.extent(image, axis)
        count = tape.add(extent, tape.integers([2 * margin]))
        places = tape.sub(counting(tape, count), tape.integers([margin]))
        if wraps:
            places = _modulo(tape, places, extent)
        else:
            twice = tape.add(extent, extent)
            there = _modulo(tape, places, twice)
            back = tape.sub(tape.sub(twice, tape.integers([1])), there)
            places = tape.op("Min", [there, back], (None,), dtype=_INT64)
        shape = list(dims(image))
        shape[axis] = None
        image = tape.op("Gather", [image, places], tuple(shape), axis=axis)
    return image


def _modulo(tape: Tape, a: ir.Value, b: ir.Value) -> ir.Value:
    """Write the rest of a / b, which is never negative."""
    return tape.op("Mod", [a, b], dims(a), dtype=_INT64)


def _patches(tape: Tape, image: ir.Value) -> ir.Value:
    """Write all patches of an image, [rows, columns, values]."""
    values = 3 * _SIDE**2
    zeros = tape.op("ConstantOfShape", [tape.integers([values, values])], (values, values))
    one_each = tape.reshape(tape.unary("EyeLike", zeros), [values, 3, _SIDE, _SIDE])
    unfolded = tape.conv(image, one_each)
    first = tape.op("Squeeze", [unfolded, tape.integers([0])], (values, None, None))
    return tape.transpose(first, [1, 2, 0])


def _nearest(tape: Tape, queries: ir.Value, dictionary: ir.Value) -> _Places:
    """Write where in the dictionary the nearest patch of each query is, [rows, columns]."""
    stride = _stride(tape, dictionary)
    both = tape.concat([stride, stride], axis=0)
    borders = [tape.integers([0, 0]), tape.integers([END, END]), tape.integers([0, 1])]
    some = tape.op("Slice", [dictionary, *borders, both], (None, None, dims(dictionary)[2]))
    columns = tape.extent(some, 1)
    rows_of_patches = _as_rows(tape, some)
    lengths = tape.unsqueeze(_half_square(tape, rows_of_patches), [0])
    across = tape.transpose(rows_of_patches, [1, 0])

    def search(
        inner: Tape, states: Sequence[ir.Value], row: ir.Value
    ) -> tuple[Sequence[ir.Value], ir.Value]:
        likeness = inner.sub(inner.matmul(row, across), lengths)
        found = inner.op("ArgMax", [likeness], (None,), dtype=_INT64, axis=1, keepdims=0)
        return states, found

    _, number = tape.scan([], queries, search)
    row = tape.mul(tape.op("Div", [number, columns], dims(number), dtype=_INT64), stride)
    column = tape.mul(_modulo(tape, number, columns), stride)
    return _refined(tape, queries, dictionary, _Places(row, column), stride)


def _stride(tape: Tape, dictionary: ir.Value) -> ir.Value:
    """Write how many rows and columns further the next patch is that is searched, int64 [1]."""
    count = tape.cast(tape.mul(tape.extent(dictionary, 0), tape.extent(dictionary, 1)))
    stride = tape.unary("Ceil", tape.unary("Sqrt", tape.scale(count, 1 / _MOST_SEARCHED)))
    return tape.cast(stride, _INT64)


def _as_rows(tape: Tape, patches: ir.Value) -> ir.Value:
    values = dims(patches)[2]
    assert values is not None
    return tape.reshape(patches, [-1, values])


def _half_square(tape: Tape, patches: ir.Value) -> ir.Value:
    """Write half the squared length of each patch, along the last axis.

    What is nearest to x is the y of the greatest x y - y²/2.
    """
    return tape.scale(tape.reduce_sum(tape.square(patches), [len(dims(patches)) - 1]), 0.5)


def _refined(
    tape: Tape, queries: ir.Value, dictionary: ir.Value, places: _Places, stride: ir.Value
) -> _Places:
    """Look at the neighbours of what was found, nearer and nearer, if not all were searched."""
    reaches = tape.integers(_NEIGHBOURHOODS)
    below = tape.compare("Less", reaches, stride)
    # One at least: a graph cannot go through nothing.
    last = tape.compare("Equal", reaches, tape.integers(_NEIGHBOURHOODS[-1:]))
    either = tape.op("Or", [below, last], dims(below), dtype=ir.DataType.BOOL)
    reaches = tape.op("Compress", [reaches, either], (None,), dtype=_INT64, axis=0)
    everything = _as_rows(tape, dictionary)
    height, width = (tape.extent(dictionary, axis) for axis in (0, 1))

    def likeness(inner: Tape, row: ir.Value, column: ir.Value) -> ir.Value:
        number = inner.add(inner.mul(row, width), column)
        shape = (*dims(row), dims(queries)[2])
        patch = inner.op("Gather", [everything, number], shape, axis=0)
        product = inner.reduce_sum(inner.mul(queries, patch), [2])
        return inner.sub(product, _half_square(inner, patch))

    def step(
        inner: Tape, states: Sequence[ir.Value], reach: ir.Value
    ) -> tuple[Sequence[ir.Value], ir.Value]:
        row, column = states
        best = likeness(inner, row, column)
        centre = _Places(row, column)
        for down, right in _NEIGHBOURS:
            moved = [
                _moved(inner, place, reach, by, extent)
                for place, by, extent in (
                    (centre.row, down, height),
                    (centre.column, right, width),
                )
            ]
            found = likeness(inner, *moved)
            better = inner.compare("Greater", found, best)
            row, column = (
                inner.op("Where", [better, new, old], dims(old), dtype=_INT64)
                for new, old in zip(moved, (row, column), strict=True)
            )
            best = inner.where(better, found, best)
        return [row, column], reach

    (row, column), _ = tape.scan([places.row, places.column], reaches, step)
    return _Places(row, column)


def _moved(tape: Tape, place: ir.Value, reach: ir.Value, by: int, extent: ir.Value) -> ir.Value:
    """Write a row or column further by `by` reaches, within the dictionary."""
    moved = tape.add(place, tape.mul(reach, tape.integers([by])))
    least = tape.op("Max", [moved, tape.integers([0])], dims(place), dtype=_INT64)
    most = tape.sub(extent, tape.integers([1]))
    return tape.op("Min", [least, most], dims(place), dtype=_INT64)


def _laid(
    tape: Tape,
    places: _Places,
    exemplar: ir.Value,
    coarse_exemplar: ir.Value,
    coarse: ir.Value,
) -> ir.Value:
    """Write the average of the exemplar's patches that overlap at each pixel."""
    width = tape.extent(coarse_exemplar, 3)
    # The pixels of the exemplar four by four, so that each row of them is one of the coarse one.
    fours = tape.op("SpaceToDepth", [exemplar], (1, 12, None, None), blocksize=2)
    fours = tape.transpose(tape.reshape(fours, [12, -1]), [1, 0])
    number = tape.add(tape.mul(places.row, width), places.column)
    extents = [tape.extent(coarse, axis) for axis in (2, 3)]
    total: ir.Value | None = None
    weights = _window()
    for down in range(_SIDE):
        for right in range(_SIDE):
            # The patch that covers a pixel `down` rows below its corner has its centre as many
            # rows above the pixel, and its place as many above in the surrounded image.
            starts = [2 * RADIUS - down, 2 * RADIUS - right]
            ends = tape.concat(
                [
                    tape.add(extent, tape.integers([start]))
                    for extent, start in zip(extents, starts, strict=True)
                ],
                axis=0,
            )
            borders = [tape.integers(starts), ends, tape.integers([0, 1])]
            corner = tape.op("Slice", [number, *borders], (None, None), dtype=_INT64)
            shift = tape.add(tape.mul(width, tape.integers([down])), tape.integers([right]))
            found = tape.op("Gather", [fours, tape.add(corner, shift)], (None, None, 12), axis=0)
            weighted = tape.mul(found, tape.constant(np.repeat(weights[down, right].ravel(), 3)))
            total = weighted if total is None else tape.add(total, weighted)
    assert total is not None
    image = tape.unsqueeze(tape.transpose(total, [2, 0, 1]), [0])
    return tape.depth_to_space(image, 2)


def _window() -> NDArray[np.float64]:
    """Return the weight of each pixel of a patch of twice the size, [side, side, 2, 2], in all 1.

    In all, that is over the patches that cover a pixel.
    """
    offsets = 2 * np.arange(-RADIUS, RADIUS + 1)[:, np.newaxis] + np.array([-0.5, 0.5])
    bell = np.exp(-0.5 * np.square(offsets / (_WINDOW * _SIDE)))
    bell /= bell.sum(axis=0)
    return np.asarray(np.einsum("ay,bx->abyx", bell, bell))
