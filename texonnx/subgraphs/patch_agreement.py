"""Patches that agree where they overlap, in a graph.

Patches that were looked up one by one are of many minds, and their average is soft. So each is
compared again, at full sharpness, with what lies there, and may be replaced by what a neighbour's
patch goes on with; what is used more often than its share has to be nearer to be taken. After
Kwatra, Essa, Bobick and Kwatra, "Texture Optimization for Example-based Synthesis", SIGGRAPH 2005;
candidates by Ashikhmin, "Synthesizing Natural Textures", 2001; the price of what is used often by
Kaspar, Neubert, Lischinski, Pauly and Kopf, "Self Tuning Texture Optimization", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.subgraphs.noise import counting
from texonnx.subgraphs.patch_layout import (
    RADIUS,
    SIDE,
    Blocks,
    Places,
    blocks_of,
    continued,
    surrounded,
)

_PRICE = 0.3
"""Of what is used as often as on average, in mean squared distances."""
_STEPS = (0, -RADIUS, RADIUS)
"""To the neighbours whose patches are gone on with, the patch's own place first: ties are its."""
_PATCH = SIDE**2
_INT64 = ir.DataType.INT64


@dataclass(frozen=True)
class Whole:
    """What is true of a whole image, of which a window is at hand.

    Attributes
    ----------
    usage
        What :func:`usage_of` writes.
    distance
        The mean of what :func:`own_distances` writes, [1, 1, 1].
    """

    usage: ir.Value
    distance: ir.Value


def agreeing(
    tape: Tape,
    places: Places,
    shown: ir.Value,
    exemplar: Blocks,
    wraps: bool,
    of_whole: Whole | None = None,
) -> Places:
    """Write better places for the patches of an image.

    Parameters
    ----------
    places
        Where the patch around each block of the image comes from, [h, w].
    shown
        What they are compared with, [1, C, 2h, 2w]: their average, or what they are to be.
    exemplar
        What they come from.
    wraps
        Whether the image goes on at its other side.
    of_whole
        What is true of the image that this is a window of; its own if not given.
    """
    candidates = _candidates(tape, places, exemplar, wraps)
    image = blocks_of(tape, surrounded(tape, shown, 2 * RADIUS, wraps))
    distances = _distances(tape, candidates, image, exemplar)
    if of_whole is None:
        mean = tape.reduce_mean(tape.slice(distances, 1, 0, 1), [0, 1, 2], keepdims=True)
        of_whole = Whole(usage_of(tape, places, exemplar), mean)
    numbers = candidates.number(tape, exemplar.columns_of_patches(tape))
    often = tape.op("Gather", [of_whole.usage, numbers], dims(numbers), axis=0)
    costs = tape.add(distances, tape.mul(tape.scale(of_whole.distance, _PRICE), often))
    best = tape.op("ArgMin", [costs], (None, 1, None), dtype=_INT64, axis=1, keepdims=1)
    return Places(*(_chosen(tape, one, best) for one in (candidates.row, candidates.column)))


def own_distances(
    tape: Tape, places: Places, shown: ir.Value, exemplar: Blocks, wraps: bool
) -> ir.Value:
    """Write the squared distance of each patch to what is shown there, [h, w]."""
    image = blocks_of(tape, surrounded(tape, shown, 2 * RADIUS, wraps))
    alone = Places(tape.unsqueeze(places.row, [1]), tape.unsqueeze(places.column, [1]))
    distances = _distances(tape, alone, image, exemplar)
    return tape.op("Squeeze", [distances, tape.integers([1])], (None, None))


def _candidates(tape: Tape, places: Places, exemplar: Blocks, wraps: bool) -> Places:
    """Write the places to choose from, [h, candidates, w]: the own, and as neighbours go on."""
    size = tape.extent(places.row, 0), tape.extent(places.row, 1)
    around = continued(tape, places, exemplar, wraps)
    found = [
        around.cropped(tape, RADIUS + down, RADIUS + right, size).moved(tape, -down, -right)
        for down in _STEPS
        for right in _STEPS
    ]
    row, column = (
        tape.concat([tape.unsqueeze(one, [1]) for one in each], axis=1)
        for each in ([place.row for place in found], [place.column for place in found])
    )
    return Places(row, column).within(tape, exemplar)


def _distances(tape: Tape, candidates: Places, image: Blocks, exemplar: Blocks) -> ir.Value:
    """Write the squared distance of each candidate to what the image shows, [h, candidates, w].

    Row by row, so that little of it is in memory.
    """
    numbers = candidates.number(tape, exemplar.width)
    within_exemplar, within_image = (_within_a_patch(tape, one) for one in (exemplar, image))
    columns = tape.sub(image.width, tape.integers([SIDE - 1]))
    across = tape.unsqueeze(counting(tape, columns), [1])
    patches_of_a_row = tape.add(across, within_image)

    def compare(
        inner: Tape, states: Sequence[ir.Value], candidates_of_row: ir.Value
    ) -> tuple[Sequence[ir.Value], ir.Value]:
        (first,) = states
        there = inner.add(patches_of_a_row, first)
        wanted = inner.op("Gather", [image.numbers, there], (None, _PATCH, image.count), axis=0)
        offered = inner.add(inner.unsqueeze(candidates_of_row, [2]), within_exemplar)
        shape = (None, None, _PATCH, exemplar.count)
        found = inner.op("Gather", [exemplar.numbers, offered], shape, axis=0)
        distance = inner.reduce_sum(inner.square(inner.sub(found, wanted)), [2, 3])
        return [inner.add(first, image.width)], distance

    _, distances = tape.scan([tape.integers([0])], numbers, compare)
    return distances


def _within_a_patch(tape: Tape, blocks: Blocks) -> ir.Value:
    """Write how much further than the first the blocks of a patch are, int64 [25]."""
    down = tape.integers([k // SIDE for k in range(_PATCH)])
    right = tape.integers([k % SIDE for k in range(_PATCH)])
    return tape.add(tape.mul(down, blocks.width), right)


def usage_of(tape: Tape, places: Places, exemplar: Blocks) -> ir.Value:
    """Write how often the patches around each of the exemplar are used, over how often all are.

    A vector, over the rows of patches one after the other.
    """
    rows, columns = exemplar.rows_of_patches(tape), exemplar.columns_of_patches(tape)
    used = tape.reshape(places.number(tape, columns), [-1])
    count = tape.mul(rows, columns)
    none = tape.op("ConstantOfShape", [count], (None,))
    one_each = tape.add(tape.cast(tape.sub(used, used)), tape.constant(1.0))
    times = tape.op("ScatterElements", [none, used, one_each], (None,), axis=0, reduction="add")
    one = tape.integers([1])
    shape = tape.concat([one, one, rows, columns], axis=0)
    plane = tape.op("Reshape", [times, shape], (1, 1, None, None))
    nearby = tape.op(
        "AveragePool",
        [plane],
        (1, 1, None, None),
        kernel_shape=[SIDE, SIDE],
        pads=[RADIUS] * 4,
        count_include_pad=0,
    )
    on_average = tape.div(tape.cast(tape.extent(used, 0)), tape.cast(count))
    return tape.div(tape.reshape(nearby, [-1]), on_average)


def _chosen(tape: Tape, of_candidates: ir.Value, best: ir.Value) -> ir.Value:
    found = tape.op("GatherElements", [of_candidates, best], (None, 1, None), dtype=_INT64, axis=1)
    return tape.op("Squeeze", [found, tape.integers([1])], (None, None), dtype=_INT64)
