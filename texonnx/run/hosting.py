"""What is done around the steps: sizes, and where each scale starts.

From an exported folder a run takes the folder's own graphs, so that it starts with the very image
that every other host starts with. Otherwise NumPy, SciPy and Pillow do most of the same to seven
digits, and faster for large images.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from texonnx.images import Image, check_new_size, resize
from texonnx.losses import Arrays, TextureLoss
from texonnx.losses.ports import Port
from texonnx.noise import PRIME
from texonnx.objective.kinds import (
    DIRECTIONS,
    DISCRIMINATORS,
    FINER_IMAGE,
    FIRST_IMAGE,
    KINDS,
    PATCH_PLACES,
    RESIZE,
    GraphKind,
)
from texonnx.objective.source import GraphSource
from texonnx.optim.initial import initial_image, with_detail
from texonnx.run.large_detail import large_detail
from texonnx.runtime.objective_inputs import Shapes
from texonnx.runtime.sessions import NamedSession, open_session
from texonnx.sizes import Size, size_of

_LARGE = 384 * 384
"""Pixels of a coarse image from which its detail is put in a window at a time."""


class Host:
    """Does what is done around the steps, with NumPy, SciPy and Pillow."""

    def resize(self, image: Image, size: Size) -> Image:
        """Return an image at another size, in [0, 1]."""
        return resize(image, *size)

    def first_image(self, exemplar: Image, size: Size, seed: int) -> Image:
        """Return noise of the exemplar's colours and spectrum, to start from."""
        return initial_image("spectrum", exemplar, size, seed)

    def finer_image(
        self, coarser: Image, exemplar: Image, exemplar_before: Size, size: Size, seed: int
    ) -> Image:
        """Return the result of the scale before, enlarged, with noise for the exemplar's detail.

        `exemplar` is the one of this scale, `exemplar_before` the size of the one before.
        """
        return with_detail(resize(coarser, *size), exemplar, exemplar_before, seed)

    def directions(self, shapes: Shapes, seed: int, draw: int) -> Arrays:
        """Return what is drawn anew every few steps."""
        of_losses: dict[TextureLoss, dict[str, tuple[int, ...]]] = {}
        for name, shape in shapes.items():
            port = Port.parse(name)
            assert port is not None
            assert port.of is not None
            of_losses.setdefault(port.of, {})[name] = shape
        drawn: Arrays = {}
        for loss, own in of_losses.items():
            assert loss.draw is not None
            drawn |= loss.draw(own, seed, draw)
        return drawn

    def discriminators(self, shapes: Shapes, seed: int) -> Arrays:
        """Return the parameters that discriminators start from."""
        return self.directions(shapes, seed, 0)


class GraphHost(Host):
    """Does it with graphs, as far as there are any: an exported folder brings them all."""

    def __init__(self, source: GraphSource) -> None:
        self._source = source
        self._opened: dict[GraphKind, NamedSession] = {}

    def resize(self, image: Image, size: Size) -> Image:
        """Return an image at another size, in [0, 1]."""
        if not self._source.has(RESIZE):
            return super().resize(image, size)
        check_new_size(*size)
        return self.run(RESIZE, image=image, size=size)["resized"]

    def first_image(self, exemplar: Image, size: Size, seed: int) -> Image:
        """Return noise of the exemplar's colours and spectrum, to start from."""
        if not self._source.has(FIRST_IMAGE):
            return super().first_image(exemplar, size, seed)
        values = self.run(FIRST_IMAGE, exemplar=exemplar, output_size=size, seed=[seed % PRIME])
        return values["first_image"]

    def finer_image(
        self, coarser: Image, exemplar: Image, exemplar_before: Size, size: Size, seed: int
    ) -> Image:
        """Return the result of the scale before, enlarged, with detail."""
        if not self._source.has(FINER_IMAGE):
            return super().finer_image(coarser, exemplar, exemplar_before, size, seed)
        if size_of(coarser).pixels > _LARGE and self._source.has(PATCH_PLACES):
            wraps = self._source.traits.wraps
            return large_detail(self.run, coarser, exemplar, exemplar_before, size, wraps=wraps)
        return self.run(
            FINER_IMAGE,
            image=coarser,
            exemplar=exemplar,
            coarser_exemplar_size=exemplar_before,
            output_size=size,
            seed=[seed % PRIME],
        )["finer_image"]

    def directions(self, shapes: Shapes, seed: int, draw: int) -> Arrays:
        """Return what is drawn anew every few steps."""
        if not self._source.has(DIRECTIONS):
            return super().directions(shapes, seed, draw)
        return self.run(DIRECTIONS, seed=[seed % PRIME], draw=[draw])

    def discriminators(self, shapes: Shapes, seed: int) -> Arrays:
        """Return the parameters that discriminators start from."""
        if not self._source.has(DISCRIMINATORS):
            return super().discriminators(shapes, seed)
        return self.run(DISCRIMINATORS, seed=[seed % PRIME])

    def run(self, kind: GraphKind, **values: Image | Sequence[int]) -> Arrays:
        """Run a graph on the CPU, whatever the provider of the steps; lists go in as int64.

        It is small, and some providers compute whole numbers in 32 bits, which draws other random
        numbers.
        """
        if kind not in self._opened:
            # What no folder has is for large images, and keeps none of their memory.
            session = open_session(self._source.graph(kind), "cpu", arena=kind.name in KINDS)
            self._opened[kind] = NamedSession(session)
        return self._opened[kind](
            {
                name: value if isinstance(value, np.ndarray) else np.array(value, np.int64)
                for name, value in values.items()
            }
        )
