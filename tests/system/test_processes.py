"""A worker in a process of its own: its answers, its failures, its end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from texonnx.errors import RuntimeUnavailableError
from texonnx.system.processes import answers_of

WORKER = "system.worker_that"


@pytest.fixture(autouse=True)
def tests_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


@pytest.mark.parametrize("do", ["answer", "print"])
def test_the_answers_come_in_order_whatever_a_library_prints(do: str) -> None:
    first, last = answers_of(WORKER, {"do": do})
    assert first["pid"] != os.getpid()
    assert last == {"last": True}


@pytest.mark.parametrize(
    ("do", "sentence"),
    [
        ("refuse", "this will not do"),
        ("break", "first line"),
        ("exit", "the process ended with code 1: no more"),
        ("be killed", "the process was ended by SIGKILL, as when memory runs out"),
    ],
)
def test_a_failure_is_one_sentence(do: str, sentence: str) -> None:
    answers = answers_of(WORKER, {"do": do})
    next(answers)
    with pytest.raises(RuntimeUnavailableError) as error:
        next(answers)
    assert str(error.value) == sentence


def test_a_worker_that_cannot_start_is_a_failure() -> None:
    with pytest.raises(RuntimeUnavailableError, match="No module named no_such_worker"):
        next(answers_of("no_such_worker", {}))


def test_no_process_is_left_when_the_answers_are_not_wanted_any_more() -> None:
    answers = answers_of(WORKER, {"do": "answer"})
    pid = next(answers)["pid"]
    answers.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
