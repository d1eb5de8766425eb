"""Patches of an exemplar laid over each other, in a graph: their places, and their average.

Pixels are counted in blocks of two by two: a block of the exemplar is one pixel of the exemplar at
half the size, and a patch is `SIDE` by `SIDE` blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.subgraphs.noise import counting

RADIUS = 2
"""Of a patch around its centre, in blocks."""
SIDE = 2 * RADIUS + 1
_PIXELS = 4
"""In a block."""
_WINDOW = 0.4
"""The deviation of the window with which patches are averaged, in half their sides."""
_INT64 = ir.DataType.INT64


@dataclass(frozen=True)
class Blocks:
    """The pixels of an image by blocks.

    Attributes
    ----------
    numbers
        [height * width, 4 C], of C channels.
    height, width
        In blocks, int64 [1].
    """

    numbers: ir.Value
    height: ir.Value
    width: ir.Value

    @property
    def count(self) -> int:
        """How many numbers there are in a block."""
        count = dims(self.numbers)[1]
        assert count is not None
        return count

    def rows_of_patches(self, tape: Tape) -> ir.Value:
        """Write how many rows of patches there are, int64 [1]."""
        return tape.sub(self.height, tape.integers([SIDE - 1]))

    def columns_of_patches(self, tape: Tape) -> ir.Value:
        """Write how many columns of patches there are, int64 [1]."""
        return tape.sub(self.width, tape.integers([SIDE - 1]))


@dataclass(frozen=True)
class Places:
    """The first blocks of patches of an exemplar, by row and column, int64 of one shape.

    As an image's they are [h, w]: of the patches whose centres are its blocks.
    """

    row: ir.Value
    column: ir.Value

    def within(self, tape: Tape, blocks: Blocks) -> Places:
        """Write the nearest places at which there are whole patches."""
        return Places(
            clipped(tape, self.row, blocks.rows_of_patches(tape)),
            clipped(tape, self.column, blocks.columns_of_patches(tape)),
        )

    def moved(self, tape: Tape, down: int, right: int) -> Places:
        """Write the places so many blocks further down and to the right."""
        return Places(
            tape.add(self.row, tape.integers([down])), tape.add(self.column, tape.integers([right]))
        )

    def number(self, tape: Tape, width: ir.Value) -> ir.Value:
        """Write them as one number, where there are `width` in a row."""
        return tape.add(tape.mul(self.row, width), self.column)

    def cropped(self, tape: Tape, top: int, left: int, size: tuple[ir.Value, ir.Value]) -> Places:
        """Write a part of an image's; `size` is its height and width, int64 [1] each."""
        starts = [top, left]
        ends = [
            tape.add(extent, tape.integers([start]))
            for extent, start in zip(size, starts, strict=True)
        ]
        borders = [tape.integers(starts), tape.concat(ends, axis=0), tape.integers([0, 1])]
        return Places(
            *(
                tape.op("Slice", [one, *borders], (None, None), dtype=_INT64)
                for one in (self.row, self.column)
            )
        )


def blocks_of(tape: Tape, image: ir.Value) -> Blocks:
    """Write an image of even sides, [1, C, 2H, 2W], by blocks."""
    fours = _fours(tape, image)
    numbers = tape.transpose(tape.reshape(fours, [_numbers(image), -1]), [1, 0])
    return Blocks(numbers, tape.extent(fours, 2), tape.extent(fours, 3))


def _fours(tape: Tape, image: ir.Value) -> ir.Value:
    return tape.op("SpaceToDepth", [image], (1, _numbers(image), None, None), blocksize=2)


def _numbers(image: ir.Value) -> int:
    channels = dims(image)[1]
    assert channels is not None
    return _PIXELS * channels


def surrounded(tape: Tape, image: ir.Value, margin: int, wraps: bool) -> ir.Value:
    """Put pixels around an image of any size: of its other side, or mirrored at its edges."""
    for axis in (2, 3):
        extent = tape.extent(image, axis)
        places = _positions(tape, extent, margin)
        if wraps:
            places = modulo(tape, places, extent)
        else:
            twice = tape.add(extent, extent)
            there = modulo(tape, places, twice)
            back = tape.sub(tape.sub(twice, tape.integers([1])), there)
            places = tape.op("Min", [there, back], (None,), dtype=_INT64)
        shape = list(dims(image))
        shape[axis] = None
        image = tape.op("Gather", [image, places], tuple(shape), axis=axis)
    return image


