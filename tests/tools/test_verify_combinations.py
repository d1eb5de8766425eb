"""The tool that verifies what can be exported; here its small run, in CI's own time."""

from __future__ import annotations

from pathlib import Path

import pytest
import verify_combinations as tool
from support.small_runs import draw_once
from verify_combinations import Outcome

from texonnx.weights import library


@pytest.mark.parametrize("loss", ["gram", "gan"])
def test_every_padding_and_pooling_passes(
    loss: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)
    found = list(tool.outcomes(tmp_path, (), None, "random:0", "conv1_1,conv2_1", [loss]))
    assert [(one.padding, one.pool) for one in found] == [
        (padding, pool) for padding in ("circular", "zeros", "reflect") for pool in ("avg", "max")
    ]
    for outcome in found:
        assert outcome.failures == ()
        assert outcome.checks > 5


@pytest.mark.parametrize(
    ("outcome", "cells"),
    [
        (Outcome("gram", "zeros", "avg", (), 14, 2e-6), "14 checks passed | 2.0e-06 |"),
        (Outcome("gram", "zeros", "avg", (), 14), "14 checks passed | not run |"),
        (Outcome("gram", "zeros", "avg", ("a: b: c",), 14, 0.1), "a: b: c | 1.0e-01 |"),
        (Outcome("gram", "zeros", "avg", (), 14, None, "no kernel"), "passed | no kernel |"),
    ],
)
def test_the_table_says_what_became_of_each(outcome: Outcome, cells: str) -> None:
    assert tool.table([outcome]).endswith(f"{cells}\n")


@pytest.mark.parametrize(
    ("more", "passed"),
    [
        ({}, True),
        ({"deviation": 1e-4}, True),
        ({"deviation": 1e-2}, False),
        ({"problem": "no kernel"}, False),
    ],
)
def test_a_combination_passes_if_all_that_was_asked_for_holds(more: dict, passed: bool) -> None:
    assert Outcome("gram", "zeros", "avg", (), 14, **more).passed is passed
    assert not Outcome("gram", "zeros", "avg", ("a",), 14, **more).passed


def test_a_folder_that_cannot_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"folder": "x", "problem": "no kernel"}
    monkeypatch.setattr(tool, "in_wasm", lambda web, exported: answer)
    monkeypatch.setattr(tool, "PADDINGS", ("zeros",))
    monkeypatch.setattr(tool, "POOLINGS", ("avg",))
    monkeypatch.setattr(library, "random_weights", draw_once)
    [found] = tool.outcomes(tmp_path, (), Path("web"), "random:0", "conv1_1", ["gram"])
    assert (found.problem, found.passed) == ("no kernel", False)
