"""How fast a run goes and how long it will take."""

from __future__ import annotations

import contextlib
import io
import re

import pytest
from support.clock import Clock

from texonnx.cli import progress
from texonnx.cli.progress import Pace
from texonnx.run.result import Step
from texonnx.sizes import Size


def step(scale: int, number: int) -> Step:
    return Step(scale, 2, Size(8, 8), number, 10, (10,) * (2 - scale), 1.0, {}, 0.0)


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


# What is drawn


def drawn(monkeypatch: pytest.MonkeyPatch, columns: int, term: str = "xterm") -> str:
    """Return what a terminal of so many columns is sent for a few steps."""
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take any output for a terminal
    shown = io.StringIO()
    monkeypatch.setattr("sys.stderr", shown)
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    with contextlib.closing(progress.RunProgress(quiet=False)) as bars:
        for number in (1, 2, 3):
            clock.passes(2)
            bars.show(step(1, number))
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue())


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_step_and_time_left_are_seen_at_any_width(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = drawn(monkeypatch, columns).replace("\r", "\n").splitlines()
    last = [line for line in lines if line.strip()][-1]
    assert "3/10" in last
    assert "1:14 left" in last
    assert len(last.rstrip()) <= columns
    assert ("loss" in last) == (columns >= 68)


def test_a_terminal_that_can_do_nothing_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(monkeypatch, 80, term="dumb")
    assert "\r" not in shown
    assert shown.splitlines()[0].startswith("scale 1/2 8x8 step 1/10  loss 1 ")


def test_one_fetch_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr("sys.stderr", shown)
    with contextlib.closing(progress.RunProgress(quiet=False)) as bars:
        for done in (0, 50_000_000, 58_000_000, 58_000_000):
            bars.download(done, 58_000_000)
    assert shown.getvalue() == "fetching weights, 58 MB\n"
