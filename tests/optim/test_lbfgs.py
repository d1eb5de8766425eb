"""L-BFGS on functions whose minimum is known."""

from __future__ import annotations

import numpy as np
import pytest

from texonnx.images import Image
from texonnx.optim.lbfgs import Metric, minimise_lbfgs
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


# The metric


def inverse_curvature(image: Image) -> Image:
    return image / CURVATURE


def test_with_the_inverse_hessian_as_metric_the_second_step_is_newtons() -> None:
    # The first step only finds the scale, which is 1; the next goes to the minimum.
    record = Record()
    found = minimise_lbfgs(quadratic, START, 3, record, inverse_curvature)
    np.testing.assert_allclose(found, MINIMUM, atol=1e-5)
    assert record.losses[2] < 1e-8 * record.losses[0]


@pytest.mark.parametrize("factor", [1e-4, 1.0, 1e4])
def test_the_scale_of_the_metric_does_not_matter(factor: float) -> None:
    found = minimise_lbfgs(
        quadratic, START, 3, Record(), lambda image: np.float32(factor) * inverse_curvature(image)
    )
    np.testing.assert_allclose(found, MINIMUM, atol=1e-5)


@pytest.mark.parametrize("exponent", [-90, -20, 40, 90])
def test_the_scale_of_the_loss_does_not_matter_at_all(exponent: int) -> None:
    def scaled(image: Image) -> Evaluation:
        found = quadratic(image)
        losses = Losses(2.0**exponent * found.losses.total, found.losses.layers)
        return Evaluation(losses, np.float32(2.0**exponent) * found.gradient)

    ours, expected = Record(), Record()
    found = minimise_lbfgs(scaled, START, 12, ours)
    assert np.array_equal(found, minimise_lbfgs(quadratic, START, 12, expected))
    assert ours.losses == [2.0**exponent * loss for loss in expected.losses]


def test_a_metric_that_knows_the_curvatures_saves_evaluations() -> None:
    def evaluations_to(share: float, metric: Metric | None) -> int:
        record = Record()
        minimise_lbfgs(quadratic, START, 200, record, metric)
        return next(k for k, loss in enumerate(record.losses) if loss < share * record.losses[0])

    without, with_it = (evaluations_to(1e-6, metric) for metric in (None, inverse_curvature))
    assert with_it < without / 2


def test_with_a_metric_that_is_wrong_the_minimum_is_found_all_the_same() -> None:
    found = minimise_lbfgs(quadratic, START, 200, Record(), lambda image: image * CURVATURE)
    np.testing.assert_allclose(found, MINIMUM, atol=1e-4)


def test_a_metric_that_mixes_the_channels_and_pixels_finds_the_minimum() -> None:
    mixing = RNG.standard_normal((60, 60)).astype(np.float32)
    matrix = mixing @ mixing.T / 60 + np.eye(60, dtype=np.float32)

    def metric(image: Image) -> Image:
        return (matrix @ image.ravel()).reshape(SHAPE)

    found = minimise_lbfgs(quadratic, START, 300, Record(), metric)
    np.testing.assert_allclose(found, MINIMUM, atol=1e-3)


# The line search


def test_the_first_step_changes_the_pixels_by_a_four_hundredth_along_the_gradient() -> None:
    record = Record()
    minimise_lbfgs(quadratic, START, 2, record)
    change = record.images[1].astype(np.float64) - START
    assert np.sqrt((change**2).mean()) == pytest.approx(0.0025, rel=1e-4)
    gradient = quadratic(START).gradient.astype(np.float64)
    cosine = (change * gradient).sum() / np.linalg.norm(change) / np.linalg.norm(gradient)
    assert cosine == pytest.approx(-1, abs=1e-5)


def steep(image: Image) -> Evaluation:
    """1/2 1e6 |x - m|²: of a step of a four hundredth, most goes beyond the minimum."""
    away = image.astype(np.float64) - MINIMUM
    total = 0.5e6 * float((away**2).sum())
    return Evaluation(Losses(total, np.zeros(1, np.float32)), (np.float32(1e6) * (image - MINIMUM)))


