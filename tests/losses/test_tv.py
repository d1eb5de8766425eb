"""Total variation: the loss of an image by itself."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from support import reference
from support.evaluation import Array, Reference, Runtime, slope
from support.small_network import random_image

from texonnx.graph import gradient
from texonnx.graph.tape import Tape
from texonnx.losses.tv import total_variation

KNOWN = pytest.mark.parametrize("known", [True, False], ids=["known-size", "unknown-size"])


def variation(
    image: Array, known: bool = True, dtype: ir.DataType = ir.DataType.DOUBLE
) -> dict[str, Array]:
    """Return value and gradient, as the graph computes them."""
    tape = Tape("tv", dtype)
    shape = image.shape if known else (1, image.shape[1], "height", "width")
    x = tape.input("image", shape)
    value = total_variation(tape, x)
    tape.output(value, "value")
    tape.output(gradient(tape, value, x), "gradient", shape)
    evaluator = Reference if dtype == ir.DataType.DOUBLE else Runtime
    return evaluator(tape.model())({"image": image.astype(dtype.numpy())})


@KNOWN
def test_the_value_of_a_tiny_image_is_that_by_hand(known: bool) -> None:
    # 0 1 2 / 4 4 1. Down: 4, 3, -1, in squares 16 + 9 + 1 over 3. Right: 1 1 and 0 -3, in squares
    # 1 + 1 + 0 + 9 over 4.
    image = np.array([[[[0.0, 1.0, 2.0], [4.0, 4.0, 1.0]]]])
    assert float(variation(image, known)["value"]) == pytest.approx(26 / 3 + 11 / 4)


@KNOWN
def test_the_gradient_of_a_tiny_image_is_that_by_hand(known: bool) -> None:
    # 0 1 / 3 0. Down 3 and -1 over 2: the slope of a pixel is minus or plus the difference. Right
    # 1 and -3 over 2, likewise.
    image = np.array([[[[0.0, 1.0], [3.0, 0.0]]]])
    down, right = np.array([[-3.0, 1.0], [3.0, -1.0]]), np.array([[-1.0, 1.0], [3.0, -3.0]])
    np.testing.assert_allclose(variation(image, known)["gradient"][0, 0], down + right)


@pytest.mark.parametrize("size", [(2, 2), (2, 9), (13, 2), (12, 14)])
@KNOWN
def test_value_and_gradient_are_those_of_the_reference(size: tuple[int, int], known: bool) -> None:
    image = random_image(*size).astype(np.float64)
    found = variation(image, known)
    assert float(found["value"]) == pytest.approx(reference.total_variation(image))
    along = np.random.default_rng(0).standard_normal(image.shape)
    expected = slope(reference.total_variation, image, along, 1e-4)
    assert float((found["gradient"] * along).sum()) == pytest.approx(expected)


def test_a_level_image_is_smooth() -> None:
    found = variation(np.full((1, 3, 5, 6), 0.3), dtype=ir.DataType.FLOAT)
    assert found["value"] == 0
    assert not found["gradient"].any()


def test_the_size_of_a_pattern_does_not_matter() -> None:
    # Black beside white everywhere: 1 for every pair, down and right.
    pattern = np.tile(np.array([[0.0, 1.0], [1.0, 0.0]]), (6, 6))[None, None]
    for size in (4, 8, 12):
        assert float(variation(pattern[:, :, :size, :size])["value"]) == pytest.approx(2)
