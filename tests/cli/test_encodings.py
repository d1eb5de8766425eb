"""What an output's encoding lacks is replaced; it costs neither the help nor a finished picture."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.limits import LONGEST_WAIT

from texonnx.images import save_image

SMALL = ("--weights", "random:0", "--layers", "conv1_1", "--exemplar-size", "32", "--steps", "1")
ENCODINGS = ["ascii", "cp932", "cp936", "cp950", "cp1252", "cp866", "utf-8"]


def run(encoding: str, *words: str | bytes | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "texonnx", *words],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=LONGEST_WAIT,
        check=False,
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("words", [("--help",), ("synth", "--help")])
def test_help_is_printed(encoding: str, words: tuple[str, ...]) -> None:
    done = run(encoding, *words)
    assert done.returncode == 0, done.stderr
    assert b"synth" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "darwin", reason="NEEDS file names of any bytes")
@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "cp932"])
@pytest.mark.parametrize("name", ["石.png".encode(), b"caf\xe9.png"], ids=["utf-8", "latin-1"])
def test_a_name_outside_the_encoding_costs_nothing(
    tmp_path: Path, encoding: str, name: bytes
) -> None:
    save_image(tmp_path / "a.png", np.random.default_rng(0).random((1, 3, 32, 32), np.float32))
    exemplar = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118
    os.rename(tmp_path / "a.png", exemplar)  # noqa: PTH104
    out = os.path.join(os.fsencode(tmp_path), b"out-" + name)  # noqa: PTH118
    done = run(encoding, "synth", exemplar, "-o", out, *SMALL)
    assert done.returncode == 0, done.stderr
    assert os.path.getsize(out) > 0  # noqa: PTH202
    refused = run(encoding, "synth", exemplar + b".none.png")
    assert refused.returncode == 2
    assert b"Traceback" not in refused.stderr
