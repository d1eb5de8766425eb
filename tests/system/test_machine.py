"""The machine, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from texonnx.runtime.installed import the_runtime
from texonnx.system import machine
from texonnx.system.machine import this_machine, threads_allowed


def test_the_machine_has_a_processor_cores_memory_and_one_runtime() -> None:
    here = this_machine(the_runtime())
    assert here.processor
    assert here.cores >= 1
    assert here.memory.endswith(" GiB") or here.memory == "unknown"
    assert here.runtime == str(the_runtime())
    assert str(here).endswith(here.runtime)


# How many threads


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty file system of control groups, eight processors, and no variable."""
    monkeypatch.setattr(machine, "_GROUPS", tmp_path)
    monkeypatch.setattr(machine, "_OWN_GROUP", tmp_path / "own")
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(machine, "cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return tmp_path


def put(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def test_where_nothing_limits_them_the_runtime_decides(groups: Path) -> None:
    put(groups, cpu__max="max 100000\n")
    assert threads_allowed() == 0


@pytest.mark.parametrize(
    ("told", "threads"), [("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1)]
)
def test_a_quota_of_version_2_counts(told: str, threads: int, groups: Path) -> None:
    put(groups / "docker" / "1", cpu__max=f"{told}\n")
    put(groups, own="0::/docker/1\n")
    assert threads_allowed() == threads


@pytest.mark.parametrize(("quota", "threads"), [("300000", 3), ("-1", 0)])
def test_a_quota_of_version_1_counts(quota: str, threads: int, groups: Path) -> None:
    put(groups / "cpu", cpu__cfs_quota_us=quota, cpu__cfs_period_us="100000")
    put(groups, own="4:cpu,cpuacct:/\n")
    assert threads_allowed() == threads


def test_processors_that_may_not_be_used_do_not_count(
    groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 3)
    assert threads_allowed() == 3


@pytest.mark.parametrize(("told", "threads"), [("2", 2), ("4,2", 4), ("0", 0), ("many", 0)])
def test_the_variable_counts(
    told: str, threads: int, groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads_allowed() == threads


def test_the_least_of_them_counts(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(groups, cpu__max="400000 100000\n")
    monkeypatch.setenv("OMP_NUM_THREADS", "6")
    assert threads_allowed() == 4
