"""Detail from patches, against the same in NumPy, patch by patch."""

from __future__ import annotations

from typing import Literal

import numpy as np
import onnx_ir as ir
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from texonnx.graph.tape import Tape
from texonnx.images import Image, resize
from texonnx.subgraphs import patch_detail as module
from texonnx.subgraphs.patch_detail import patch_detail

Planes = NDArray[np.floating]
Place = tuple[int, int]


def textured(height: int, width: int, seed: int, grain: int = 3) -> Image:
    shape = (1, 3, height // grain + 1, width // grain + 1)
    drawn = np.random.default_rng(seed).random(shape, np.float32)
    return resize(drawn, height, width)


def in_a_graph(coarse: Image, coarse_exemplar: Image, exemplar: Image, *, wraps: bool) -> Image:
    tape = Tape("detail")
    values = [
        tape.input(name, [1, 3, f"{name}_height", f"{name}_width"])
        for name in ("coarse", "coarse_exemplar", "exemplar")
    ]
    tape.output(patch_detail(tape, *values, wraps=wraps), "detailed")
    session = ort.InferenceSession(
        ir.to_proto(tape.model()).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    feeds = {"coarse": coarse, "coarse_exemplar": coarse_exemplar, "exemplar": exemplar}
    return np.asarray(session.run(None, feeds)[0])


class InNumpy:
    """The same, patch by patch, every block of two by two pixels by its place."""

    def __init__(self, coarse_exemplar: Image, exemplar: Image, *, wraps: bool) -> None:
        self._coarse_exemplar, self._exemplar = coarse_exemplar[0], exemplar[0]
        self._rows, self._columns = (extent - 4 for extent in coarse_exemplar.shape[2:])
        self._wraps = wraps

    def finer(self, coarse: Image, passes: int) -> Image:
        around = self._around(coarse[0], 2)
        self._height, self._width = coarse.shape[2:]
        places = {
            (y, x): self._looked_up(around[:, y : y + 5, x : x + 5])
            for y in range(self._height)
            for x in range(self._width)
        }
        shown = self._laid(places)
        for _ in range(passes):
            places = self._agreeing(places, shown)
            shown = self._laid(places)
        return shown[np.newaxis].astype(np.float32)

    def _around(self, image: Planes, margin: int) -> Planes:
        mode: Literal["wrap", "symmetric"] = "wrap" if self._wraps else "symmetric"
        return np.pad(image, ((0, 0), (margin, margin), (margin, margin)), mode=mode)

    def _looked_up(self, patch: Planes) -> Place:
        corners = [(y, x) for y in range(self._rows) for x in range(self._columns)]
        known = np.stack([self._coarse_exemplar[:, y : y + 5, x : x + 5] for y, x in corners])
        return corners[int(np.square(known - patch).sum(axis=(1, 2, 3)).argmin())]

    def _sharp(self, place: Place) -> Planes:
        row, column = place
        sharp: Planes = self._exemplar[:, 2 * row : 2 * row + 10, 2 * column : 2 * column + 10]
        return sharp

    def _place(self, places: dict[Place, Place], y: int, x: int) -> Place:
        """Return that of any block: around the image patches are of the other side, or go on."""
        if self._wraps:
            return places[y % self._height, x % self._width]
        inside = min(max(y, 0), self._height - 1), min(max(x, 0), self._width - 1)
        row, column = places[inside]
        return self._within(row + y - inside[0], column + x - inside[1])

    def _within(self, row: int, column: int) -> Place:
        return min(max(row, 0), self._rows - 1), min(max(column, 0), self._columns - 1)

    def _laid(self, places: dict[Place, Place]) -> Planes:
        offsets = (np.arange(10) - 4.5) / (0.4 * 5)
        window = np.multiply.outer(np.exp(-0.5 * offsets**2), np.exp(-0.5 * offsets**2))
        total = np.zeros((3, 2 * self._height + 16, 2 * self._width + 16))
        weight = np.zeros(total.shape[1:])
        for y in range(-2, self._height + 2):
            for x in range(-2, self._width + 2):
                here = np.s_[..., 2 * y + 4 : 2 * y + 14, 2 * x + 4 : 2 * x + 14]
                total[here] += window * self._sharp(self._place(places, y, x))
                weight[here] += window
        return (total / weight)[:, 8:-8, 8:-8]

    def _agreeing(self, places: dict[Place, Place], shown: Planes) -> dict[Place, Place]:
        around = self._around(shown, 4)
        patches = {(y, x): around[:, 2 * y : 2 * y + 10, 2 * x : 2 * x + 10] for y, x in places}
        own = [np.square(self._sharp(places[at]) - patches[at]).sum() for at in places]
        price = 0.3 * np.mean(own)
        used = np.zeros((self._rows, self._columns))
        np.add.at(used, tuple(np.transpose(list(places.values()))), 1)
        often = used.size / len(places)

        def cost(place: Place, patch: Planes) -> float:
            row, column = place
            nearby = used[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
            distance = np.square(self._sharp(place) - patch).sum()
            return float(distance + price * often * nearby.mean())

        better = {}
        for y, x in places:
            candidates = []
            for down in (0, -2, 2):
                for right in (0, -2, 2):
                    row, column = self._place(places, y + down, x + right)
                    candidates.append(self._within(row - down, column - right))
            costs = [cost(one, patches[y, x]) for one in candidates]
            better[y, x] = candidates[int(np.argmin(costs))]
        return better


@pytest.mark.parametrize("passes", [0, 1, 3])
@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("size", [(12, 15), (9, 30), (5, 6)], ids=str)
def test_it_is_what_it_says_patch_by_patch(
    size: tuple[int, int], wraps: bool, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exemplar = textured(28, 36, 0)
    coarse_exemplar = resize(exemplar, 14, 18)
    coarse = textured(*size, 1)
    monkeypatch.setattr(module, "PASSES", passes)
    found = in_a_graph(coarse, coarse_exemplar, exemplar, wraps=wraps)
    expected = InNumpy(coarse_exemplar, exemplar, wraps=wraps).finer(coarse, passes)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_exemplar_gets_its_own_detail_back() -> None:
    exemplar = textured(40, 48, 2)
    coarse = resize(exemplar, 20, 24)
    found = in_a_graph(coarse, coarse, exemplar, wraps=False)
    inner = np.s_[..., 10:-10, 10:-10]
    np.testing.assert_allclose(found[inner], exemplar[inner], atol=1e-5)


def test_an_image_that_wraps_is_seamless_wherever_it_is_cut() -> None:
    exemplar = textured(40, 40, 3)
    coarse_exemplar, coarse = resize(exemplar, 20, 20), textured(16, 18, 4)
    found = in_a_graph(coarse, coarse_exemplar, exemplar, wraps=True)
    rolled = in_a_graph(np.roll(coarse, (5, 7), (2, 3)), coarse_exemplar, exemplar, wraps=True)
    np.testing.assert_allclose(np.roll(found, (10, 14), (2, 3)), rolled, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (4, 9)], ids=str)
def test_an_exemplar_smaller_than_a_patch_and_an_image_of_a_pixel_will_do(
    size: tuple[int, int],
) -> None:
    height, width = size
    exemplar = textured(2 * height, 2 * width, 5)
    for wraps in (True, False):
        coarse = textured(1, 1, 6)
        found = in_a_graph(coarse, resize(exemplar, *size), exemplar, wraps=wraps)
        assert found.shape == (1, 3, 2, 2)
        assert exemplar.min() - 1e-6 <= found.min() <= found.max() <= exemplar.max() + 1e-6


def test_a_large_exemplar_is_searched_in_part_and_then_near_what_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exemplar = textured(120, 120, 7, grain=12)
    coarse_exemplar = resize(exemplar, 60, 60)
    coarse = np.ascontiguousarray(coarse_exemplar[..., 11:31, 13:43])
    exact = in_a_graph(coarse, coarse_exemplar, exemplar, wraps=False)
    monkeypatch.setattr(module, "_MOST_SEARCHED", 56 * 56 // 8)
    nearly = in_a_graph(coarse, coarse_exemplar, exemplar, wraps=False)
    wanted = exemplar[..., 22:62, 26:86]
    inner = np.s_[..., 10:-10, 10:-10]
    np.testing.assert_allclose(exact[inner], wanted[inner], atol=1e-5)
    # Smooth as textures are, most searches end at the very patch.
    assert np.abs(nearly[inner] - wanted[inner]).mean() < 0.1 * wanted.std()
