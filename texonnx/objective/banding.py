"""Which blocks of the network are walked in bands of rows, and where the bands lie."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import WHOLE, Edges, layers_needed
from texonnx.vgg import ConvLayer

_BYTES = 4
_LEAST_ROWS = 16
"""More than any block's convolutions see beyond a band."""

_MEBIBYTE = 2**20
_SMALL_ENOUGH = 512 * 512
"""Up to so many pixels a run takes about a gigabyte at most, and ``auto`` spares the time."""


@dataclass(frozen=True)
class Banding:
    """Which blocks are walked in bands.

    Attributes
    ----------
    largest_map
        A block is if one of its feature maps would be larger than this, in bytes.
    largest_band
        How large a band's share of such a map may be, in bytes.
    """

    largest_map: int
    largest_band: int

    def scaled(self, size: Size, in_place_of: Size) -> Banding:
        """Return the like for an image of `size` that stands in for another."""
        return Banding(
            self.largest_map * size.pixels // in_place_of.pixels,
            self.largest_band * size.pixels // in_place_of.pixels,
        )


_OF_LARGE_IMAGES = Banding(largest_map=32 * _MEBIBYTE, largest_band=4 * _MEBIBYTE)
_OF_SMALL_IMAGES = Banding(largest_map=16 * _MEBIBYTE, largest_band=4 * _MEBIBYTE)


def banding_of(memory: str, size: Size) -> Banding | None:
    """Return what is walked in bands for an image of `size`; ``None`` for nothing.

    Parameters
    ----------
    memory
        ``auto``: bands for images of more than 512x512 pixels; ``low``: at any size that has maps
        large enough; ``high``: none.
    size
        Height and width in pixels.
    """
    height, width = size
    small = height * width <= _SMALL_ENOUGH
    if memory == "high" or (memory == "auto" and small):
        return None
    return _OF_SMALL_IMAGES if small else _OF_LARGE_IMAGES


@dataclass(frozen=True)
class BandKind:
    """What a band's graphs are for.

    Attributes
    ----------
    edges
        Which of its ends are the image's.
    rows
        How many rows of the block's maps are its own.
    """

    edges: Edges
    rows: int


@dataclass(frozen=True)
class Band:
    """Some rows of a block's maps, and those of its input that they are computed from.

    Attributes
    ----------
    kind
        What its graphs are for.
    start
        The first of its own rows.
    first, last
        The first row that it reads and the one behind the last; beyond the map's ends they stand
        for rows of its other side.
    """

    kind: BandKind
    start: int
    first: int
    last: int


@dataclass(frozen=True)
class BlockPlan:
    """How one block is walked.

    Attributes
    ----------
    convolutions
        Its layers.
    shape
        Of its input, [1, channels, H, W].
    pooled
        Whether deeper blocks follow.
    bands
        Top to bottom.
    """

    convolutions: tuple[ConvLayer, ...]
    shape: tuple[int, ...]
    pooled: bool
    bands: tuple[Band, ...]

    def input_shape(self, kind: BandKind) -> tuple[int, ...]:
        """Return the shape of what a band reads, [1, channels, rows, W]."""
        batch, channels, _, width = self.shape
        beyond = len(self.convolutions) * ((not kind.edges.top) + (not kind.edges.bottom))
        return batch, channels, kind.rows + beyond, width


def can_be_banded(specification: Specification) -> bool:
    """Tell whether the statistics of bands add up to those of the whole."""
    return bool(specification.terms) and all(term.loss.averages for term in specification.terms)


def plan_blocks(
    specification: Specification, size: Size, banding: Banding
) -> tuple[BlockPlan, ...]:
    """Choose the blocks to walk in bands, shallowest first; none where that is not possible.

    Content is compared position by position, so from the first block with a content layer on all
    is in the rest.
    """
    if not can_be_banded(specification):
        return ()
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
        bands = _bands(height, banding.largest_band // row, len(convolutions), padding)
        plans.append(BlockPlan(convolutions, shape, convolutions[-1] != needed[-1], tuple(bands)))
    return tuple(plans)


def block_input(convolutions: Sequence[ConvLayer], size: Size) -> tuple[int, ...]:
    """Return the shape of what the first of `convolutions` takes of an image of `size`."""
    first = convolutions[0]
    return 1, first.in_channels, *(extent >> (first.block - 1) for extent in size)


def _bands(height: int, most_rows: int, reach: int, padding: str) -> Iterator[Band]:
    """Cut a map into bands of an even number of rows, the last one's apart."""
    count = math.ceil(height / max(most_rows, _LEAST_ROWS))
    starts = [2 * round(height * place / count / 2) for place in range(count)]
    for start, end in zip(starts, [*starts[1:], height], strict=True):
        if count == 1:
            edges = WHOLE
        elif padding == "circular":
            edges = Edges(top=False, bottom=False)
        else:
            edges = Edges(top=start == 0, bottom=end == height)
        first = start if edges.top else start - reach
        last = end if edges.bottom else end + reach
        yield Band(BandKind(edges, end - start), start, first, last)
