"""What both L-BFGS promise, on a function whose minimum is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from texonnx.images import Image
from texonnx.optim.lbfgs import minimise_lbfgs
from texonnx.optim.scipy_lbfgs import minimise_scipy_lbfgs
from texonnx.runtime.engine import Evaluation, Losses

SHAPE = (1, 3, 4, 5)
RNG = np.random.default_rng(0)
MINIMUM = RNG.uniform(0, 1, SHAPE).astype(np.float32)
CURVATURE = RNG.uniform(1, 50, SHAPE).astype(np.float32)
START = np.full(SHAPE, 0.5, np.float32)


def value(image: Image) -> float:
    return float(
        0.5 * np.sum(CURVATURE.astype(np.float64) * (image.astype(np.float64) - MINIMUM) ** 2)
    )


def quadratic(image: Image) -> Evaluation:
    """1/2 (x - m)' diag(c) (x - m), whose minimum is m."""
    return Evaluation(Losses(value(image), np.zeros(1, np.float32)), CURVATURE * (image - MINIMUM))


class Record:
    def __init__(self) -> None:
        self.losses: list[float] = []
        self.images: list[Image] = []

    def __call__(self, losses: Losses, image: Image) -> None:
        self.losses.append(losses.total)
        self.images.append(image)


Minimise = Callable[..., Image]


@pytest.fixture(params=[minimise_lbfgs, minimise_scipy_lbfgs], ids=["ours", "SciPy's"])
def minimise(request: pytest.FixtureRequest) -> Minimise:
    chosen: Minimise = request.param
    return chosen


def test_the_minimum_of_a_quadratic_is_found(minimise: Minimise) -> None:
    found = minimise(quadratic, START, 200, Record())
    np.testing.assert_allclose(found, MINIMUM, atol=1e-4)
    assert found.dtype == np.float32
    assert found.shape == SHAPE


@pytest.mark.parametrize("evaluations", [1, 2, 3, 5, 10])
def test_no_more_evaluations_are_spent_than_allowed(minimise: Minimise, evaluations: int) -> None:
    record = Record()
    minimise(quadratic, START, evaluations, record)
    assert 1 <= len(record.losses) <= evaluations


@pytest.mark.parametrize("evaluations", [5, 10])
def test_the_allowed_evaluations_are_used_while_there_is_progress(
    minimise: Minimise, evaluations: int
) -> None:
    record = Record()
    minimise(quadratic, START, evaluations, record)
    assert len(record.losses) == evaluations


@pytest.mark.parametrize("evaluations", [1, 2, 3, 4, 5, 6, 7, 8])
def test_the_best_image_seen_is_returned_and_not_the_last(
    minimise: Minimise, evaluations: int
) -> None:
    record = Record()
    found = minimise(quadratic, START, evaluations, record)
    assert value(found) == min(record.losses)


def test_one_evaluation_returns_the_image_that_it_began_with(minimise: Minimise) -> None:
    assert np.array_equal(minimise(quadratic, START, 1, Record()), START)


def test_every_evaluation_is_told_with_its_image(minimise: Minimise) -> None:
    record = Record()
    minimise(quadratic, START, 6, record)
    assert np.array_equal(record.images[0], START)
    assert [value(image) for image in record.images] == record.losses


def test_the_first_image_is_left_alone(minimise: Minimise) -> None:
    before = START.copy()
    minimise(quadratic, START, 20, Record())
    assert np.array_equal(START, before)


def test_at_the_minimum_it_ends(minimise: Minimise) -> None:
    record = Record()
    found = minimise(quadratic, MINIMUM, 50, record)
    assert np.array_equal(found, MINIMUM)
    assert len(record.losses) < 50


def test_what_after_step_raises_ends_the_run(minimise: Minimise) -> None:
    class StopError(Exception):
        pass

    def stop(losses: Losses, image: Image) -> None:
        raise StopError

    with pytest.raises(StopError):
        minimise(quadratic, START, 50, stop)
