"""A clock that nothing but the test moves, for code that measures."""

from __future__ import annotations


class Clock:
    """In place of the module :mod:`time`, or of its ``perf_counter``."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        """Return the seconds that have passed."""
        return self.now

    def passes(self, seconds: float) -> None:
        """Let some time go by."""
        self.now += seconds
