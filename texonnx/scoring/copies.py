"""Which parts of an image lie in an exemplar just so, and how much of the exemplar it takes up.

Every patch of the image has its nearest in the exemplar. Where neighbours have neighbours for their
nearest, with one shift from here to there, a piece was taken over whole. So it is with the map of
nearest patches in Efros and Leung, "Texture Synthesis by Non-parametric Sampling", ICCV 1999, which
shows the exemplar's places by their colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.sparse.csgraph
from numpy.typing import NDArray

from texonnx.scoring.features import Map, Nearest, Projection, averaged, grid_of, patches

_LEAST_PIECE = 64
"""Patches, such as 8x8: with what they see, 40x40 pixels of an exemplar of 256x256."""
_SLACK = 1
"""Neighbours belong together whose shifts differ by no more than this: pieces lie between the
positions that are compared, so that now the one and now the other is nearest."""
_DIRECTIONS = 64
"""In which the patches of an exemplar differ most; nearest patches are looked for along them."""


@dataclass(frozen=True, eq=False)
class Copies:
    """What of an image is found in the exemplar in large pieces.

    Attributes
    ----------
    in_piece
        Whether each patch of the image lies in such a piece, [rows, columns].
    source
        Where the nearest patch of each lies in the exemplar, as shares of its height and width,
        in [0, 1], [2, rows, columns].
    used
        The share of the exemplar's patches that are the nearest of some patch of the image: of two
        samples of one texture, as large as each other, about half.
    """

    in_piece: NDArray[np.bool_]
    source: NDArray[np.float32]
    used: float

    @property
    def copied(self) -> float:
        """The share of the image's patches that lie in large pieces."""
        return float(self.in_piece.mean())


class CopyFinder:
    """Finds what images have taken over from one exemplar.

    Parameters
    ----------
    exemplar
        Its map of the finest layer that is compared.
    side
        Of the squares of positions over which maps are averaged.
    """

    def __init__(self, exemplar: Map, side: int, nearest: Nearest) -> None:
        self._side = side
        self._nearest = nearest
        whole = averaged(exemplar, side)
        self._grid = grid_of(whole)
        own = patches(whole)
        vectors = own.reshape(len(own), -1)
        last = vectors.shape[1] - 1
        _, directions = scipy.linalg.eigh(
            vectors.T @ vectors, subset_by_index=(max(0, last - _DIRECTIONS + 1), last)
        )
        self._directions = np.ascontiguousarray(directions.T).reshape(-1, *own.shape[1:])
        self._dictionary = (vectors @ directions)[:, :, np.newaxis, np.newaxis]
        self._project = Projection()

    def find(self, image: Map) -> Copies:
        """Find the pieces of an image by its map."""
        # Half a square further is where a piece may fit better: bricks are all alike but there.
        half = self._side // 2
        starts = [(0, 0), (0, half), (half, 0), (half, half)] if half else [(0, 0)]
        found = [self._matches(image[:, :, down:, across:]) for down, across in starts]
        rows, columns = found[0].shape
        in_piece = np.zeros((rows, columns), bool)
        for nearest in found:
            down, across = np.divmod(nearest, self._grid[1])
            piece = _large_pieces(down, across)
            in_piece[: len(piece), : piece.shape[1]] |= piece
        down, across = np.divmod(found[0], self._grid[1])
        source = np.stack([(down + 0.5) / self._grid[0], (across + 0.5) / self._grid[1]])
        return Copies(
            in_piece=in_piece,
            source=source.astype(np.float32),
            used=np.unique(found[0]).size / (self._grid[0] * self._grid[1]),
        )

    def _matches(self, image: Map) -> NDArray[np.int64]:
        """Return the exemplar's patch that is nearest to each of the image, [rows, columns]."""
        projected = self._project(averaged(image, self._side), self._directions)
        return self._nearest(projected, self._dictionary).nearest


def _large_pieces(down: NDArray[np.int64], across: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which patches lie in a large piece, by where the nearest of each lies."""
    rows, columns = down.shape
    shift = (down - np.arange(rows)[:, np.newaxis], across - np.arange(columns))
    positions = np.arange(rows * columns).reshape(rows, columns)
    links = []
    for first, second in (np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:]):
        apart = np.max([np.abs(one[first] - one[second]) for one in shift], axis=0)
        together = apart <= _SLACK
        links.append(np.stack([positions[first][together], positions[second][together]]))
    ends = np.concatenate(links, axis=1)
    graph = scipy.sparse.coo_array(
        (np.ones(ends.shape[1], bool), (ends[0], ends[1])), shape=(positions.size, positions.size)
    )
    _, label = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return np.asarray((np.bincount(label) >= _LEAST_PIECE)[label].reshape(rows, columns))
