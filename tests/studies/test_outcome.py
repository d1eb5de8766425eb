"""``result.json``: written whole, read back as it was, and nothing else passes for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from texonnx.images import save_image
from texonnx.run.result import Step
from texonnx.studies.outcome import (
    IMAGE,
    RESULT,
    CellScore,
    Outcome,
    read_outcome,
    write_outcome,
)

STEP = Step(
    scale=1,
    scales=2,
    size=(16, 24),
    step=1,
    steps=3,
    steps_to_come=(2,),
    loss=0.125,
    layer_losses={"conv1_1": 0.1, "conv2_1": 0.025},
    seconds=0.5,
)
DONE = Outcome(
    status="done",
    engine="analytic",
    provider="cpu",
    machine="a machine",
    threads=1,
    jobs=2,
    seconds=1.25,
    history=(STEP,),
    score=CellScore(0.2, (0.1, 0.3), 0.4, 0.05, 0.06),
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    save_image(tmp_path / IMAGE, np.zeros((1, 3, 4, 4), np.float32))
    write_outcome(tmp_path, DONE, {"loss": "gram", "size": None})
    return tmp_path


def test_what_is_read_is_what_was_written(kept: Path) -> None:
    assert read_outcome(kept) == DONE


def test_a_refusal_needs_no_image(tmp_path: Path) -> None:
    refused = Outcome("refused", "no such weights")
    write_outcome(tmp_path, refused, {})
    assert read_outcome(tmp_path) == refused
    assert not refused.has_image


def test_a_result_without_its_image_is_none(kept: Path) -> None:
    (kept / IMAGE).unlink()
    assert read_outcome(kept) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"settings": {}, "history": 3}'])
def test_a_damaged_result_is_none(content: str, kept: Path) -> None:
    (kept / RESULT).write_text(content)
    assert read_outcome(kept) is None


def test_a_result_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_outcome(tmp_path / "nowhere") is None
