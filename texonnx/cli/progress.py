"""What a user sees while a run goes on: a live bar on a terminal, else plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TaskID, TextColumn

if TYPE_CHECKING:
    from texonnx.run.result import Step

_LINES_A_SCALE = 5
_FOR_A_BAR, _FOR_WORDS = 96, 68
"""Columns that a terminal needs for the bar beside the words, and for all of these."""


class RunProgress:
    """Shows the steps of a run, and the download of weights before it, on standard error."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True)
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        self._told_of_fetching = False
        self._pace = Pace()

    @property
    def _draws(self) -> bool:
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def show(self, step: Step) -> None:
        """Show one step of the run."""
        self._pace.add(step)
        if self._quiet:
            return
        rate, left = self._pace.steps_a_second, self._pace.seconds_left
        where = f"scale {step.scale}/{step.scales} {step.size}"
        what = f"loss {step.loss:.4g}  {rate:.1f} steps/s  {_clock(left)} left"
        if self._draws:
            columns = [
                TextColumn("{task.completed}/{task.total}"),
                TextColumn("{task.fields[what]}"),
            ]
            narrow = self._console.width < _FOR_WORDS
            self._draw(
                f"{step.scale}/{step.scales}" if narrow else where,
                step.step,
                step.steps,
                columns,
                f"{_clock(left)} left" if narrow else what,
            )
        elif step.step in (1, step.steps) or step.step % max(1, step.steps // _LINES_A_SCALE) == 0:
            print(f"{where} step {step.step}/{step.steps}  {what}", file=sys.stderr, flush=True)

    def download(self, done: int, total: int) -> None:
        """Show how much of the weights has come."""
        if self._quiet:
            return
        if self._draws:
            self._draw("fetching weights", done, total, [DownloadColumn()])
        elif not self._told_of_fetching:
            print(f"fetching weights, {total / 1e6:.0f} MB", file=sys.stderr, flush=True)
            self._told_of_fetching = True
        if done >= total:
            self.close()

    def _draw(
        self, about: str, done: int, total: int, columns: Sequence[ProgressColumn], what: str = ""
    ) -> None:
        """Draw the bar, with `columns` behind it that stay until it is closed."""
        if self._bars is None:
            bar = [BarColumn(bar_width=24)] if self._console.width >= _FOR_A_BAR else []
            columns = [TextColumn("{task.description}"), *bar, *columns]
            self._bars = Progress(*columns, console=self._console)
            self._task = self._bars.add_task("", total=None, what="")
            self._bars.start()
        assert self._task is not None
        self._bars.update(self._task, description=about, completed=done, total=total, what=what)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bars is not None:
            self._bars.stop()
        self._bars = None
        self._task = None
        self._pace = Pace()


class Pace:
    """How fast the steps come, and what is left at that pace, the finer scales included."""

    _MEMORY = 0.9
    """Weight of the past in the running mean of the seconds a step."""

    _GROWTH = 3.0
    """What a step of the next scale costs: 4 times the pixels, seen to take 2 to 3.5 times."""

    def __init__(self) -> None:
        self._step: Step | None = None
        self._ended = 0.0
        self._seconds_a_step: float | None = None

    def add(self, step: Step) -> None:
        """Take note of a step."""
        now = time.perf_counter()
        taken, before = now - self._ended, self._seconds_a_step
        if self._step is None or self._step.scale != step.scale:
            self._seconds_a_step = None
        elif before is None:
            self._seconds_a_step = taken
        else:
            self._seconds_a_step = self._MEMORY * before + (1 - self._MEMORY) * taken
        self._step, self._ended = step, now

    @property
    def steps_a_second(self) -> float:
        """Of the scale at hand; 0 while unknown."""
        return 1 / self._seconds_a_step if self._seconds_a_step else 0.0

    @property
    def seconds_left(self) -> float | None:
        """To the end of the run, the finer scales guessed from this one. None while unknown."""
        if self._seconds_a_step is None or self._step is None:
            return None
        step = self._step
        finer = sum(steps * self._GROWTH**k for k, steps in enumerate(step.steps_to_come, start=1))
        return self._seconds_a_step * (step.steps - step.step + finer)


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "--:--"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
