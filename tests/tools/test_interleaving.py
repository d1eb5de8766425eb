from __future__ import annotations

import pytest
from peers import interleaving
from peers.candidates import Candidate
from peers.interleaving import measure
from peers.worker import NotMeasuredError
from support.rows import row


class FakeWorker:
    """Answers with given seconds; the first is for the warming up."""

    def __init__(self, name, seconds, journal):
        self._name, self._seconds, self._journal = name, iter(seconds), journal
        self.versions = {"python": "3.11"}

    def ask(self, what):
        if what == "memory":
            return {"megabytes": 50.0}
        self._journal.append(self._name)
        seconds = next(self._seconds)
        if seconds is None:
            raise NotMeasuredError("it broke", failed=True)
        return {"seconds": seconds, "cores": 1.5, "loss": 1.0}

    def close(self):
        self._journal.append(f"{self._name} closed")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(interleaving, "PAUSE", 0)


def _measure(seconds, reference, rounds, room=lambda megabytes: True):
    journal = []

    def start(candidate):
        if not seconds[candidate.name]:
            raise NotMeasuredError("no bfloat16", failed=False)
        return FakeWorker(candidate.name, seconds[candidate.name], journal)

    candidates = [Candidate(name, name, "analytic", "none") for name in seconds]
    blank = lambda candidate: row(candidate.name, value=None, megabytes=None)  # noqa: E731
    return measure(candidates, reference, rounds, start, blank, room), journal


def test_one_works_while_the_others_wait_round_after_round():
    rows, journal = _measure({"a": [9, 1, 2], "b": [9, 3, 4]}, "a", 2)
    assert journal == ["a", "b", "a", "b", "a", "b", "a closed", "b closed"]
    assert [found.seconds for found in rows] == [[1, 2], [3, 4]]


def test_the_first_evaluation_is_kept_apart():
    rows, _ = _measure({"a": [9, 1]}, None, 1)
    assert (rows[0].first, rows[0].seconds, rows[0].cores) == (9, [1], 1.5)


def test_who_cannot_start_is_a_row_and_the_others_go_on():
    rows, _ = _measure({"a": [9, 2], "b": [], "c": [9, 4]}, "a", 1)
    assert [found.problem for found in rows] == [None, "not here: no bfloat16", None]
    assert [found.ratio for found in rows] == [1, None, 2]


def test_who_breaks_in_a_round_is_asked_no_more():
    rows, journal = _measure({"a": [9, 1, 1], "b": [9, None]}, "a", 2)
    assert rows[1].problem == "failed: it broke"
    assert journal.count("b") == 2


def test_without_room_each_is_measured_in_turn_with_the_reference():
    seconds = {"a": [9, 6], "b": [9, 3], "reference": iter([9, 2, 9, 1])}
    rows, journal = _measure(seconds, "reference", 1, room=lambda megabytes: False)
    assert [found.ratio for found in rows[:2]] == [3, 3]
    assert rows[2].seconds == [2, 1]
    assert journal.index("a closed") < journal.index("b")


def test_room_is_asked_with_the_most_memory_taken():
    asked = []
    _measure({"a": [9, 1], "b": [9, 1]}, None, 1, lambda megabytes: asked.append(megabytes) or True)
    assert asked == [50.0]
