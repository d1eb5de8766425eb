"""How fast a run goes and how long it will take."""

from __future__ import annotations

import pytest
from support.clock import Clock

from texonnx.cli import progress
from texonnx.cli.progress import Pace
from texonnx.run.result import Step


def step(scale: int, number: int) -> Step:
    return Step(scale, 2, (8, 8), number, 10, (10,) * (2 - scale), 1.0, {}, 0.0)


def test_the_time_left_counts_the_finer_scale_at_three_times_the_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    pace = Pace()
    pace.add(step(1, 1))
    assert pace.seconds_left is None
    for number in (2, 3):
        clock.passes(2)
        pace.add(step(1, number))
    assert pace.steps_a_second == pytest.approx(0.5)
    # 7 steps of 2 s here, then 10 of 6 s.
    assert pace.seconds_left == pytest.approx(74)


def test_a_new_scale_forgets_the_pace_of_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    pace = Pace()
    for one in (step(1, 1), step(1, 2), step(2, 1)):
        pace.add(one)
        clock.passes(1)
    assert pace.seconds_left is None
