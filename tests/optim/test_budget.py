"""Counting evaluations, and the best image among them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from texonnx.images import Image
from texonnx.optim.budget import Budget, BudgetSpentError
from texonnx.runtime.engine import Evaluation, Losses


def image_of(level: float) -> Image:
    return np.full((1, 3, 1, 1), level, np.float32)


def level_is_loss(image: Image) -> Evaluation:
    return Evaluation(Losses(float(image[0, 0, 0, 0]), np.zeros(1, np.float32)), image)


def budget_of(evaluations: int, told: list[tuple[float, Image]] | None = None) -> Budget:
    kept = [] if told is None else told
    return Budget(
        level_is_loss,
        image_of(9),
        evaluations,
        lambda losses, image: kept.append((losses.total, image)),
    )


@pytest.mark.parametrize("evaluations", [1, 2, 7])
def test_there_are_so_many_evaluations_and_no_more(evaluations: int) -> None:
    told: list[tuple[float, Image]] = []
    budget = budget_of(evaluations, told)
    for _ in range(evaluations):
        budget(image_of(1))
    for _ in range(2):
        with pytest.raises(BudgetSpentError):
            budget(image_of(0))
    assert len(told) == evaluations
    assert budget.best[0, 0, 0, 0] == 1


def test_an_evaluation_is_handed_on_and_told_with_its_image() -> None:
    told: list[tuple[float, Image]] = []
    image = image_of(3)
    evaluation = budget_of(5, told)(image)
    assert evaluation.losses.total == 3
    assert evaluation.gradient is image
    assert told == [(3, image)]


def test_before_any_evaluation_the_first_image_is_the_best() -> None:
    assert np.array_equal(budget_of(5).best, image_of(9))


@pytest.mark.parametrize(
    ("levels", "best"), [((3, 2, 1), 1), ((1, 2, 3), 1), ((3, 1, 2), 1), ((20, 12, 15), 12)]
)
def test_the_best_is_the_image_of_the_least_loss(levels: tuple[int, ...], best: int) -> None:
    budget = budget_of(5)
    for level in levels:
        budget(image_of(level))
    assert np.array_equal(budget.best, image_of(best))


def test_a_loss_that_is_no_number_is_never_the_best() -> None:
    budget = budget_of(5)
    for level in (math.nan, 4.0, math.nan):
        budget(image_of(level))
    assert np.array_equal(budget.best, image_of(4))


def test_the_best_is_known_when_a_step_is_told() -> None:
    """Who stops the run there wants the image of that very step."""
    seen: list[float] = []
    budget = Budget(
        level_is_loss, image_of(9), 5, lambda *_: seen.append(float(budget.best[0, 0, 0, 0]))
    )
    for level in (5, 2, 7):
        budget(image_of(level))
    assert seen == [5, 2, 2]
