"""The plan of a run: its arithmetic, and that it comes true."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.clock import Clock
from support.limits import LONGEST_WAIT
from support.small_runs import draw_once

import texonnx
from texonnx.images import Image
from texonnx.optimizers import Optimizer
from texonnx.planning import rehearsal, trial, worker
from texonnx.run import course
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.goal import Goal
from texonnx.sizes import Size
from texonnx.verbs import synthesis
from texonnx.weights import cache

TOLERANCE = 0.25

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
        cache.save(draw_once("vgg16", 0), "drawn")
        yield


def exemplar(size: int) -> np.ndarray:
    return np.random.default_rng(0).random((1, 3, size, size), dtype=np.float32)


def test_a_plan_is_steps_times_seconds_and_the_line_through_the_small_scales(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 128, 256, 512 and 1024 pixels the last is extrapolated: four times as many pixels."""

    def answers_of(name: str, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
        assert [output for (_, output), _ in job["try"]] == [(128, 128), (256, 256), (512, 512)]
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
        exemplar(1024),
        exemplar_size=1024,
        scales=4,
        memory="high",
        weights="drawn",
        steps=(8, 4, 2, 1),
        engine="analytic",
    )
    assert [scale.measured for scale in planned.scales] == [True, True, True, False]
    finest = planned.scales[-1]
    assert (finest.size, finest.steps) == ((1024, 1024), 1)
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


def answers_in_this_process(_: str, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return worker.work(json.loads(json.dumps(job)))


class EngineOnAClock:
    """An engine whose seconds are so many for each pixel, and some more when it is aimed."""

    name = "analytic"
    provider = "cpu"
    inputs = SimpleNamespace(parameters=None)

    def __init__(self, clock: Clock, parts: int) -> None:
        self._clock = clock
        self._parts = parts

    def aim(self, goal: Goal, size: Size) -> None:
        self._clock.passes(2 + size.pixels / 500)

    def refresh(self, image: Image, steps: int) -> None: ...

    def loss_and_gradient(self, image: Image) -> Evaluation:
        self._clock.passes(image[0, 0].size / 1000)
        away = image - np.float32(0.5)
        loss = float(np.vdot(away, away)) / 2
        return Evaluation(Losses(loss, np.zeros(self._parts, np.float32)), away)

    def sample(self, image: Image) -> None: ...

    def stepper(self, optimizer: Optimizer, image: Image) -> None:
        return None


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    ("size", "steps"), [(256, (7, 5, 6)), (544, (3, 2, 4))], ids=["measured", "extrapolated"]
)
def test_the_planned_seconds_are_what_the_run_takes(
    size: int, steps: tuple[int, ...], optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that the engines alone move, so that no other work on the machine counts."""
    clock = Clock()
    for module in (trial, worker, rehearsal, synthesis, course):
        monkeypatch.setattr(module, "time", clock)
    for module in (worker, course):
        monkeypatch.setattr(module, "open_engine", lambda *_: EngineOnAClock(clock, parts=2))
    monkeypatch.setattr(trial, "answers_of", answers_in_this_process)
    options: dict[str, Any] = {
        "weights": "drawn", "layers": "conv1_1,conv2_1", "exemplar_size": size,
        "scales": len(steps), "steps": steps, "optimizer": optimizer, "engine": "analytic",
        "memory": "high",
    }  # fmt: skip
    planned = texonnx.plan(exemplar(size), **options)
    assert planned.scales[-1].measured == (size == 256)
    clock.now = 0.0
    taken = texonnx.synthesize(exemplar(size), **options)
    assert len(taken.history) == sum(steps)
    assert planned.seconds == pytest.approx(taken.seconds)


@pytest.mark.parametrize(
    ("size", "layers", "memory"),
    [(192, "all", "auto"), (544, "shallow", "high"), (544, "shallow", "auto")],
    ids=["measured", "extrapolated", "in parts"],
)
def test_the_planned_memory_is_what_the_run_takes(
    size: int, layers: str, memory: str, tmp_path: Path
) -> None:
    picture = tmp_path / "exemplar.png"
    texonnx.save_image(picture, exemplar(size))
    options: dict[str, Any] = {
        "layers": layers, "weights": "drawn", "exemplar_size": size, "steps": 2, "memory": memory
    }  # fmt: skip
    planned = texonnx.plan(picture, **options)
    words = [
        word
        for name, value in options.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "synth", str(picture), "-q", "-o", str(tmp_path / "o.png"),
         *words],
        capture_output=True, text=True, check=True, timeout=LONGEST_WAIT,
    )  # fmt: skip
    assert planned.megabytes == pytest.approx(float(done.stdout), rel=TOLERANCE)
