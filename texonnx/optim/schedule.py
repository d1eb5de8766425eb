"""How many steps each scale gets, and when one may end sooner."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from texonnx.errors import OptionError
from texonnx.optimizers import Optimizer

AT_THE_COARSEST = 48
"""At least, where scales start from noise: everything large is decided there."""

EFFORTS = {"draft": 0.5, "good": 1, "best": 6}
"""What the numbers of steps are multiplied by for a quality, where scales start from noise."""

_WINDOW = 10


def steps_by_scale(
    steps: int | Sequence[int] | None,
    optimizer: Optimizer,
    scales: int,
    quality: str = "good",
    effort: int = 1,
    detail: str = "spectrum",
) -> tuple[int, ...]:
    """Return how many steps each of `scales` scales gets, coarsest first.

    Parameters
    ----------
    steps
        One number for every scale, or one for each; if not given, few at the finest scale and
        more at each coarser one, where a step costs about a quarter.
    optimizer
        Whose steps they are.
    scales
        How many scales there are.
    quality
        ``draft``, ``good`` or ``best``.
    effort
        What the numbers are multiplied by where they are not given.
    detail
        What a finer scale starts from: after ``patches`` it needs fewer steps than after noise.

    Raises
    ------
    OptionError
        When there is neither one number nor one for each scale.

    Examples
    --------
    >>> from texonnx.optimizers import ADAM, LBFGS
    >>> steps_by_scale(None, LBFGS, 4, detail="patches")
    (360, 60, 6, 2)
    >>> steps_by_scale(None, LBFGS, 3)
    (48, 16, 8)
    >>> steps_by_scale((80, 40, 20), LBFGS, 3)
    (80, 40, 20)
    >>> steps_by_scale(100, ADAM, 2)
    (100, 100)
    """
    if steps is None:
        wanted = steps_by_halvings(optimizer, quality, detail)
        coarsest, *finer = (wanted(k) * effort for k in reversed(range(scales)))
        return max(coarsest, least_at_coarsest(optimizer, quality, detail)), *finer
    if isinstance(steps, int):
        return (steps,) * scales
    if len(steps) == 1:
        return (steps[0],) * scales
    if len(steps) != scales:
        given = ",".join(map(str, steps))
        raise OptionError(
            f"the number of scales is {scales}, and there are steps for {len(steps)} ({given}); "
            "give one number, or one for each scale, coarsest first"
        )
    return tuple(steps)


def steps_by_halvings(optimizer: Optimizer, quality: str, detail: str) -> Callable[[int], int]:
    """Return the function from how many halvings a scale lies below the finest to its steps."""
    if detail == "patches":
        table = optimizer.steps_with_patches[quality]
        return lambda halvings: table[min(halvings, len(table) - 1)]
    least = max(1, round(optimizer.steps * EFFORTS[quality]))
    return lambda halvings: least * 2**halvings


def least_at_coarsest(optimizer: Optimizer, quality: str, detail: str) -> int:
    """Return how many steps the coarsest scale, or the only one, gets at least."""
    return optimizer.steps_with_patches[quality][-1] if detail == "patches" else AT_THE_COARSEST


class Plateau:
    """Says when the loss has stopped to fall: over ten steps by less than a share of itself."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._least: list[float] = []

    def reached(self, loss: float) -> bool:
        """Take note of a step's loss; return whether the scale may end."""
        least = min(loss, self._least[-1]) if self._least else loss
        self._least.append(least)
        if len(self._least) <= _WINDOW:
            return False
        return self._least[-1 - _WINDOW] - least <= self._share * self._least[-1 - _WINDOW]
