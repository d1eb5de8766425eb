"""The distance between sorted rows, against NumPy's argsort in float64."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from support.evaluation import Array, relative_l2, slope

from texonnx.runtime import sorted_distance as module
from texonnx.runtime.sorted_distance import sorted_distance

Floats = NDArray[np.float32]

RNG = np.random.default_rng(0)
WEIGHT = 0.7
LARGEST, SMALLEST = np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def positive(*shape: int) -> Floats:
    return RNG.gamma(1.0, 1.0, shape).astype(np.float32)


def rectified(*shape: int) -> Floats:
    """What a ReLU leaves: half of it zeros."""
    return np.maximum(RNG.standard_normal(shape), 0).astype(np.float32)


CASES: dict[str, tuple[Floats, Floats]] = {
    "positive": (positive(7, 33), positive(7, 33)),
    "rectified": (rectified(8, 50), rectified(8, 50)),
    "one row": (rectified(1, 40), rectified(1, 40)),
    "one column": (rectified(9, 1), rectified(9, 1)),
    "one value": (positive(1, 1), positive(1, 1)),
    "all zeros": (np.zeros((3, 20), np.float32), positive(3, 20)),
    "all alike": (np.full((3, 20), 2.5, np.float32), positive(3, 20)),
    "few values": (RNG.integers(0, 4, (6, 90)).astype(np.float32), positive(6, 90)),
    "long rows": (rectified(2, 70_000), rectified(2, 70_000)),
    "denormal": (
        (SMALLEST * RNG.permutation(40).reshape(1, 40)).astype(np.float32),
        np.zeros((1, 40), np.float32),
    ),
    "large": (1e15 * positive(4, 30), 1e15 * positive(4, 30)),
}


def expected_of(features: Floats, target: Floats) -> tuple[float, Array]:
    """Return the distance and its gradient, ties in the order of the columns."""
    F, T = features.astype(np.float64), np.sort(target, axis=1).astype(np.float64)
    order = np.argsort(F, axis=1, kind="stable")
    difference = np.take_along_axis(F, order, axis=1) - T
    gradient = np.empty_like(F)
    for row, columns in enumerate(order):
        gradient[row, columns] = 2 * WEIGHT / F.size * difference[row]
    return WEIGHT * float((difference**2).mean()), gradient


def found_of(features: Floats, target: Floats, threads: Executor) -> tuple[float, Floats]:
    cotangent = np.full_like(features, np.nan)
    loss = sorted_distance(features, np.sort(target, axis=1), WEIGHT, cotangent, threads)
    return loss, cotangent


@pytest.mark.parametrize(("features", "target"), CASES.values(), ids=CASES)
def test_distance_and_gradient_are_those_of_an_argsort_in_float64(
    features: Floats, target: Floats, threads: Executor
) -> None:
    loss, gradient = expected_of(features, target)
    found, cotangent = found_of(features, target, threads)
    assert isinstance(found, float)
    assert cotangent.dtype == np.float32
    # Squares below float32's least number count as nothing.
    assert found == pytest.approx(loss, rel=1e-5, abs=1e-45)
    # A gradient below it is rounded to a multiple of it.
    np.testing.assert_allclose(cotangent, gradient, rtol=1e-6, atol=float(SMALLEST))


@pytest.mark.parametrize("values_a_task", [1, 33, 34, 99, 100, 230, 231, 1 << 19])
def test_however_the_rows_are_shared_out_nothing_else_comes_of_it(
    values_a_task: int, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, target = CASES["positive"]
    loss, cotangent = found_of(features, target, threads)
    monkeypatch.setattr(module, "_VALUES_A_TASK", values_a_task)
    again, gradient = found_of(features, target, threads)
    assert again == pytest.approx(loss, rel=1e-6)
    assert np.array_equal(gradient, cotangent)


@pytest.mark.parametrize("rows", range(1, 12))
def test_no_row_is_left_out_when_the_tasks_do_not_come_out_even(
    rows: int, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_VALUES_A_TASK", 3 * 10)
    features, target = rectified(rows, 10), rectified(rows, 10)
    loss, gradient = expected_of(features, target)
    found, cotangent = found_of(features, target, threads)
    assert found == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(cotangent, gradient, rtol=1e-6)


def test_the_number_of_threads_does_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_VALUES_A_TASK", 100)
    features, target = rectified(40, 50), rectified(40, 50)
    results = []
    for count in (1, 2, 5):
        with ThreadPoolExecutor(count) as pool:
            results.append(found_of(features, target, pool))
    (loss, cotangent), *others = results
    for again, gradient in others:
        assert again == loss
        assert np.array_equal(gradient, cotangent)


def test_the_gradient_is_the_slope_of_the_distance_away_from_ties(threads: Executor) -> None:
    # Values a tenth apart: a step of 1e-3 crosses none of them, and a parabola has no other error.
    features = np.stack([RNG.permutation(30) for _ in range(4)]).astype(np.float32) / 10
    target = positive(4, 30)
    _, cotangent = found_of(features, target, threads)
    along = RNG.uniform(-1, 1, features.shape)

    def distance(at: Array) -> float:
        return WEIGHT * float(((np.sort(at, axis=1) - np.sort(target, axis=1)) ** 2).mean())

    expected = slope(distance, features.astype(np.float64), along, 1e-3)
    assert float((cotangent * along).sum()) == pytest.approx(expected, rel=1e-5)


def test_the_largest_numbers_and_the_smallest_stand_in_their_order(threads: Executor) -> None:
    rising = np.array(
        [[0, SMALLEST, 2 * SMALLEST, 1e-38, 1e-20, 1, 1e20, 1e38, LARGEST]], np.float32
    )
    features = RNG.permutation(rising, axis=1)
    loss, cotangent = found_of(features, rising, threads)
    # In another order some difference would not be 0.
    assert loss == 0
    assert not cotangent.any()


def test_zeros_of_both_signs_are_zeros(threads: Executor) -> None:
    features = np.array([[0.0, 3.0, -0.0, 1.0, -0.0]], np.float32)
    target = np.array([[0.0, 0.0, 0.0, 1.0, 3.0]], np.float32)
    loss, cotangent = found_of(features, target, threads)
    assert loss == 0
    assert not cotangent.any()


def test_a_value_that_is_no_number_makes_a_distance_that_is_none(threads: Executor) -> None:
    features, target = (each.copy() for each in CASES["positive"])
    features[2, 3] = np.nan
    loss, _ = found_of(features, target, threads)
    assert np.isnan(loss)


def test_features_and_target_are_left_alone(threads: Executor) -> None:
    features, target = rectified(5, 20), np.sort(rectified(5, 20), axis=1)
    before = features.copy(), target.copy()
    sorted_distance(features, target, WEIGHT, np.empty_like(features), threads)
    assert np.array_equal(features, before[0])
    assert np.array_equal(target, before[1])


def test_the_distance_to_itself_is_0(threads: Executor) -> None:
    features = rectified(5, 20)
    loss, cotangent = found_of(features, features, threads)
    assert loss == 0
    assert not cotangent.any()


def test_the_weight_multiplies_distance_and_gradient(threads: Executor) -> None:
    features, target = CASES["rectified"]
    rows = np.sort(target, axis=1)
    once, thrice = np.empty_like(features), np.empty_like(features)
    one = sorted_distance(features, rows, 1.0, once, threads)
    three = sorted_distance(features, rows, 3.0, thrice, threads)
    assert three == pytest.approx(3 * one, rel=1e-6)
    assert relative_l2(thrice, 3 * once) < 1e-6
