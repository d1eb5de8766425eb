"""ONNX Runtime reports home since 1.29 unless it is told not to; texonnx tells it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from support.limits import LONGEST_WAIT
from support.stranger import Stranger

from texonnx.images import save_image

SMALL = ("--weights", "random:0", "--layers", "conv1_1", "--steps", "1", "--size", "64")


def run(environment: Mapping[str, str], *words: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def exemplar(tmp_path: Path) -> Path:
    path = tmp_path / "exemplar.png"
    save_image(path, np.random.default_rng(0).random((1, 3, 64, 64), np.float32))
    return path


def test_the_spy_sees_what_is_looked_up(stranger: Stranger) -> None:
    run(stranger.environment, "-c", "import socket; socket.getaddrinfo('localhost', 80)")
    assert stranger.names() == ["localhost"]


def test_synth_leaves_nothing_at_home_and_looks_up_no_name(
    stranger: Stranger, exemplar: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    run(stranger.environment, "-m", "texonnx", "synth", exemplar, "-o", out, *SMALL)
    assert out.exists()
    assert stranger.files() == []
    assert stranger.names() == []


@pytest.mark.parametrize("words", [("doctor",), ("bench", "--rounds", "1", *SMALL[:4])])
def test_nor_do_verbs_that_start_processes(stranger: Stranger, words: tuple[str, ...]) -> None:
    run(stranger.environment, "-m", "texonnx", *words)
    assert all(path.startswith(".cache/texonnx/") for path in stranger.files())
    assert stranger.names() == []


def test_what_the_user_has_set_stays() -> None:
    asked = "import os, texonnx; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    unset = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    assert run(unset, "-c", asked).strip() == "1"
    assert run({**unset, "ORT_DISABLE_TELEMETRY": "0"}, "-c", asked).strip() == "0"
