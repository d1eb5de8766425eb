"""L-BFGS in float32: the two-loop recursion, and a line search that mostly takes one evaluation.

Liu and Nocedal, "On the Limited Memory BFGS Method for Large Scale Optimization", 1989. An image
is large and its loss is known to float32 alone, so the corrections are kept in float32, and the
search asks for sufficient decrease only: the full step is tried first, and is nearly always taken.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.objective.lbfgs_step import (
    CORRECTIONS,
    FIRST_CHANGE,
    LEAST_COSINE,
    LONGEST,
    SHORTEST,
    SUFFICIENT_DECREASE,
    TRIALS,
)
from texonnx.optim.budget import Budget, BudgetSpentError
from texonnx.optim.keeping import Keeping, NotKept, Place, Values, numbers
from texonnx.optim.run import AfterStep, Evaluate, Metric
from texonnx.runtime.engine import Evaluation, Losses


def minimise_lbfgs(
    evaluate: Evaluate,
    image: Image,
    evaluations: int,
    after_step: AfterStep,
    metric: Metric | None = None,
    keeping: Keeping | None = None,
) -> Image:
    """Return the best image that L-BFGS finds with so many evaluations, or fewer.

    A line search that finds no decrease even along the gradient (float32 noise) ends it early.
    `metric` is the inverse Hessian to start from, but for its scale; the identity if not given.
    It goes on from the place that `keeping` has, if any.
    """
    keeping = keeping or NotKept()
    corrections = _Corrections(metric or np.copy)
    place = keeping.place
    if place is None:
        budget = Budget(evaluate, image, evaluations, after_step)
    else:
        spent, least = place.step, place.number("least")
        budget = Budget(evaluate, place.values["best"], evaluations, after_step, least, spent)
    with contextlib.suppress(BudgetSpentError):
        if place is None:
            first = budget(image)
            unit = _power_of_two_near(float(np.abs(first.gradient).max()))
            here = _in_units(first, unit)
        else:
            image, unit = place.values["image"], place.number("unit")
            losses = Losses(place.number("loss"), place.values["layers"])
            here = Evaluation(losses, place.values["gradient"])
            corrections.restore(place.values)
        while True:
            if keeping.due:
                keeping.keep(_place(image, here, unit, budget, corrections))
            direction = corrections.descent(here.gradient)
            found = _line_search(
                lambda trial: _in_units(budget(trial), unit), image, here, direction
            )
            if found is not None:
                step, there = found
                corrections.add(step, there.gradient - here.gradient)
                image, here = image + step, there
            elif corrections:
                corrections = _Corrections(metric or np.copy)
            else:
                break
    return budget.best


def _place(
    image: Image, here: Evaluation, unit: float, budget: Budget, corrections: _Corrections
) -> Place:
    """Return all that is known between two searches along a line."""
    values = {
        "image": image,
        "gradient": here.gradient,
        "layers": here.losses.layers,
        "best": budget.best,
        **numbers(loss=here.losses.total, unit=unit, least=budget.least),
    }
    return Place(budget.spent, values | corrections.state())


class _Corrections:
    """The last changes of image and gradient, and the inverse Hessian that they stand for."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._pairs: deque[tuple[Image, Image, float]] = deque(maxlen=CORRECTIONS)
        self._scale = 0.0

    def __len__(self) -> int:
        return len(self._pairs)

    def add(self, change: Image, gradient_change: Image) -> None:
        """Take in one step, unless the curvature along it is not clearly positive."""
        curvature = _dot(change, gradient_change)
        square = _dot(gradient_change, gradient_change)
        if curvature > LEAST_COSINE * np.sqrt(_dot(change, change) * square):
            self._pairs.append((change, gradient_change, 1 / curvature))
            self._scale = curvature / _dot(gradient_change, self._metric(gradient_change))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, by name."""
        state = numbers(pairs=len(self._pairs), scale=self._scale)
        for place, (change, gradient_change, inverse) in enumerate(self._pairs):
            state |= {f"change{place}": change, f"gradient_change{place}": gradient_change}
            state |= numbers(**{f"inverse{place}": inverse})
        return state

    def restore(self, state: Values) -> None:
        """Become what :meth:`state` was of."""
        self._scale = float(state["scale"])
        self._pairs.extend(
            (state[f"change{k}"], state[f"gradient_change{k}"], float(state[f"inverse{k}"]))
            for k in range(int(state["pairs"]))
        )

    def descent(self, gradient: Image) -> Image:
        """Return minus the inverse Hessian times `gradient`."""
        if not self._pairs:
            direction = self._metric(gradient)
            return direction * np.float32(-FIRST_CHANGE / _root_mean_square(direction))
        direction = -gradient
        shares = []
        for change, gradient_change, inverse in reversed(self._pairs):
            share = inverse * _dot(change, direction)
            direction -= np.float32(share) * gradient_change
            shares.append(share)
        direction = self._metric(direction) * np.float32(self._scale)
        for change, gradient_change, inverse in self._pairs:
            share = shares.pop() - inverse * _dot(gradient_change, direction)
            direction += np.float32(share) * change
        return direction


def _line_search(
    evaluate: Evaluate, image: Image, here: Evaluation, direction: Image
) -> tuple[Image, Evaluation] | None:
    """Return a step along `direction` that lowers the loss enough, or ``None``.

    After a step too long, the next is where the parabola through both losses and the slope is
    lowest (Nocedal and Wright, "Numerical Optimization", 2006, eq. 3.58), within limits.
    """
    slope = _dot(here.gradient, direction)
    length = 1.0
    for _ in range(TRIALS if slope < 0 else 0):
        step = np.float32(length) * direction
        there = evaluate(image + step)
        rise = there.losses.total - here.losses.total
        if rise <= SUFFICIENT_DECREASE * length * slope:
            return step, there
        lowest = -slope * length / (2 * (rise / length - slope))
        length *= min(max(lowest / length, SHORTEST), LONGEST)
    return None


def _power_of_two_near(size: float) -> float:
    """Return a power of two of about this size; 1 where there is none."""
    return 2.0 ** int(np.log2(size)) if 0 < size < np.inf else 1.0


def _in_units(evaluation: Evaluation, unit: float) -> Evaluation:
    """Divide loss and gradient, exactly: squares of large gradients are beyond float32."""
    losses = Losses(evaluation.losses.total / unit, evaluation.losses.layers)
    return Evaluation(losses, evaluation.gradient / np.float32(unit))


def _root_mean_square(x: Image) -> float:
    return max(float(np.sqrt(_dot(x, x) / x.size)), float(np.finfo(np.float32).tiny))


def _dot(a: Image, b: Image) -> float:
    return float(np.dot(a.ravel(), b.ravel()))
