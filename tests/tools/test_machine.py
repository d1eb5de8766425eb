from __future__ import annotations

import os

from peers import machine


def test_the_description_has_what_a_reader_must_know():
    described = machine.describe_machine()
    assert {"processor", "instructions", "memory", "system", "load before"} <= set(described)
    assert all(described.values())


def test_flags_that_decide_the_speed_are_listed(tmp_path, monkeypatch):
    file = tmp_path / "cpuinfo"
    text = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 amx_bf16 amx_tile\n\nmore"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(machine, "_CPU_INFO", file)
    described = machine.describe_machine()
    assert described["processor"] == "Some CPU"
    assert described["instructions"] == "avx2 amx_tile amx_bf16"


def test_threads_go_to_different_cores_first(tmp_path, monkeypatch):
    for number, siblings in enumerate(["0-1", "0-1", "2,3", "2,3"]):
        (tmp_path / str(number)).write_text(siblings, encoding="ascii")
    monkeypatch.setattr(machine, "_TOPOLOGY", str(tmp_path / "{}"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert machine.processors_for(1) == [0]
    assert machine.processors_for(2) == [0, 2]
    assert machine.processors_for(3) == [0, 2, 1]
    assert machine.processors_for(9) == [0, 2, 1, 3]


def test_memory_is_unknown_where_nothing_tells_it(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_MEMORY_INFO", tmp_path / "none")
    assert machine.available_megabytes() is None