def continued(tape: Tape, places: Places, blocks: Blocks, wraps: bool) -> Places:
    """Put the places of `RADIUS` blocks around an image's: of its other side, or going on."""
    row, column = places.row, places.column
    for axis in (0, 1):
        extent = tape.extent(row, axis)
        positions = _positions(tape, extent, RADIUS)
        inside = modulo(tape, positions, extent) if wraps else clipped(tape, positions, extent)
        row, column = (
            tape.op("Gather", [one, inside], (None, None), dtype=_INT64, axis=axis)
            for one in (row, column)
        )
        if wraps:
            continue
        beyond = tape.sub(positions, inside)
        if axis == 0:
            row = tape.add(row, tape.unsqueeze(beyond, [1]))
        else:
            column = tape.add(column, beyond)
    return Places(row, column).within(tape, blocks)


def laid(tape: Tape, places: Places, exemplar: Blocks, wraps: bool) -> ir.Value:
    """Write the average of the patches of the exemplar that overlap at each pixel.

    Those whose centres are near count most.

    Parameters
    ----------
    places
        Where the patch around each block of the image comes from, [h, w].

    Returns
    -------
    ir.Value
        The image by blocks, [h, w, 4 C].
    """
    size = tape.extent(places.row, 0), tape.extent(places.row, 1)
    around = continued(tape, places, exemplar, wraps)
    total: ir.Value | None = None
    weights = _window()
    for down in range(SIDE):
        for right in range(SIDE):
            # The patch that covers a block `down` rows below its first has its centre RADIUS -
            # down rows below that block.
            patch = around.cropped(tape, SIDE - 1 - down, SIDE - 1 - right, size)
            number = patch.moved(tape, down, right).number(tape, exemplar.width)
            shape = (None, None, exemplar.count)
            found = tape.op("Gather", [exemplar.numbers, number], shape, axis=0)
            of_pixels = weights[down, right].ravel()
            weighted = tape.mul(
                found, tape.constant(np.repeat(of_pixels, exemplar.count // _PIXELS))
            )
            total = weighted if total is None else tape.add(total, weighted)
    assert total is not None
    return total


def image_of(tape: Tape, blocks: ir.Value) -> ir.Value:
    """Write [h, w, 4 C] as an image, [1, C, 2h, 2w]."""
    planes = tape.unsqueeze(tape.transpose(blocks, [2, 0, 1]), [0])
    return tape.depth_to_space(planes, 2)


def _positions(tape: Tape, extent: ir.Value, margin: int) -> ir.Value:
    """Write the positions along an axis with a margin on both sides, from -margin on."""
    count = tape.add(extent, tape.integers([2 * margin]))
    return tape.sub(counting(tape, count), tape.integers([margin]))


def modulo(tape: Tape, a: ir.Value, b: ir.Value) -> ir.Value:
    """Write the rest of a / b, which is never negative."""
    return tape.op("Mod", [a, b], dims(a), dtype=_INT64)


def clipped(tape: Tape, positions: ir.Value, extent: ir.Value) -> ir.Value:
    """Write the nearest positions of 0, 1 ... `extent` - 1."""
    least = tape.op("Max", [positions, tape.integers([0])], dims(positions), dtype=_INT64)
    most = tape.sub(extent, tape.integers([1]))
    return tape.op("Min", [least, most], dims(positions), dtype=_INT64)


def _window() -> NDArray[np.float64]:
    """Return the weight of each pixel of a patch, [side, side, 2, 2], in all 1.

    In all, that is over the patches that cover a pixel.
    """
    offsets = 2 * np.arange(-RADIUS, RADIUS + 1)[:, np.newaxis] + np.array([-0.5, 0.5])
    bell = np.exp(-0.5 * np.square(offsets / (_WINDOW * SIDE)))
    bell /= bell.sum(axis=0)
    return np.asarray(np.einsum("ay,bx->abyx", bell, bell))
