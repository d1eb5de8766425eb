"""A worker seen from the benchmark: a process that is asked, and answers or says why it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_TOOLS = Path(__file__).resolve().parents[1]
_PATIENCE = 20.0
"""Seconds that a process has to end."""


class NotMeasuredError(Exception):
    """A worker could not do what it was asked.

    Attributes
    ----------
    failed
        Whether that is a fault; else the candidate is just not to be had on this machine.
    """

    def __init__(self, sentence: str, *, failed: bool) -> None:
        super().__init__(f"{'failed' if failed else 'not here'}: {sentence}")
        self.failed = failed


def module_command(python: str, module: str, job: Mapping[str, Any]) -> list[str]:
    """Return the command that runs `module` of this package in the environment of `python`."""
    return [python, "-m", module, json.dumps(job)]


def environment(temporary: str | Path) -> dict[str, str]:
    """Return the variables under which every Python finds this package.

    What libraries leave behind goes into the folder `temporary`, and with it.
    """
    paths = [str(_TOOLS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(temporary)}


def versions_in(python: str) -> dict[str, str]:
    """Return the versions of what computes in the environment of `python`."""
    command = [python, "-m", "peers.answering"]
    found = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(tempfile.gettempdir())
    )
    return dict(json.loads(found.stdout))


class Worker:
    """A started process that has said that it is ready.

    Raises
    ------
    NotMeasuredError
        From the constructor and from :meth:`ask`.
    """

    def __init__(self, command: Sequence[str], temporary: str | Path) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(temporary),
        )
        self.versions: dict[str, str] = self._answer()["versions"]

    def ask(self, what: str) -> dict[str, Any]:
        """Send the line `what`; return the answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(what + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # _answer says how the process ended
        return self._answer()

    def close(self) -> None:
        """Let the process end; end it if it does not."""
        try:
            self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"failed": self._how_it_ended()}
        for kind in ("not here", "failed"):
            if kind in answer:
                self.close()
                raise NotMeasuredError(answer[kind], failed=kind == "failed")
        return dict(answer)

    def _how_it_ended(self) -> str:
        status = self._process.wait()
        if status < 0:
            return f"the process was ended by signal {-status}; 9 may be for want of memory"
        return f"the process ended with status {status}"
