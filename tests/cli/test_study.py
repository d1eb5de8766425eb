"""``texonnx study``: what it prints, how it ends, and what it refuses before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cells import WorkerInThisProcess
from support.commands import Outcome, Texonnx, assert_refused, everything_below

from texonnx.studies import running
from texonnx.weights import cache
from texonnx.weights.library import load_weights

STUDY = """
exemplars = ["stone.png"]
[options]
layers = "conv1_1,conv2_1"
weights = "drawn"
exemplar_size = 32
steps = 2
[quick]
steps = 1
[[variants]]
label = "Gram"
[[variants]]
label = "other"
loss = "mean"
"""


@pytest.fixture
def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "Worker", WorkerInThisProcess)


@pytest.fixture
def study(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> Texonnx:
    """Run a study of two cells; its random weights are drawn once."""
    cache.save(load_weights("random:0"), "drawn")
    (tmp_path / "tiny.toml").write_text(STUDY)

    def run(*arguments: str | Path) -> Outcome:
        return texonnx("study", *arguments)

    return run


def test_a_study_tells_of_every_cell_and_then_where_the_report_is(
    study: Texonnx, tmp_path: Path
) -> None:
    outcome = study("tiny.toml", "-o", "out")
    assert outcome.code == 0
    assert outcome.out == "out/report.html: 2 of 2 done\n"
    assert sorted(line[4:].partition(":")[0] for line in outcome.err.splitlines()) == [
        "stone, Gram", "stone, other"
    ]  # fmt: skip
    assert {"report.html", "results.csv", "sheet.png", "cells"} <= set(
        everything_below(tmp_path / "out")
    )


@pytest.mark.usefixtures("without_processes")
def test_the_same_again_runs_nothing_and_a_change_what_it_touches(
    study: Texonnx, tmp_path: Path
) -> None:
    study("tiny.toml")
    again = study("tiny.toml")
    assert again == Outcome(0, "tiny/report.html: 2 of 2 done\n", "2 of 2 are done already\n")
    (tmp_path / "tiny.toml").write_text(STUDY.replace('loss = "mean"', 'loss = "cov"'))
    changed = study("tiny.toml")
    assert changed.err.splitlines()[0] == "1 of 2 are done already"
    assert changed.err.splitlines()[1].startswith("2/2 stone, other: ")


@pytest.mark.usefixtures("without_processes")
def test_a_quiet_quick_look_prints_nothing(study: Texonnx, tmp_path: Path) -> None:
    assert study("tiny.toml", "--quick", "--quiet", "--jobs", "1") == Outcome(0, "", "")
    assert "quick look" in (tmp_path / "tiny" / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("without_processes")
def test_a_cell_that_cannot_be_run_is_counted_and_the_code_is_0(
    study: Texonnx, tmp_path: Path
) -> None:
    (tmp_path / "tiny.toml").write_text(STUDY.replace('loss = "mean"', 'weights = "pretrained"'))
    outcome = study("tiny.toml")
    assert outcome.code == 0
    assert outcome.out == "tiny/report.html: 1 of 2 done, 1 could not be run\n"
    assert "no connection" in outcome.err


def test_where_nothing_can_be_run_the_code_is_2(study: Texonnx, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(STUDY.replace("drawn", "pretrained"))
    outcome = study("tiny.toml", "-q")
    assert outcome.code == 2
    assert outcome.err == "tiny/report.html: 0 of 2 done, 2 could not be run\n"


def test_a_cell_that_breaks_is_told_even_when_quiet_and_the_code_is_1(
    study: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "WORKER", "no_such_worker")
    outcome = study("tiny.toml", "-q")
    assert outcome.code == 1
    assert "texonnx: stone, Gram: the process ended with code 1: " in outcome.err
    assert "No module named no_such_worker" in outcome.err
    assert "Traceback" not in outcome.err


REFUSED = {
    "no file": (("none.toml",), "there is no study 'none.toml'"),
    "not a study": (("stone.png",), "is not a TOML file"),
    "--jobs 0": (("tiny.toml", "--jobs", "0"), "1 or more, not 0"),
    "a file for a folder": (("tiny.toml", "-o", "stone.png"), "stone.png"),
}


@pytest.mark.parametrize(("arguments", "hint"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_before_anything_runs(
    arguments: tuple[str, ...], hint: str, study: Texonnx, tmp_path: Path
) -> None:
    assert hint in assert_refused(study(*arguments))
    assert set(everything_below(tmp_path)) == {"stone.png", "tiny.toml"}


def test_a_misspelt_option_is_refused_with_the_nearest(study: Texonnx, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(STUDY.replace("exemplar_size", "exemplarsize"))
    sentence = assert_refused(study("tiny.toml"))
    assert "unknown synth option 'exemplarsize' (did you mean 'exemplar_size'?)" in sentence
