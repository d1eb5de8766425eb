"""Evenness, on images whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from texonnx.images import Image
from texonnx.scoring.evenness import evenness


def grey(planes: np.ndarray) -> Image:
    return np.repeat(planes[np.newaxis, np.newaxis], 3, axis=1).astype(np.float32)


def chessboard(side: int, contrast: np.ndarray) -> Image:
    """Single pixels around 0.5, by `contrast` up and down."""
    signs = (-1.0) ** np.add.outer(np.arange(side), np.arange(side))
    return grey(0.5 + contrast * signs)


def test_a_chessboard_is_even() -> None:
    found = evenness(chessboard(64, np.full((64, 64), 0.2)))
    assert found.edge_over_middle == pytest.approx(1)
    assert found.contrast_spread == pytest.approx(0, abs=1e-6)
    assert found.colour_spread == pytest.approx(0, abs=1e-6)


def test_a_frame_of_twice_the_contrast_is_seen() -> None:
    contrast = np.full((64, 64), 0.2)
    contrast[8:-8, 8:-8] = 0.1
    found = evenness(chessboard(64, contrast))
    assert found.edge_over_middle == pytest.approx(2, rel=1e-4)
    # 28 cells of 0.2 and 36 of 0.1.
    cells = np.repeat([0.2, 0.1], [28, 36])
    assert found.contrast_spread == pytest.approx(cells.std() / cells.mean(), rel=1e-4)


def test_two_colours_side_by_side_are_as_far_apart_as_the_pixels() -> None:
    image = np.zeros((1, 3, 64, 64), np.float32)
    image[:, 0, :, 32:] = 1
    assert evenness(image).colour_spread == pytest.approx(1)


def test_a_flat_image_is_even_and_nothing_is_divided_by_0() -> None:
    found = evenness(np.full((1, 3, 32, 32), 0.4, np.float32))
    assert (found.contrast_spread, found.colour_spread) == (0, 0)
