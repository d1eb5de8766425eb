"""The metric of L-BFGS: symmetric, positive definite, and in favour of what it is said to be."""

from __future__ import annotations

import numpy as np
import pytest

from texonnx.images import Image
from texonnx.optim.metric import ImageMetric

RNG = np.random.default_rng(0)
# An orange that varies, in brightness alone.
ORANGE = np.array([0.9, 0.4, 0.1])
SHADES = RNG.random((1, 1, 24, 31)) * ORANGE.reshape(1, 3, 1, 1)
EXEMPLARS = {
    "coloured": RNG.random((1, 3, 20, 17)),
    "of one colour": SHADES,
    "grey": RNG.random((1, 1, 15, 16)).repeat(3, axis=1),
    "flat": np.full((1, 3, 12, 12), 0.3),
    "black": np.zeros((1, 3, 12, 12)),
    "one pixel": np.full((1, 3, 1, 1), 0.3),
}
SIZES = [(16, 16), (15, 17), (16, 9), (9, 16), (1, 8), (7, 1), (1, 1)]


def metric_of(name: str, size: tuple[int, int]) -> ImageMetric:
    return ImageMetric(EXEMPLARS[name].astype(np.float32), size)


def random_image(size: tuple[int, int]) -> Image:
    return RNG.standard_normal((1, 3, *size)).astype(np.float32)


def inner(a: Image, b: Image) -> float:
    return float((a.astype(np.float64) * b).sum())


def length(a: Image) -> float:
    return float(np.linalg.norm(a.astype(np.float64)))


def wave(size: tuple[int, int], vertical: int, horizontal: int, colour: np.ndarray) -> Image:
    """So many whole waves along each axis, in one colour."""
    y, x = np.arange(size[0])[:, None] / size[0], np.arange(size[1])[None] / size[1]
    pattern = np.cos(2 * np.pi * (vertical * y + horizontal * x) + 0.3)
    return (colour.reshape(1, 3, 1, 1) * pattern).astype(np.float32)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", EXEMPLARS)
def test_the_metric_is_symmetric(name: str, size: tuple[int, int]) -> None:
    metric = metric_of(name, size)
    for _ in range(3):
        a, b = random_image(size), random_image(size)
        scale = length(a) * length(metric(b))
        assert inner(a, metric(b)) == pytest.approx(inner(metric(a), b), abs=1e-6 * scale)


@pytest.mark.parametrize("size", SIZES[:5], ids=str)
@pytest.mark.parametrize("name", EXEMPLARS)
def test_the_metric_is_positive_definite(name: str, size: tuple[int, int]) -> None:
    """All of its eigenvalues, from the matrix itself."""
    metric = metric_of(name, size)
    count = 3 * size[0] * size[1]
    units = np.eye(count, dtype=np.float32).reshape(count, 1, 3, *size)
    matrix = np.stack([metric(unit).astype(np.float64).ravel() for unit in units])
    eigenvalues = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    assert eigenvalues[0] > 1e-3 * eigenvalues[-1]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_an_image_comes_out_as_an_image_of_float32(size: tuple[int, int]) -> None:
    mapped = metric_of("coloured", size)(random_image(size))
    assert mapped.shape == (1, 3, *size)
    assert mapped.dtype == np.float32


def test_the_metric_is_linear() -> None:
    metric = metric_of("coloured", (15, 17))
    a, b = random_image((15, 17)), random_image((15, 17))
    np.testing.assert_allclose(
        metric(2 * a - 3 * b), 2 * metric(a) - 3 * metric(b), atol=1e-5 * length(a)
    )


def test_the_image_is_left_alone() -> None:
    image = random_image((8, 8))
    before = image.copy()
    metric_of("coloured", (8, 8))(image)
    assert np.array_equal(image, before)


def test_a_flat_image_stays_flat() -> None:
    image = np.full((1, 3, 15, 10), 0.25, np.float32)
    mapped = metric_of("coloured", (15, 10))(image)
    np.testing.assert_allclose(mapped.std(axis=(2, 3)), 0, atol=1e-6)


def test_the_colours_of_the_exemplar_are_moved_the_most() -> None:
    size = (16, 16)
    metric = metric_of("of one colour", size)
    # Across the orange, and across each other.
    others = (np.array([0.4, -0.9, 0.0]), np.cross(ORANGE, [0.4, -0.9, 0.0]))
    gains = [
        length(metric(wave(size, 2, 1, colour))) / length(wave(size, 2, 1, colour))
        for colour in (ORANGE, *others)
    ]
    assert gains[0] > 5 * max(gains[1:])
    assert min(gains) > 0


def test_a_shade_of_the_exemplars_one_colour_stays_one() -> None:
    mapped = metric_of("of one colour", (16, 16))(wave((16, 16), 2, 1, ORANGE))
    matrix = mapped.reshape(3, -1).astype(np.float64)
    values = np.linalg.svd(matrix, compute_uv=False)
    assert values[1] < 1e-5 * values[0]
    direction = matrix[:, np.abs(matrix[0]).argmax()]
    np.testing.assert_allclose(
        np.abs(direction) / np.linalg.norm(direction), ORANGE / np.linalg.norm(ORANGE), atol=1e-4
    )


@pytest.mark.parametrize("name", ["flat", "black", "one pixel"])
def test_for_an_exemplar_without_colours_all_colours_are_alike(name: str) -> None:
    size = (16, 16)
    metric = metric_of(name, size)
    gains = [length(metric(wave(size, 2, 1, colour))) for colour in np.eye(3)]
    np.testing.assert_allclose(gains, gains[0], rtol=1e-5)


@pytest.mark.parametrize("along", [(1, 0), (0, 1)], ids=["vertical", "horizontal"])
def test_four_times_the_frequency_is_moved_twice_as_far(along: tuple[int, int]) -> None:
    # A power of 1/2 of the frequency; what is below a 64th is counted as about that, which takes
    # one in a hundred off at a 16th of a cycle per pixel.
    size = (64, 64)
    metric = metric_of("grey", size)
    coarse, fine = (
        length(metric(wave(size, waves * along[0], waves * along[1], np.ones(3))))
        for waves in (4, 16)
    )
    assert fine / coarse == pytest.approx(2, rel=0.02)


def test_a_wave_stays_the_wave_that_it_is() -> None:
    size = (15, 18)
    image = wave(size, 3, 4, np.ones(3))
    mapped = metric_of("grey", size)(image)
    factor = inner(mapped, image) / inner(image, image)
    np.testing.assert_allclose(mapped, factor * image, atol=1e-5 * factor)


@pytest.mark.parametrize("name", EXEMPLARS)
def test_without_a_power_of_the_frequency_only_colours_are_mapped(name: str) -> None:
    exemplar = EXEMPLARS[name].astype(np.float32)
    metric = ImageMetric(exemplar, (12, 9), power_of_frequency=0.0)
    image = random_image((12, 9))
    mapped = metric(image)
    colours = np.linalg.lstsq(image.reshape(3, -1).T, mapped.reshape(3, -1).T, rcond=None)[0].T
    np.testing.assert_allclose(np.einsum("ij,njhw->nihw", colours, image), mapped, atol=1e-5)