def test_after_a_step_too_long_the_next_is_to_the_lowest_point_of_the_parabola() -> None:
    # From 0.00075 away, a step of 0.0025 is taken back to three tenths of it, the minimum.
    record = Record()
    start = MINIMUM + np.float32(0.00075)
    minimise_lbfgs(steep, start, 3, record)
    assert record.losses[1] > record.losses[0]
    assert record.losses[2] < 1e-4 * record.losses[0]
    lengths = [np.linalg.norm(image - start) for image in record.images]
    assert lengths[2] / lengths[1] == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("distance", [2.5e-5, 2.5e-4, 7.5e-4, 1.2e-3])
def test_a_step_too_long_is_taken_back_until_the_loss_falls(distance: float) -> None:
    record = Record()
    start = MINIMUM + np.float32(distance) * np.sign(RNG.standard_normal(SHAPE)).astype(np.float32)
    found = minimise_lbfgs(steep, start, 12, record)
    assert record.losses[1] > record.losses[0]
    assert steep(found).losses.total == min(record.losses) < 1e-2 * record.losses[0]


def test_a_loss_that_is_infinite_further_on_is_stepped_back_from() -> None:
    def walled(image: Image) -> Evaluation:
        """The quadratic, and infinite where any pixel has moved by more than 4 thousandths."""
        inside = np.abs(image - START).max() < 0.004
        here = quadratic(image)
        return here if inside else Evaluation(Losses(np.inf, here.losses.layers), here.gradient)

    record = Record()
    found = minimise_lbfgs(walled, START, 20, record)
    assert np.isinf(record.losses[1])
    assert value(found) == min(record.losses) < record.losses[0]


def rosenbrock(image: Image) -> Evaluation:
    """The sum of (1 - a)² + 100 (b - a²)² over neighbours a, b: 0 at 1, along a bent valley."""
    x = image.astype(np.float64).reshape(-1, 2)
    a, b = x[:, 0], x[:, 1]
    total = float(((1 - a) ** 2 + 100 * (b - a**2) ** 2).sum())
    gradient = np.stack([2 * (a - 1) - 400 * a * (b - a**2), 200 * (b - a**2)], axis=1)
    losses = Losses(total, np.zeros(1, np.float32))
    return Evaluation(losses, gradient.reshape(SHAPE).astype(np.float32))


def test_the_end_of_a_bent_valley_is_found() -> None:
    found = minimise_lbfgs(rosenbrock, np.zeros(SHAPE, np.float32), 400, Record())
    np.testing.assert_allclose(found, 1, atol=0.01)


@pytest.mark.parametrize("evaluations", range(1, 20))
def test_a_line_search_under_way_ends_with_the_evaluations(evaluations: int) -> None:
    record = Record()
    rng = np.random.default_rng(2)
    start = MINIMUM + 0.001 * rng.standard_normal(SHAPE).astype(np.float32)
    minimise_lbfgs(steep, start, evaluations, record)
    assert len(record.losses) <= evaluations


def test_noise_where_no_step_helps_ends_the_run_early() -> None:
    def uphill(image: Image) -> Evaluation:
        """A gradient of the wrong sign: whatever is tried, the loss rises."""
        here = quadratic(image)
        return Evaluation(here.losses, -here.gradient)

    record = Record()
    found = minimise_lbfgs(uphill, START, 1000, record)
    assert np.array_equal(found, START)
    assert len(record.losses) < 20


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_ends_the_run(bad: float) -> None:
    def broken(image: Image) -> Evaluation:
        return Evaluation(quadratic(image).losses, np.full_like(image, bad))

    with np.errstate(all="ignore"):
        found = minimise_lbfgs(broken, START, 1000, Record())
    assert np.array_equal(found, START)
