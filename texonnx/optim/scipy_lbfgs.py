"""SciPy's L-BFGS-B as the outer optimiser, on any engine.

Byrd, Lu, Nocedal and Zhu, "A Limited Memory Algorithm for Bound Constrained Optimization", 1995.
It runs without bounds: with them an iteration costs several times as much.
"""

from __future__ import annotations

import contextlib

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from texonnx.images import Image
from texonnx.optim.budget import Budget, BudgetSpentError
from texonnx.optim.run import AfterStep, Evaluate

_CORRECTIONS = 10
_NO_TOLERANCE = 0.0


def minimise_scipy_lbfgs(
    evaluate: Evaluate,
    image: Image,
    evaluations: int,
    after_step: AfterStep,
    metric: object = None,
    keeping: object = None,
) -> Image:
    """Return the best image that SciPy's L-BFGS finds with so many evaluations, or fewer.

    A line search that can make no more progress (float32 noise) ends it early. There is no place
    for a `metric` in it, and no telling where it is, for `keeping`: none is used.
    """
    budget = Budget(evaluate, image, evaluations, after_step)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        evaluation = budget(flat.astype(np.float32).reshape(image.shape))
        return evaluation.losses.total, evaluation.gradient.astype(np.float64).ravel()

    with contextlib.suppress(BudgetSpentError):
        minimize(
            objective,
            image.astype(np.float64).ravel(),
            jac=True,
            method="L-BFGS-B",
            options={
                "maxcor": _CORRECTIONS,
                "maxiter": evaluations,
                "maxfun": evaluations,
                "ftol": _NO_TOLERANCE,
                "gtol": _NO_TOLERANCE,
            },
        )
    return budget.best
