"""Running the command line, in this process and in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from support.limits import LONGEST_WAIT

SMALL = ("--weights", "random:0", "--layers", "conv1_1,conv2_1")
"""The objective of most tests: no download, and a gradient within milliseconds."""

SHORT = ("--exemplar-size", "32", "--steps", "2")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class Texonnx(Protocol):
    def __call__(self, *arguments: str | Path) -> Outcome: ...


def command(*arguments: str | int | Path) -> list[str]:
    return [sys.executable, "-m", "texonnx", *map(str, arguments)]


_INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGTERM", "SIGHUP"):
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
runpy.run_module("texonnx", run_name="__main__", alter_sys=True)
"""


def interruptible(*arguments: str | int | Path) -> list[str]:
    """Return the command, for a process that heeds signals even if whoever started it ignores them.

    Shells start what runs in the background so, and Python leaves it at that.
    """
    return [sys.executable, "-c", _INTERRUPTIBLE, *map(str, arguments)]


def first_step(process: subprocess.Popen[str]) -> str:
    """Wait for the first line that a run tells of a step, behind what it notes before."""
    assert process.stderr is not None
    line = process.stderr.readline()
    while "NOTE" in line:
        line = process.stderr.readline()
    return line


def run_process(
    arguments: list[str], folder: Path, environment: dict[str, str] | None = None
) -> Outcome:
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def everything_below(folder: Path) -> dict[str, int]:
    """Every file and folder, hidden ones too, with its size."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size if path.is_file() else -1
        for path in folder.rglob("*")
    }


def assert_refused(outcome: Outcome) -> str:
    """Check that what a user got wrong is told in one sentence and by exit code 2; return it."""
    assert outcome.code == 2, outcome
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("texonnx: "), lines
    assert outcome.out == ""
    return lines[0]
