"""How long a test waits for others at most: so that none hangs, and no speed decides."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

LONGEST_WAIT = 600
"""Seconds, many times what anything here takes on a busy machine."""

_LOOK_AGAIN = 0.02


def wait_until(
    condition: Callable[[], object], what: str, process: subprocess.Popen[str] | None = None
) -> None:
    """Return once `condition` holds.

    Where it never does, or `process`, which should bring it about, ends before, fail for the want
    of `what`.
    """
    until = time.monotonic() + LONGEST_WAIT
    while not condition():
        if process is not None and process.poll() is not None:
            told = process.communicate()
            pytest.fail(f"waited in vain for {what}: exit code {process.returncode}, {told}")
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(_LOOK_AGAIN)


@contextmanager
def never_hanging(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill `process` after the longest wait, so that whoever reads from it goes on."""
    timer = threading.Timer(LONGEST_WAIT, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
