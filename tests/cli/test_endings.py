"""Whatever stops a run, it keeps what it has, leaves nothing else, and says so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.commands import (
    SHORT,
    SMALL,
    Texonnx,
    assert_refused,
    command,
    everything_below,
    first_step,
    interruptible,
)
from support.limits import LONGEST_WAIT, never_hanging

from texonnx.images import load_image
from texonnx.runtime.analytic import AnalyticEngine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

LONG = (
    "--weights", "drawn", "--layers", "conv1_1,conv2_1", "--exemplar-size", "32",
    "--steps", "1000000", "--loss", "swd", "-o", "out.png",
)  # fmt: skip


def started(exemplar: Path, drawn_once: dict[str, str], *before: str) -> subprocess.Popen[str]:
    """Start a run that does not end, with a folder of its own for temporary files."""
    temporary = exemplar.parent / "tmp"
    temporary.mkdir()
    return subprocess.Popen(
        [*before, *(command if before else interruptible)("synth", exemplar, *LONG)],
        cwd=exemplar.parent,
        env=os.environ | drawn_once | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_is_as_ctrl_c(
    number: signal.Signals, code: int, exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    with started(exemplar, drawn_once) as process, never_hanging(process):
        first_step(process)
        process.send_signal(number)
        out, err = process.communicate()
    assert process.returncode == code
    assert out == ""
    assert err.splitlines()[-1] == "texonnx: interrupted; the image so far, 32x32, is in out.png"
    assert load_image(tmp_path / "out.png").shape == (1, 3, 32, 32)
    assert set(everything_below(tmp_path)) == {"stone.png", "out.png", "tmp"}


def test_under_nohup_a_closed_terminal_stops_nothing(
    exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    with started(exemplar, drawn_once, "nohup") as process, never_hanging(process):
        assert process.stderr is not None
        while "step" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143  # and not 129


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_goes_away_costs_the_log_alone(
    stream: str, exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    words = command(
        "synth", exemplar, "--weights", "drawn", "--layers", "conv1_1,conv2_1", "--exemplar-size",
        "32", "--steps", "300", "-o", "out.png",
    )  # fmt: skip
    reading, writing = os.pipe()
    os.close(reading)  # whoever reads is gone before the first word
    others = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: writing}
    done = subprocess.run(
        words, cwd=tmp_path, env=os.environ | drawn_once, timeout=LONGEST_WAIT, check=False,
        text=True, **others,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 0, done
    assert load_image(tmp_path / "out.png").shape == (1, 3, 32, 32)
    assert "Traceback" not in (done.stderr or "")


# Memory


def failing_at(size: tuple[int, int], error: Exception) -> Callable[..., None]:
    whole = AnalyticEngine.aim

    def aim(self: AnalyticEngine, goal: object, at: tuple[int, int]) -> None:
        if tuple(at) == size:
            raise error
        whole(self, goal, at)  # type: ignore[arg-type]

    return aim


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("Failed to allocate memory for requested buffer of size 4294967296"),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"),
        RuntimeError("CUDA failure 2: out of memory ; GPU=0"),
    ],
    ids=str,
)
def test_when_memory_runs_out_the_finished_scales_are_kept(
    error: Exception,
    texonnx: Texonnx,
    exemplar: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AnalyticEngine, "aim", failing_at((64, 64), error))
    words = (*SMALL, "--exemplar-size", "64", "--engine", "analytic", "-q")
    told = assert_refused(texonnx("synth", exemplar, *words, "--steps", "3,1", "-o", "out.png"))
    assert "memory ran out at 64x64; what helps: " in told
    assert "64x64, is in out.png" in told  # where the finer scale started
    assert load_image(tmp_path / "out.png").shape == (1, 3, 64, 64)


def test_when_memory_runs_out_before_the_first_step_nothing_is_written(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnalyticEngine, "aim", failing_at((32, 32), MemoryError()))
    told = assert_refused(texonnx("synth", exemplar, *SMALL, *SHORT, "--engine", "analytic", "-q"))
    assert "memory ran out at 32x32" in told
    assert set(everything_below(tmp_path)) == {"stone.png"}


def test_a_file_may_be_called_out_of_memory(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    words = (*SMALL, *SHORT, "--init", "out of memory.png", "-q")
    assert "there is no image file" in assert_refused(texonnx("synth", exemplar, *words))


_LIMITED = """
import resource, runpy, sys
import numpy, onnxruntime, texonnx.runtime.analytic  # what is loaded counts too
with open("/proc/self/statm") as file:
    here = int(file.read().split()[0]) * resource.getpagesize()
limit = here + int(sys.argv.pop(1)) * 1_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
runpy.run_module("texonnx", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
@pytest.mark.parametrize("megabytes", [1600, 2200])
def test_a_system_that_gives_no_more_memory_is_told_of_in_one_sentence(
    megabytes: int, exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    # Enough for 512x512, and not for 1024x1024, whose columns of conv1_2 have 2.4 gigabytes. With
    # the more of both a step fails that has taken nearly all, and the image is to be kept.
    words = (
        "synth", str(exemplar), "--weights", "drawn", "--layers", "conv1_1,conv2_1", "--size",
        "1024", "--exemplar-size", "64", "--steps", "1", "--threads", "1", "--memory", "high",
        "--engine", "analytic",
        "-o", "out.png", "-q",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(megabytes), *words], cwd=tmp_path, check=False,
        env=os.environ | drawn_once | {"OPENBLAS_NUM_THREADS": "1"}, capture_output=True,
        text=True, timeout=LONGEST_WAIT,
    )  # fmt: skip
    assert done.returncode == 2, done
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("texonnx: memory ran out at ")
    image = load_image(tmp_path / "out.png")
    assert np.isfinite(image).all()
    assert set(everything_below(tmp_path)) == {"stone.png", "out.png"}
