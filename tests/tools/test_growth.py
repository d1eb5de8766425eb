from __future__ import annotations

from peers.candidates import Candidate
from peers.growth import grow
from support.rows import row

_CANDIDATES = [Candidate(name, name, "analytic", "none") for name in ("a", "b")]


def _blank(candidate, size, threads):
    found = row(candidate.name, [1.0])
    found.size, found.threads = size, threads
    return found


def test_sizes_grow_within_each_number_of_threads():
    tables = list(grow(_CANDIDATES, [256, 128], [1, 2], _blank, _blank))
    assert [(rows[0].threads, rows[0].size) for rows in tables] == [
        (1, 128),
        (1, 256),
        (2, 128),
        (2, 256),
    ]
    assert [found.candidate for found in tables[0]] == ["a", "b"]


def test_who_could_not_do_a_size_is_spared_the_larger_ones():
    asked = []

    def measure(candidate, size, threads):
        asked.append((candidate.name, size))
        found = _blank(candidate, size, threads)
        if candidate.name == "b" and size == 256:
            found.problem = "failed: the process was ended by signal 9"
        return found

    tables = list(grow(_CANDIDATES, [128, 256, 512], [1], measure, _blank))
    assert ("b", 512) not in asked
    assert tables[2][1].problem == "not here: it could not do 256x256"
    assert tables[2][0].problem is None
