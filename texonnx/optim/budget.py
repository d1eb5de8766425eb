"""Counting evaluations, and keeping the best image among them."""

from __future__ import annotations

import numpy as np

from texonnx.images import Image
from texonnx.optim.run import AfterStep, Evaluate
from texonnx.runtime.engine import Evaluation


class BudgetSpentError(Exception):
    """All evaluations are spent."""


class Budget:
    """Evaluates at most so many times.

    Attributes
    ----------
    best
        The image of the least loss so far.
    """

    def __init__(
        self, evaluate: Evaluate, image: Image, evaluations: int, after_step: AfterStep
    ) -> None:
        self.best = image
        self._least = np.inf
        self._evaluate = evaluate
        self._left = evaluations
        self._after_step = after_step

    def __call__(self, image: Image) -> Evaluation:
        """Evaluate at `image`, or raise :class:`BudgetSpentError`."""
        if self._left <= 0:
            raise BudgetSpentError
        self._left -= 1
        evaluation = self._evaluate(image)
        if evaluation.losses.total < self._least:
            self.best, self._least = image, evaluation.losses.total
        self._after_step(evaluation.losses, image)
        return evaluation
