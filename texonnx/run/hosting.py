"""What is done around the steps: sizes, and where each scale starts.

From an exported folder a run takes the folder's own graphs, so that it ends with the picture that
every other host makes of it: differences in the seventh digit would grow under a few hundred steps
of Adam until they can be seen. Otherwise NumPy, SciPy and Pillow do the same to those seven digits,
and faster for large images.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from texonnx.images import Image, check_new_size, resize
from texonnx.noise import PRIME
from texonnx.objective.source import GraphSource
from texonnx.optim.initial import initial_image, with_detail
from texonnx.runtime.host_graphs import HostGraph
from texonnx.sizes import Size


class Host(Protocol):
    """Does what is done around the steps."""

    def resize(self, image: Image, size: Size) -> Image:
        """Return an image at another size, in [0, 1]."""

    def first_image(self, exemplar: Image, size: Size, seed: int) -> Image:
        """Return noise of the exemplar's colours and spectrum, to start from."""

    def finer_image(
        self, coarser: Image, exemplar: Image, exemplar_before: Size, size: Size, seed: int
    ) -> Image:
        """Return the result of the scale before, enlarged, with noise for the exemplar's detail.

        `exemplar` is the one of this scale, `exemplar_before` the size of the one before.
        """


class PlainHost:
    """With NumPy, SciPy and Pillow."""

    def resize(self, image: Image, size: Size) -> Image:
        """Return an image at another size, in [0, 1]."""
        return resize(image, *size)

    def first_image(self, exemplar: Image, size: Size, seed: int) -> Image:
        """Return noise of the exemplar's colours and spectrum, to start from."""
        return initial_image("spectrum", exemplar, size, seed)

    def finer_image(
        self, coarser: Image, exemplar: Image, exemplar_before: Size, size: Size, seed: int
    ) -> Image:
        """Return the result of the scale before, enlarged, with noise for the detail."""
        return with_detail(resize(coarser, *size), exemplar, exemplar_before, seed)


class GraphHost:
    """With the graphs of an exported folder."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def resize(self, image: Image, size: Size) -> Image:
        """Return an image at another size, in [0, 1]."""
        check_new_size(*size)
        return HostGraph(self._paths["resize"])(image=image, size=size)["resized"]

    def first_image(self, exemplar: Image, size: Size, seed: int) -> Image:
        """Return noise of the exemplar's colours and spectrum, to start from."""
        graph = HostGraph(self._paths["first_image"])
        return graph(exemplar=exemplar, output_size=size, seed=[seed % PRIME])["first_image"]

    def finer_image(
        self, coarser: Image, exemplar: Image, exemplar_before: Size, size: Size, seed: int
    ) -> Image:
        """Return the result of the scale before, enlarged, with noise for the detail."""
        graph = HostGraph(self._paths["finer_image"])
        return graph(
            image=coarser,
            exemplar=exemplar,
            coarser_exemplar_size=exemplar_before,
            output_size=size,
            seed=[seed % PRIME],
        )["finer_image"]


def host_for(source: GraphSource) -> Host:
    """Return the host of a run over the graphs of `source`."""
    names = ("resize", "first_image", "finer_image")
    paths = {name: source.host_graph(name) for name in names}
    brought = {name: path for name, path in paths.items() if path is not None}
    return GraphHost(brought) if brought else PlainHost()
