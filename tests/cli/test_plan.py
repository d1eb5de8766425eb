"""``texonnx synth --plan``: what a run would take, and no run."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import Outcome, Texonnx, assert_refused, everything_below

from texonnx.system import memory
from texonnx.weights import cache
from texonnx.weights.library import load_weights


@pytest.fixture
def plan(texonnx: Texonnx, exemplar: Path) -> Texonnx:
    """Plan a run of a small objective; its random weights are drawn once."""
    cache.save(load_weights("random:0"), "drawn")

    def run(*arguments: str | Path) -> Outcome:
        return texonnx(
            "synth", exemplar, "--plan", "--weights", "drawn", "--layers", "conv1_1,conv2_1",
            "--exemplar-size", "64", "--scales", "2", *arguments,
        )  # fmt: skip

    return run


def test_a_plan_has_a_row_for_each_scale_and_runs_nothing(plan: Texonnx, tmp_path: Path) -> None:
    before = everything_below(tmp_path)
    outcome = plan("--steps", "7,3", "-o", "out.png")
    assert (outcome.code, outcome.err) == (0, "")
    heads, coarse, fine, total, how = outcome.out.splitlines()
    assert heads.split() == ["size", "steps", "start", "s/step", "seconds"]
    assert coarse.split()[:2] == ["32x32", "7"]
    assert fine.split()[:2] == ["64x64", "3"]
    assert " s, " in total
    assert "MB at the peak" in total or "unknown memory" in total
    assert how == "found by a few steps at 32x32, 64x64"
    assert everything_below(tmp_path) == before


def test_what_does_not_fit_is_planned_and_refused(
    plan: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "memory_bytes", lambda: 50 * 10**6)
    outcome = plan("--steps", "7,3")
    assert outcome.code == 2
    assert "MB at the peak" in outcome.out
    assert "it does not fit: this machine has 50 MB; what helps: a smaller --size" in outcome.err


REFUSED = {
    "--steps 1,2,3": (("--steps", "1,2,3"), "the number of scales is 2"),
    "--scales 9": (("--scales", "9"), "9 scales"),
    "--lr 1": (("--lr", "1"), "learning rate"),
    "--provider cud": (("--provider", "cud"), "did you mean 'cuda'"),
    "--save-every 0": (("--save-every", "0"), "--save-every"),
}


@pytest.mark.parametrize(("arguments", "hint"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_in_one_sentence(
    arguments: tuple[str, ...], hint: str, plan: Texonnx
) -> None:
    assert hint in assert_refused(plan(*arguments))
