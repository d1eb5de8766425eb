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
    best, least
        The image of the least loss so far, and that loss.
    spent
        How many evaluations were made.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        image: Image,
        evaluations: int,
        after_step: AfterStep,
        least: float = np.inf,
        spent: int = 0,
    ) -> None:
        self.best = image
        self.least = least
        self.spent = spent
        self._evaluate = evaluate
        self._evaluations = evaluations
        self._after_step = after_step

    def __call__(self, image: Image) -> Evaluation:
        """Evaluate at `image`, or raise :class:`BudgetSpentError`."""
        if self.spent >= self._evaluations:
            raise BudgetSpentError
        self.spent += 1
        evaluation = self._evaluate(image)
        if evaluation.losses.total < self.least:
            self.best, self.least = image, evaluation.losses.total
        self._after_step(evaluation.losses, image)
        return evaluation
