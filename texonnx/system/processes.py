"""A worker in a process of its own: one job in, answers out, each a line of JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from texonnx.errors import RuntimeUnavailableError, TexonnxError

Job = Mapping[str, Any]
Answer = dict[str, Any]
Work = Callable[[Answer], Iterator[Answer]]
"""Takes the job and yields the answers."""

_FAILURE = "failure"


def answers_of(module: str, job: Job) -> Iterator[Answer]:
    """Run `module` as a program in a new process, give it `job`, and yield what it answers.

    The process ends with the iteration, however that ends.

    Parameters
    ----------
    module
        The name of a module that calls :func:`serve`.
    job
        Anything that JSON can hold.

    Raises
    ------
    RuntimeUnavailableError
        When the worker fails, with its own sentence, or dies.
    """
    with tempfile.TemporaryFile() as complaints:
        worker = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            encoding="utf-8",
        )
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            with worker.stdin as entrance:
                entrance.write(json.dumps(job) + "\n")
            for line in worker.stdout:
                answer = json.loads(line)
                if _FAILURE in answer:
                    raise RuntimeUnavailableError(answer[_FAILURE])
                yield answer
            if worker.wait() != 0:
                raise RuntimeUnavailableError(_cause_of_death(worker.returncode, complaints))
        except BrokenPipeError:
            raise RuntimeUnavailableError(_cause_of_death(worker.wait(), complaints)) from None
        finally:
            worker.kill()
            worker.wait()
            worker.stdout.close()


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
        except TexonnxError as error:
            print(json.dumps({_FAILURE: str(error)}), file=exit_)
        except Exception as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            print(json.dumps({_FAILURE: lines[0]}), file=exit_)


def _cause_of_death(code: int, complaints: IO[bytes]) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        more = ", as when memory runs out" if name == "SIGKILL" else ""
        return f"the process was ended by {name}{more}"
    complaints.seek(0)
    lines = complaints.read().decode("utf-8", "replace").strip().splitlines()
    return f"the process ended with code {code}" + (f": {lines[-1]}" if lines else "")
