"""A worker in a process of its own: one job in, answers out, each a line of JSON."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from texonnx.errors import RuntimeUnavailableError, TexonnxError

Job = Mapping[str, Any]
Answer = dict[str, Any]
Work = Callable[[Answer], Iterator[Answer]]
"""Takes the job and yields the answers."""

_FAILURE = "failure"


class Worker:
    """A module that is run as a program in a new process, and given a job.

    Its standard input stays open until it is ended, and may tell it that this process is there.

    Parameters
    ----------
    module
        Its name.
    job
        Anything that JSON can hold: the first line that it reads.
    environment
        Variables beside those of this process.
    answers
        Whether what it writes to standard output will be read.
    """

    def __init__(
        self,
        module: str,
        job: Job,
        environment: Mapping[str, str] | None = None,
        *,
        answers: bool = True,
    ) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # `end` closes it
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if answers else subprocess.DEVNULL,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
            env={**os.environ, **(environment or {})},
        )
        assert self._process.stdin is not None
        # One that dies at once is seen, and its death told, as any other.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is no longer running."""
        return self._process.poll() is not None

    def lines(self) -> Iterator[str]:
        """Yield what it writes to standard output, to the end."""
        assert self._process.stdout is not None
        yield from self._process.stdout

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        return self._process.wait()

    def end(self) -> str:
        """End it if it is still running, and return the cause of its death, in words."""
        self._process.kill()
        code = self._process.wait()
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        with self._complaints:
            self._complaints.seek(0)
            lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        if code < 0:
            name = signal.Signals(-code).name
            more = ", as when memory runs out" if name == "SIGKILL" else ""
            return f"the process was ended by {name}{more}"
        return f"the process ended with code {code}" + (f": {lines[-1]}" if lines else "")


def answers_of(module: str, job: Job) -> Iterator[Answer]:
    """Run `module`, one that calls :func:`serve`, in a new process, and yield what it answers.

    The process ends with the iteration, however that ends.

    Raises
    ------
    RuntimeUnavailableError
        When the worker fails, with its own sentence, or dies.
    """
    worker = Worker(module, job)
    code: int | None = None
    try:
        for line in worker.lines():
            answer = json.loads(line)
            if _FAILURE in answer:
                raise RuntimeUnavailableError(answer[_FAILURE])
            yield answer
        code = worker.wait()
    finally:
        cause = worker.end()
    if code:
        raise RuntimeUnavailableError(cause)


def serve(work: Work) -> None:
    """Read the job from standard input and write each answer of `work` to standard output.

    What a library prints goes to standard error, so that it cannot come between the answers. An
    exception becomes the last answer: its first line, or the whole sentence if it is ours.
    """
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as exit_:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        try:
            for answer in work(json.loads(sys.stdin.readline())):
                print(json.dumps(answer), file=exit_, flush=True)
        except Exception as error:
            sentence = str(error) if isinstance(error, TexonnxError) else first_line(error)
            print(json.dumps({_FAILURE: sentence}), file=exit_)


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type where there is none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
