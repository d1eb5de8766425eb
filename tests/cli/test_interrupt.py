"""Ctrl-C, and a run that diverges: the image so far is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import (
    SHORT,
    SMALL,
    Texonnx,
    everything_below,
    first_step,
    interruptible,
)
from support.limits import never_hanging

from texonnx.images import load_image

WITHOUT_END = ("--layers", "conv1_1,conv2_1", "--exemplar-size", "32", "--steps", "1000000")
"""With swd, that is: L-BFGS goes on searching, because what the loss compares is drawn anew."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "sgd"])
def test_ctrl_c_writes_the_image_so_far_and_exits_130(
    optimizer: str, drawn_once: dict[str, str], exemplar: Path, tmp_path: Path
) -> None:
    arguments = interruptible(
        "synth", exemplar, "-o", "out.png", "--weights", "drawn", *WITHOUT_END, "--loss", "swd",
        "--optimizer", optimizer, "--history", "h.json",
    )  # fmt: skip
    with (
        subprocess.Popen(
            arguments,
            cwd=tmp_path,
            env=os.environ | drawn_once,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        never_hanging(process),
    ):
        first = first_step(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert "step 1/1000000" in first
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == ("texonnx: interrupted; the image so far, 32x32, is in out.png")
    assert "Traceback" not in err
    assert load_image(tmp_path / "out.png").shape == (1, 3, 32, 32)
    assert json.loads((tmp_path / "h.json").read_text())
    assert set(everything_below(tmp_path)) == {"stone.png", "out.png", "h.json"}


def test_ctrl_c_before_the_first_step_writes_nothing_and_exits_130(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("texonnx.run.preparation.load_weights", interrupt)
    outcome = texonnx("synth", exemplar, "-o", "out.png", *SMALL, *SHORT)
    assert outcome.code == 130
    assert outcome.err.strip() == "texonnx: interrupted"
    assert set(everything_below(tmp_path)) == {"stone.png"}


@pytest.mark.parametrize(
    ("optimizer", "rate"), [("sgd", "1e25"), ("sgd", "1e34"), ("adam", "1e38")]
)
def test_a_run_that_diverges_keeps_the_last_good_image_and_names_the_step(
    optimizer: str, rate: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    outcome = texonnx(
        "synth", exemplar, "-o", "out.png", *SMALL, *SHORT, "--steps", "9", "--quiet",
        "--optimizer", optimizer, "--lr", rate, "--init", "noise",
    )  # fmt: skip
    assert outcome.code == 2
    [sentence] = outcome.err.splitlines()
    assert sentence.startswith("texonnx: the loss is not finite at step 2 ")
    assert "32x32" in sentence
    assert "out.png" in sentence
    # The good image is the one that step 1 was evaluated on: the seeded noise, which is smooth
    # beside an image that has been thrown to the limits 0 and 1.
    made = load_image(tmp_path / "out.png")
    assert made.shape == (1, 3, 32, 32)
    assert made.std(axis=(2, 3)).max() < 0.1


@pytest.mark.parametrize(
    "arguments",
    [
        ("transfer", "stone.png", "stone.png", *SMALL, "--content-layers", "conv2_1"),
        ("reconstruct", "stone.png", "--weights", "random:0", "--layer", "conv2_1"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_verb_keeps_the_last_good_image_of_a_run_that_diverges(
    arguments: tuple[str, ...], texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    outcome = texonnx(
        *arguments, "-o", "out.png", "--size", "32", "--quiet", "--optimizer", "sgd",
        "--lr", "1e25", "--init", "noise",
    )  # fmt: skip
    assert outcome.code == 2
    [sentence] = outcome.err.splitlines()
    assert sentence.startswith("texonnx: the loss is not finite at step 2 ")
    assert load_image(tmp_path / "out.png").std(axis=(2, 3)).max() < 0.1
