from __future__ import annotations

import pytest
from peers import answering, optimizer_worker
from peers.answering import NotHereError
from peers.candidates import Candidate
from peers.optimizers import Overhead, measure_overheads
from peers.worker import NotMeasuredError
from support.clock import Clock

_CANDIDATE = Candidate("analytic", "the engine", "analytic", "none")


def _overhead(candidate, optimizer):
    return Overhead(candidate.name, candidate.title, optimizer, "gram", 64, 1)


class FakeWorker:
    def __init__(self, answers):
        self._answers = iter(answers)
        self.versions = {}
        self.closed = False

    def ask(self, what):
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed = True


def _figures(alone, step):
    return {"alone": alone, "step": step, "begin": 0.0}


def test_the_first_round_is_for_warming_up_and_the_overhead_is_round_by_round():
    rounds = [{"lbfgs": _figures(9, 99)}, {"lbfgs": _figures(1, 1.5)}, {"lbfgs": _figures(2, 2.5)}]
    worker = FakeWorker(rounds)
    (row,) = measure_overheads(_CANDIDATE, ["lbfgs"], 2, lambda one: worker, _overhead)
    assert row.percent == [50, 25]
    assert row.as_json()["overhead_percent"] == 37.5
    assert worker.closed


def test_an_optimizer_that_there_is_not_leaves_the_others_be():
    answer = {"lbfgs": _figures(1, 1), "rprop": {"problem": "not here: no 'rprop'"}}
    worker = FakeWorker([answer, answer])
    rows = measure_overheads(_CANDIDATE, ["rprop", "lbfgs"], 1, lambda one: worker, _overhead)
    assert [row.problem for row in rows] == ["not here: no 'rprop'", None]
    assert not rows[0].failed


def test_a_worker_that_breaks_fails_every_optimizer():
    worker = FakeWorker([NotMeasuredError("it broke", failed=True)])
    rows = measure_overheads(_CANDIDATE, ["adam", "sgd"], 1, lambda one: worker, _overhead)
    assert all(row.failed for row in rows)
    assert worker.closed


def test_a_step_of_the_loop_is_what_lies_between_two_calls(monkeypatch):
    clock = Clock()
    for module in (answering, optimizer_worker):
        monkeypatch.setattr(module, "time", clock)

    def loop(after_step):
        clock.passes(100)
        for _ in range(4):
            clock.passes(10)
            after_step("losses", "image")
        clock.passes(1000)

    found = optimizer_worker.compare_loop(lambda: clock.passes(3), loop, 3)
    assert found == {"alone": 3, "step": 10, "begin": 100}


def test_a_loop_of_one_step_tells_nothing():
    with pytest.raises(NotHereError, match="ended before its second step"):
        optimizer_worker.compare_loop(lambda: None, lambda after_step: after_step(), 1)
