"""Detail for an image from the patches of an exemplar, in a graph.

For each pixel of a coarse image, the 5x5 patch around it is looked up among those of the exemplar
at the same coarseness; in its place goes the exemplar's patch of twice the size, and where patches
overlap they are averaged, those whose centres are near counting most; then they come to agree. So
resolution was raised by Freeman, Jones and Pasztor, "Example-Based Super-Resolution", 2002.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from texonnx.graph.dims import END, dims
from texonnx.graph.tape import Tape
from texonnx.subgraphs.patch_agreement import agreeing
from texonnx.subgraphs.patch_layout import (
    RADIUS,
    SIDE,
    Places,
    blocks_of,
    clipped,
    image_of,
    laid,
    modulo,
    surrounded,
)

_MOST_SEARCHED = 16384
"""Of the exemplar's patches; of more, every second or third each way, and then their neighbours."""
PASSES = 2
"""In which patches come to agree; more make larger pieces of the exemplar."""
_NEIGHBOURHOODS = (8, 4, 2, 1)
_INT64 = ir.DataType.INT64
_NEIGHBOURS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


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
    coarse_exemplar, exemplar = large_enough(tape, coarse_exemplar, exemplar)
    places = places_of(tape, coarse, coarse_exemplar, wraps)
    sharp = blocks_of(tape, exemplar)
    shown = image_of(tape, laid(tape, places, sharp, wraps))
    for _ in range(PASSES):
        places = agreeing(tape, places, shown, sharp, wraps)
        shown = image_of(tape, laid(tape, places, sharp, wraps))
    return shown


def places_of(tape: Tape, coarse: ir.Value, coarse_exemplar: ir.Value, wraps: bool) -> Places:
    """Write which patch of the exemplar, as coarse, is nearest to that around each pixel."""
    dictionary = patches(tape, coarse_exemplar)
    return nearest(tape, patches(tape, surrounded(tape, coarse, RADIUS, wraps)), dictionary)


def large_enough(
    tape: Tape, coarse_exemplar: ir.Value, exemplar: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """Repeat the last row and column of an exemplar that is smaller than a patch."""
    zero = tape.integers([0])
    missing = [
        tape.op(
            "Max",
            [tape.sub(tape.integers([SIDE]), tape.extent(coarse_exemplar, axis)), zero],
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


def patches(tape: Tape, image: ir.Value) -> ir.Value:
    """Write all patches of an image, [rows, columns, values]."""
    values = 3 * SIDE**2
    zeros = tape.op("ConstantOfShape", [tape.integers([values, values])], (values, values))
    one_each = tape.reshape(tape.unary("EyeLike", zeros), [values, 3, SIDE, SIDE])
    unfolded = tape.conv(image, one_each)
    first = tape.op("Squeeze", [unfolded, tape.integers([0])], (values, None, None))
    return tape.transpose(first, [1, 2, 0])


def nearest(tape: Tape, queries: ir.Value, dictionary: ir.Value) -> Places:
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
    column = tape.mul(modulo(tape, number, columns), stride)
    return _refined(tape, queries, dictionary, Places(row, column), stride)


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
    tape: Tape, queries: ir.Value, dictionary: ir.Value, places: Places, stride: ir.Value
) -> Places:
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
        centre = Places(row, column)
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
    return Places(row, column)


def _moved(tape: Tape, place: ir.Value, reach: ir.Value, by: int, extent: ir.Value) -> ir.Value:
    """Write a row or column further by `by` reaches, within the dictionary."""
    return clipped(tape, tape.add(place, tape.mul(reach, tape.integers([by]))), extent)
