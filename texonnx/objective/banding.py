"""Which blocks of the network are walked a part at a time, and where the parts lie.

Two ways: the first blocks one after the other, each in bands of rows, with what is pooled between
them in memory whole; or, for the largest images, all of them, several at once, in windows, which
read as far beyond their own pixels as those blocks see: so that little of the network is whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import Edges, layers_needed
from texonnx.vgg import ConvLayer

_BYTES = 4
_LEAST_ROWS = 16
"""More than any block's convolutions see beyond a band."""

_MEBIBYTE = 2**20
_SMALL_ENOUGH = 512 * 512
"""Up to so many pixels a run takes about a gigabyte at most, and ``auto`` spares the time."""
_TOO_LARGE_FOR_BANDS = 2048 * 2048
"""From more pixels on the maps between the blocks take gigabytes: windows, which take more time."""
_AT_ONCE = ((1, 2), (3, 4, 5))
"""Blocks that are walked together in windows. The maps between these two are small, as maps go."""
_MORE_FOR_EQUAL = 1.5
"""How many times as many windows there may be, so that one kind of graphs does for all."""


@dataclass(frozen=True)
class Banding:
    """Which blocks are walked in bands or windows.

    Attributes
    ----------
    largest_map
        A block is if one of its feature maps would be larger than this, in bytes.
    largest_band
        How large a band's share of such a map may be, in bytes.
    largest_window
        How large all maps of a window may be together, in bytes; 0 where there are none.
    multiple
        The number of rows of parts is to be a multiple of this, for so many who share them.
    """

    largest_map: int
    largest_band: int
    largest_window: int = 0
    multiple: int = 1


_OF_LARGE_IMAGES = Banding(largest_map=32 * _MEBIBYTE, largest_band=4 * _MEBIBYTE)
_OF_SMALL_IMAGES = Banding(largest_map=16 * _MEBIBYTE, largest_band=4 * _MEBIBYTE)
_OF_THE_LARGEST = Banding(
    largest_map=32 * _MEBIBYTE, largest_band=4 * _MEBIBYTE, largest_window=448 * _MEBIBYTE
)


def banding_of(memory: str, size: Size) -> Banding | None:
    """Return how an image of `size` is walked a part at a time; ``None`` for whole.

    Parameters
    ----------
    memory
        ``auto``: in parts from more than 512x512 pixels on; ``low``: at any size that has maps
        large enough; ``high``: whole.
    size
        Height and width in pixels.
    """
    height, width = size
    small = height * width <= _SMALL_ENOUGH
    if memory == "high" or (memory == "auto" and small):
        return None
    if height * width > _TOO_LARGE_FOR_BANDS:
        return _OF_THE_LARGEST
    return _OF_SMALL_IMAGES if small else _OF_LARGE_IMAGES


@dataclass(frozen=True)
class Stretch:
    """Some of a map's rows, or of its columns, and those that they are computed from.

    Attributes
    ----------
    start, end
        The first of its own, and the one behind the last.
    first, last
        The first that is read and the one behind the last; beyond the map's ends they stand for
        those of its other side.
    """

    start: int
    end: int
    first: int
    last: int

    @property
    def extent(self) -> int:
        """How many are its own."""
        return self.end - self.start

    @property
    def edges(self) -> tuple[bool, bool]:
        """Whether it starts, and whether it ends, where the map does."""
        return self.first == self.start, self.last == self.end


@dataclass(frozen=True)
class WindowKind:
    """What a window's graphs are for.

    Attributes
    ----------
    edges
        Which of its ends are the image's.
    rows, columns
        How many of the block's maps are its own.
    """

    edges: Edges
    rows: int
    columns: int


@dataclass(frozen=True)
class Window:
    """A rectangle of a block's maps, and the one of its input that it is computed from."""

    rows: Stretch
    columns: Stretch

    @property
    def kind(self) -> WindowKind:
        """What its graphs are for."""
        edges = Edges(*self.rows.edges, *self.columns.edges)
        return WindowKind(edges, self.rows.extent, self.columns.extent)


