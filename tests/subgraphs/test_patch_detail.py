"""Detail from patches, against the same in NumPy, patch by patch."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from texonnx.graph.tape import Tape
from texonnx.images import Image, resize
from texonnx.subgraphs import patch_detail as module
from texonnx.subgraphs.patch_detail import patch_detail

Planes = NDArray[np.float32]


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


def in_numpy(coarse: Image, coarse_exemplar: Image, exemplar: Image, *, wraps: bool) -> Image:
    """Look up every patch by itself, and add its sharp one to what lies there."""
    height, width = coarse.shape[2:]
    rows, columns = (extent - 4 for extent in coarse_exemplar.shape[2:])
    corners = [(y, x) for y in range(rows) for x in range(columns)]
    known = np.stack([coarse_exemplar[0, :, y : y + 5, x : x + 5].ravel() for y, x in corners])
    around = np.pad(coarse[0], ((0, 0), (4, 4), (4, 4)), mode="wrap" if wraps else "symmetric")
    offsets = (np.arange(10) - 4.5) / (0.4 * 5)
    bell = np.exp(-0.5 * offsets**2)
    window = np.outer(bell, bell)
    total = np.zeros((3, 2 * height + 16, 2 * width + 16))
    weight = np.zeros(total.shape[1:])
    for y in range(height + 4):
        for x in range(width + 4):
            patch = around[:, y : y + 5, x : x + 5].ravel()
            row, column = corners[np.square(known - patch).sum(axis=1).argmin()]
            sharp = exemplar[0, :, 2 * row : 2 * row + 10, 2 * column : 2 * column + 10]
            total[:, 2 * y : 2 * y + 10, 2 * x : 2 * x + 10] += window * sharp
            weight[2 * y : 2 * y + 10, 2 * x : 2 * x + 10] += window
    shown = (total / weight)[:, 8:-8, 8:-8]
    return shown[np.newaxis].astype(np.float32)


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("size", [(12, 15), (9, 30), (5, 6)], ids=str)
def test_it_is_what_it_says_patch_by_patch(size: tuple[int, int], wraps: bool) -> None:
    exemplar = textured(28, 36, 0)
    coarse_exemplar = resize(exemplar, 14, 18)
    coarse = textured(*size, 1)
    found = in_a_graph(coarse, coarse_exemplar, exemplar, wraps=wraps)
    expected = in_numpy(coarse, coarse_exemplar, exemplar, wraps=wraps)
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
