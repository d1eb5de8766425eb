"""The plan of a run: its arithmetic, and that it comes true."""

from __future__ import annotations

import functools
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import texonnx
from texonnx.planning import trial
from texonnx.weights import cache, random_weights

TOLERANCE = 0.25
ATTEMPTS = 3

_RUN = """
import resource, sys
from texonnx.cli import main
try:
    main()
finally:
    try:
        status = open("/proc/self/status").read()
        print(int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6)
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6)
"""


@pytest.fixture(scope="module", autouse=True)
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Random weights under the name `drawn`, in a cache that child processes see too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXONNX_CACHE", str(tmp_path_factory.mktemp("cache")))
        cache.save(random_weights("vgg16", 0), "drawn")
        yield


def exemplar(size: int) -> np.ndarray:
    return np.random.default_rng(0).random((1, 3, size, size), dtype=np.float32)


def test_a_plan_is_steps_times_seconds_and_the_line_through_the_small_scales(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 64, 128, 256 and 512 pixels the last is extrapolated: four times as many pixels."""

    def answers_of(name: str, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
        assert [output for (_, output), _ in job["try"]] == [(64, 64), (128, 128), (256, 256)]
        assert [steps for _, steps in job["try"]] == [8, 4, 2]
        yield {"engine": "analytic", "provider": "cpu", "why": "so"}
        for start, step, peak in ((1.0, 0.1, 300.0), (1.0, 0.4, 400.0), (2.0, 1.6, 700.0)):
            yield {
                "start_seconds": start,
                "step_seconds": step,
                "step_megabytes": peak,
                "megabytes": 650.0 if peak < 650 else peak,
            }

    monkeypatch.setattr(trial, "answers_of", answers_of)
    planned = texonnx.plan(
        exemplar(512), exemplar_size=512, weights="drawn", steps=(8, 4, 2, 1), engine="analytic"
    )
    assert [scale.measured for scale in planned.scales] == [True, True, True, False]
    finest = planned.scales[-1]
    assert (finest.size, finest.steps) == ((512, 512), 1)
    assert finest.step_seconds == pytest.approx(1.6 + 4 * 1.2)
    assert finest.start_seconds == pytest.approx(2 + 4 * 1)
    assert planned.megabytes == pytest.approx(700 + 4 * 300)
    expected = (1 + 8 * 0.1) + (1 + 4 * 0.4) + (2 + 2 * 1.6) + (6 + 6.4)
    assert planned.seconds == pytest.approx(planned.start_seconds + expected)


def test_memory_that_the_system_does_not_tell_is_not_planned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answers_of(name: str, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield {"engine": "analytic", "provider": "cpu", "why": "so"}
        for _ in job["try"]:
            yield {
                "start_seconds": 1.0, "step_seconds": 1.0, "step_megabytes": None, "megabytes": None
            }  # fmt: skip

    monkeypatch.setattr(trial, "answers_of", answers_of)
    assert texonnx.plan(exemplar(64), exemplar_size=64, weights="drawn").megabytes is None


def test_discriminators_and_an_exported_folder_are_tried_out_too(tmp_path: Path) -> None:
    words: dict[str, Any] = {"loss": "gan", "layers": "conv1_1", "weights": "drawn"}
    folder = texonnx.export(tmp_path / "folder", training=False, **words)
    for options in (words, {"artifacts": folder}):
        planned = texonnx.plan(
            exemplar(32), exemplar_size=32, steps=3, disc_steps=2, engine="analytic", **options
        )
        assert [(scale.size, scale.steps) for scale in planned.scales] == [((32, 32), 3)]
        assert planned.scales[0].measured
        assert planned.scales[0].step_seconds > 0


@functools.cache
def attempt(number: int, size: int, layers: str, folder: Path) -> tuple[float, float, float, float]:
    """Plan, then run; return planned and real megabytes, planned and real seconds."""
    picture = folder / f"{size}.png"
    texonnx.save_image(picture, exemplar(size))
    options = {"layers": layers, "weights": "drawn", "exemplar_size": size, "steps": 2}
    planned = texonnx.plan(picture, **options)  # type: ignore[arg-type]
    words = [
        word
        for name, value in options.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "synth", str(picture), "-q", "-o", str(folder / "o.png"),
         *words],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    assert planned.megabytes is not None
    return planned.megabytes, float(done.stdout), planned.seconds, seconds


SIZES = pytest.mark.parametrize(("size", "layers"), [(96, "all"), (192, "all"), (448, "shallow")])
"""The last one has a scale that is extrapolated."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans")


@SIZES
def test_the_planned_memory_is_what_the_run_takes(size: int, layers: str, folder: Path) -> None:
    planned, real, *_ = attempt(1, size, layers, folder)
    assert planned == pytest.approx(real, rel=TOLERANCE)


@SIZES
def test_the_planned_seconds_are_what_the_run_takes(size: int, layers: str, folder: Path) -> None:
    """Once in three attempts, as other work on the machine may come between plan and run."""
    found = []
    for number in range(1, ATTEMPTS + 1):
        *_, planned, real = attempt(number, size, layers, folder)
        if planned == pytest.approx(real, rel=TOLERANCE):
            return
        found.append((planned, real))
    pytest.fail(f"planned and real seconds: {found}")