@dataclass(frozen=True)
class BlockPlan:
    """How one block is walked, or several at once.

    Attributes
    ----------
    convolutions
        Its layers.
    shape
        Of its input, [1, channels, H, W].
    pooled
        Whether deeper blocks follow.
    windows
        Top to bottom, in each row of them left to right.
    """

    convolutions: tuple[ConvLayer, ...]
    shape: tuple[int, ...]
    pooled: bool
    windows: tuple[Window, ...]

    def input_shape(self, kind: WindowKind) -> tuple[int, ...]:
        """Return the shape of what a window reads, [1, channels, rows, columns]."""
        batch, channels, *_ = self.shape
        edges, beyond = kind.edges, reach(self.convolutions)
        rows = kind.rows + beyond * ((not edges.top) + (not edges.bottom))
        columns = kind.columns + beyond * ((not edges.left) + (not edges.right))
        return batch, channels, rows, columns

    def halvings(self, layer: ConvLayer) -> int:
        """Return how often a layer's maps are halved since the input."""
        return layer.block - self.convolutions[0].block

    @property
    def pooled_halvings(self) -> int:
        """How often what follows is halved since the input."""
        return self.halvings(self.convolutions[-1]) + 1

    def share(self, window: Window, layer: ConvLayer) -> float:
        """Return which part of a layer's positions is a window's own."""
        halved = 2 ** self.halvings(layer)
        share = 1.0
        for stretch, extent in zip((window.rows, window.columns), self.shape[2:], strict=True):
            share *= (stretch.end // halved - stretch.start // halved) / (extent // halved)
        return share


def reach(convolutions: Sequence[ConvLayer], after: ConvLayer | None = None) -> int:
    """Return how far beyond what is to be right of the last map another map has to be.

    That is the input's, or the one `after` a layer.
    """
    beyond = 0
    for place in reversed(range(len(convolutions))):
        layer = convolutions[place]
        if layer == after:
            return beyond
        beyond += 1
        if place and convolutions[place - 1].block != layer.block:
            beyond *= 2
    return beyond


def can_be_banded(specification: Specification) -> bool:
    """Tell whether the statistics of parts of an image say those of the whole."""
    return bool(specification.terms) and all(term.loss.averages for term in specification.terms)


def plan_blocks(
    specification: Specification, size: Size, banding: Banding
) -> tuple[BlockPlan, ...]:
    """Choose what to walk in parts, shallowest first; none where that is not possible.

    Content is compared position by position: in bands, from the first block with a content layer
    on all is in the rest.
    """
    if not can_be_banded(specification):
        return ()
    if banding.largest_window:
        return tuple(_in_windows(specification, size, banding))
    arch, padding = specification.trunk.arch, specification.trunk.padding
    needed = layers_needed(arch, specification.trunk_layers)
    plans = []
    for _, grouped in groupby(needed, key=lambda layer: layer.block):
        convolutions = tuple(grouped)
        shape = block_input(convolutions, size)
        *_, height, width = shape
        row = _BYTES * width * max(layer.out_channels for layer in convolutions)
        if row * height <= banding.largest_map or any(
            layer.name in specification.content_layers for layer in convolutions
        ):
            break
        count = math.ceil(height / max(banding.largest_band // row, _LEAST_ROWS))
        count = max(count, min(_up_to(count, banding.multiple), height // _LEAST_ROWS))
        bands = _stretches(height, count, len(convolutions), padding, 2)
        columns = Stretch(0, width, 0, width)
        windows = tuple(Window(rows, columns) for rows in bands)
        plans.append(BlockPlan(convolutions, shape, convolutions[-1] != needed[-1], windows))
    return tuple(plans)


def _in_windows(specification: Specification, size: Size, banding: Banding) -> Iterator[BlockPlan]:
    """Yield how all blocks are walked in windows, several at once where they can be."""
    padding = specification.trunk.padding
    needed = layers_needed(specification.trunk.arch, specification.trunk_layers)
    for blocks in _AT_ONCE:
        together = tuple(layer for layer in needed if layer.block in blocks)
        groups = [together] if together else []
        if not all(_can_be_cut(group, size, padding, banding) for group in groups):
            groups = [tuple(one) for _, one in groupby(together, key=lambda layer: layer.block)]
        for group in groups:
            windows = tuple(_windows(group, size, padding, banding))
            pooled = group[-1] != needed[-1]
            yield BlockPlan(group, block_input(group, size), pooled, windows)


def _most(convolutions: Sequence[ConvLayer], size: Size, banding: Banding) -> tuple[int, int]:
    """Return how many rows and columns of their input a window of these layers may read."""
    *_, height, width = block_input(convolutions, size)
    a_position = sum(
        _BYTES * layer.out_channels / 4 ** (layer.block - convolutions[0].block)
        for layer in convolutions
    )
    positions = banding.largest_window / a_position
    side = math.isqrt(int(positions))
    if width <= side:
        rows, columns = int(positions) // width, width
    elif height <= side:
        rows, columns = height, int(positions) // height
    else:
        rows, columns = side, side
    # Who shares it cannot have it in one piece.
    return min(rows, height if banding.multiple == 1 else height // banding.multiple), columns


def _can_be_cut(
    convolutions: Sequence[ConvLayer], size: Size, padding: str, banding: Banding
) -> bool:
    """Tell whether these layers can be walked in windows together.

    Where an image goes on at its other side, what every pool halves evenly alone can.
    """
    extents = block_input(convolutions, size)[2:]
    step = 2 ** (convolutions[-1].block - convolutions[0].block)
    return padding != "circular" or all(
        extent % step == 0
        for extent, most in zip(extents, _most(convolutions, size, banding), strict=True)
        if extent > most
    )


def _windows(
    convolutions: Sequence[ConvLayer], size: Size, padding: str, banding: Banding
) -> Iterator[Window]:
    """Yield windows that these layers are walked in, where all but the last are halved evenly."""
    beyond = reach(convolutions)
    step = 2 ** (convolutions[-1].block - convolutions[0].block + 1)
    rows, columns = (
        _stretches(
            extent,
            1
            if extent <= most
            else _how_many(extent, most - 2 * beyond, beyond + step, step, multiple),
            beyond,
            padding,
            step,
        )
        for extent, most, multiple in zip(
            block_input(convolutions, size)[2:],
            _most(convolutions, size, banding),
            (banding.multiple, 1),
            strict=True,
        )
    )
    yield from (Window(down, across) for down in rows for across in columns)


def _how_many(extent: int, most: int, least: int, step: int, multiple: int) -> int:
    """Return into how many stretches to cut: equal ones, if a few more of them are."""
    able = max(1, extent // least)
    fewest = min(_up_to(math.ceil(extent / max(most, least)), multiple), able)
    for count in range(fewest, math.floor(fewest * _MORE_FOR_EQUAL) + 1):
        if extent % (count * step) == 0 and extent // count >= least and count % multiple == 0:
            return count
    return fewest


def _up_to(count: int, multiple: int) -> int:
    """Return the next multiple."""
    return multiple * math.ceil(count / multiple)


def block_input(convolutions: Sequence[ConvLayer], size: Size) -> tuple[int, ...]:
    """Return the shape of what the first of `convolutions` takes of an image of `size`."""
    first = convolutions[0]
    return 1, first.in_channels, *(extent >> (first.block - 1) for extent in size)


def _stretches(
    extent: int, count: int, beyond: int, padding: str, step: int
) -> tuple[Stretch, ...]:
    """Cut a map into `count` stretches, where a multiple of `step` is."""
    cuts = [step * round(extent * place / count / step) for place in range(count)]
    stretches = []
    for start, end in pairwise([*cuts, extent]):
        at_edge = count == 1 or padding != "circular"
        first = start if at_edge and start == 0 else start - beyond
        last = end if at_edge and end == extent else end + beyond
        stretches.append(Stretch(start, end, first, last))
    return tuple(stretches)
