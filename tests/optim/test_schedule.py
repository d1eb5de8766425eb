"""How many steps each scale gets, and when it may end sooner."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest

from texonnx.errors import OptionError
from texonnx.optim.schedule import Plateau, steps_by_scale
from texonnx.optimizers import ADAM, LBFGS, OPTIMIZERS, Optimizer

# Which of them `auto` is, is settled before.
NAMED = list(OPTIMIZERS.values())


@pytest.mark.parametrize("optimizer", NAMED, ids=list(OPTIMIZERS))
@pytest.mark.parametrize("scales", [1, 2, 3, 6])
def test_by_default_every_coarser_scale_has_twice_the_steps(
    optimizer: Optimizer, scales: int
) -> None:
    coarsest, *finer = steps_by_scale(None, optimizer, scales)
    assert len(finer) == scales - 1
    for coarse, fine in pairwise(finer):
        assert coarse == 2 * fine
    if finer:
        assert coarsest >= 2 * finer[0]
        # None is given more than it needs because it is fine.
        assert finer[-1] == steps_by_scale(None, optimizer, 8)[-1]


@pytest.mark.parametrize("optimizer", NAMED, ids=list(OPTIMIZERS))
@pytest.mark.parametrize("scales", [1, 2, 3, 6])
def test_by_default_the_coarsest_scale_has_48_steps_or_more(
    optimizer: Optimizer, scales: int
) -> None:
    assert steps_by_scale(None, optimizer, scales)[0] >= 48


@pytest.mark.parametrize("optimizer", NAMED, ids=list(OPTIMIZERS))
def test_effort_multiplies_the_default_and_not_what_is_given(optimizer: Optimizer) -> None:
    once, thrice = (steps_by_scale(None, optimizer, 3, effort=effort) for effort in (1, 3))
    assert [3 * steps for steps in once[1:]] == list(thrice[1:])
    assert once[0] <= thrice[0] <= 3 * once[0]
    assert steps_by_scale(7, optimizer, 2, effort=3) == (7, 7)
    assert steps_by_scale((7, 5), optimizer, 2, effort=3) == (7, 5)


@pytest.mark.parametrize("optimizer", NAMED, ids=list(OPTIMIZERS))
def test_after_patches_few_steps_at_the_finest_are_enough(optimizer: Optimizer) -> None:
    noise, patches = (
        steps_by_scale(None, optimizer, 4, detail=detail) for detail in ("spectrum", "patches")
    )
    assert patches[-1] < noise[-1]
    # The coarsest costs next to nothing, and decides what lies where.
    assert patches[0] >= 100
    assert steps_by_scale(None, optimizer, 2, detail="patches")[0] == patches[0]
    assert steps_by_scale(None, optimizer, 6, detail="patches")[2:] == patches


@pytest.mark.parametrize("detail", ["spectrum", "patches"])
@pytest.mark.parametrize("optimizer", NAMED, ids=list(OPTIMIZERS))
def test_a_better_quality_takes_more_steps_at_every_scale(
    optimizer: Optimizer, detail: str
) -> None:
    draft, good, best = (
        steps_by_scale(None, optimizer, 3, quality, detail=detail)
        for quality in ("draft", "good", "best")
    )
    assert all(a <= b < c for a, b, c in zip(draft, good, best, strict=True))
    assert draft[-1] < good[-1]
    assert steps_by_scale(7, optimizer, 3, "best", detail=detail) == (7, 7, 7)


@pytest.mark.parametrize("steps", [7, (7,)])
@pytest.mark.parametrize("scales", [1, 3])
def test_one_number_is_for_every_scale(steps: int | tuple[int, ...], scales: int) -> None:
    assert steps_by_scale(steps, ADAM, scales) == (7,) * scales


@pytest.mark.parametrize("steps", [(80, 40, 20), [80, 40, 20]], ids=type)
def test_a_number_for_each_scale_is_taken_as_it_is(steps: tuple[int, ...]) -> None:
    assert steps_by_scale(steps, LBFGS, 3) == (80, 40, 20)


@pytest.mark.parametrize(("steps", "scales"), [((5, 4), 3), ((5, 4), 1), ((5, 4, 3), 2)])
def test_more_or_fewer_numbers_than_scales_are_refused_with_both(
    steps: tuple[int, ...], scales: int
) -> None:
    with pytest.raises(OptionError) as caught:
        steps_by_scale(steps, LBFGS, scales)
    sentence = str(caught.value)
    assert f"the number of scales is {scales}" in sentence
    assert f"steps for {len(steps)} ({','.join(map(str, steps))});" in sentence


def ended_after(losses: Iterable[float], share: float) -> int | None:
    """Return after how many steps the plateau is reached, or ``None``."""
    plateau = Plateau(share)
    for count, loss in enumerate(losses, start=1):
        if plateau.reached(loss):
            return count
    return None


def test_a_loss_that_stays_ends_after_ten_steps_more() -> None:
    assert ended_after([1.0] * 50, 0.01) == 11


def test_a_loss_that_is_0_ends_after_ten_steps_more() -> None:
    assert ended_after([0.0] * 50, 0.01) == 11


def test_a_loss_that_rises_ends_after_ten_steps_more() -> None:
    assert ended_after(range(1, 50), 0.01) == 11


@pytest.mark.parametrize(("share", "ends"), [(0.09, None), (0.11, 11)])
def test_the_share_is_of_the_loss_ten_steps_before(share: float, ends: int | None) -> None:
    # A tenth less in ten steps, again and again.
    assert ended_after((0.9 ** (step / 10) for step in range(200)), share) == ends


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_unit_of_the_loss_does_not_matter(scale: float) -> None:
    # 1 + 2^-t / 2 falls over ten steps by less than 2^-(t - 10) / 2 of about 1: to 1/64 at
    # t - 10 = 5, the 16th loss.
    losses = [scale * (1 + 0.5 * 2.0**-step) for step in range(40)]
    assert ended_after(losses, 1 / 64) == 16


def test_a_step_that_fails_hides_no_progress() -> None:
    """A line search or a leap of Adam may try what is worse; the least loss counts."""
    losses = [0.9**step if step % 3 else 5.0 for step in range(1, 100)]
    assert ended_after(losses, 0.3) is None


def test_progress_after_a_pause_of_less_than_ten_steps_goes_on() -> None:
    assert ended_after([8.0] * 9 + [4.0] * 9 + [2.0] * 9 + [1.0] * 5, 0.1) is None
    assert ended_after([8.0] * 9 + [4.0] * 30, 0.1) == 20
