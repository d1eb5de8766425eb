"""Cells on Dask clusters: real schedulers and workers on this machine, one of them killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.cells import WorkerInThisProcess
from support.commands import Texonnx, assert_refused
from support.limits import wait_until

from texonnx import functions
from texonnx.images import Image, load_image, save_image
from texonnx.run.checkpoint import FILE
from texonnx.runtime import cluster as connection
from texonnx.runtime.engine import Evaluation
from texonnx.runtime.spread import SpreadObjective
from texonnx.studies import cluster, running, workforce
from texonnx.weights import cache
from texonnx.weights.library import load_weights

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

SMALL = ("--layers", "conv1_1,conv2_1", "--weights", "drawn", "--exemplar-size", "64")
STEPS = ("--steps", "100,100")


@pytest.fixture(autouse=True)
def drawn() -> None:
    """Random weights in the cache, which workers see by the environment."""
    cache.save(load_weights("random:0"), "drawn")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own: its address, and they."""
    log = tmp_path / "scheduler.log"
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli." + name, *words]
        with log.open("ab") as file:
            started.append(subprocess.Popen(command, cwd=tmp_path, stdout=file, stderr=file))
        return started[-1]

    def address() -> str:
        found = re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text())
        return found[1] if found else ""

    try:
        start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        wait_until(lambda: bool(address()), "the scheduler")
        where = address()
        workers = [
            start("dask_worker", where, "--no-nanny", "--nthreads", "1", "--no-dashboard")
            for _ in range(2)
        ]
        wait_until(lambda: log.read_text().count("Register worker") >= 2, "two workers")
        yield where, workers
    finally:
        for process in started:
            process.kill()
            process.wait()


def images(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: load_image(path) for path in sorted(folder.glob("*-seed-*.png"))}


def test_a_worker_that_is_killed_costs_no_image(
    scheduler: tuple[str, list[subprocess.Popen[bytes]]],
    texonnx: Texonnx,
    exemplar: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, workers = scheduler
    words = ("batch", exemplar, "--seeds", "1-4", *SMALL, *STEPS)
    moved: list[Path] = []

    # In the middle of it: once a run is kept, one of the two workers dies.
    def at_work(cells: object, place: Path, client: object) -> object:
        runs = original(cells, place, client)
        first = next(runs)  # both are at work by now
        wait_until(lambda: len(list(place.glob(f"cells/*/kept/{FILE}"))) > 1, "two kept runs")
        os.kill(workers[0].pid, signal.SIGKILL)
        moved.append(place)
        yield first
        yield from runs

    original = cluster.run_on_cluster
    monkeypatch.setattr(workforce, "run_on_cluster", at_work)
    outcome = texonnx(*words, "-o", "out", "--scheduler", address)
    assert outcome.code == 0, outcome.err
    assert moved and workers[0].wait() == -signal.SIGKILL
    assert outcome.err.count(f"worker {address.rpartition(':')[0]}") == 2
    assert "4/4" in outcome.err and "dashboard: " in outcome.err
    found = images(tmp_path / "out")
    assert len(found) == 4
    # The run that it was at went on where it was kept.
    told = [path.read_text() for path in tmp_path.glob("out/cells/*/result.json")]
    assert sum("went on from a run that was stopped after" in one for one in told) == 1
    # They are those that processes of this machine make, bit for bit; and nothing is left.
    monkeypatch.setattr(running, "Worker", WorkerInThisProcess)
    assert texonnx(*words, "-o", "here", "--jobs", "2", "-q").code == 0
    expected = images(tmp_path / "here")
    assert found.keys() == expected.keys()
    for name, image in found.items():
        assert np.array_equal(image, expected[name]), name
    assert {path.name for path in tmp_path.glob("out/cells/*/*")} == {"image.png", "result.json"}


def test_workers_of_this_machine_go_on_where_they_were(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    words = ("batch", exemplar, *SMALL, "--steps", "2", "-o", "out", "--workers", "2")
    first = texonnx(*words, "--seeds", "1-2")
    assert first.code == 0, first.err
    assert len(re.findall(r"worker tcp://127\.0\.0\.1:\d+: cpu fp32; ", first.err)) == 2
    again = texonnx(*words, "--seeds", "1-3")
    assert again.code == 0 and "2 of 3 are done already" in again.err
    assert len(images(tmp_path / "out")) == 3


def test_an_image_that_cannot_be_read_costs_its_own_run_alone(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "secret.png":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    (tmp_path / "secret.png").write_bytes(b"whatever")
    (tmp_path / "broken.png").write_bytes(b"no image")
    words = ("batch", exemplar, "broken.png", "secret.png", *SMALL, "--steps", "2", "-o", "out")
    outcome = texonnx(*words, "--workers", "1")
    assert outcome.code == 0
    assert "it is not an image in a known format" in outcome.err
    assert "secret.png': Permission denied" in outcome.err
    assert len(images(tmp_path / "out")) == 1


def test_a_scheduler_that_does_not_answer_is_refused(
    texonnx: Texonnx, exemplar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_PATIENCE", 0.5)
    words = ("batch", exemplar, *SMALL, "-o", "out", "--scheduler")
    told = assert_refused(texonnx(*words, "tcp://127.0.0.1:9"))
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:9'" in told
    told = assert_refused(texonnx(*words, "nonsense://x"))
    assert "no Dask scheduler answers at 'nonsense://x'" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--workers", "0"), "the number of workers must be 1 or more, not 0"),
        (("--workers", "2", "--scheduler", "tcp://x:1"), "give one of --scheduler and --workers"),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: tuple[str, ...], told: str, texonnx: Texonnx, exemplar: Path
) -> None:
    assert told in assert_refused(texonnx("batch", exemplar, *SMALL, "-o", "out", *words))


def test_without_dask_its_extra_is_named(
    texonnx: Texonnx, exemplar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = texonnx("batch", exemplar, *SMALL, "-o", "out", "--workers", "2")
    assert "pip install 'texonnx[dask]'" in assert_refused(outcome)


def test_workers_with_another_version_are_refused(
    texonnx: Texonnx, exemplar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "__version__", "9.9")
    outcome = texonnx("batch", exemplar, *SMALL, "-o", "out", "--workers", "1")
    assert "has another texonnx" in assert_refused(outcome)


def test_a_full_disk_in_the_middle_is_one_sentence_and_what_is_done_stays(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes
    written: list[Path] = []

    def write_bytes(path: Path, data: bytes) -> int:
        if path.name == "image.png":
            if written:
                raise OSError(28, "No space left on device")
            written.append(path)
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    words = ("batch", exemplar, *SMALL, "--steps", "2", "-o", "out", "--seeds", "1-2")
    outcome = texonnx(*words, "--workers", "1", "-q")
    assert "cannot be written: No space left on device" in assert_refused(outcome)
    assert load_image(written[0]).shape[1] == 3


def test_a_scheduler_that_goes_away_is_one_sentence_and_what_is_done_stays(
    scheduler: tuple[str, list[subprocess.Popen[bytes]]],
    texonnx: Texonnx,
    exemplar: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, _ = scheduler
    original = cluster.run_on_cluster

    def at_work(cells: object, place: Path, client: Any) -> object:
        runs = original(cells, place, client)
        yield next(runs)
        os.kill(client.run_on_scheduler(os.getpid), signal.SIGKILL)
        yield from runs

    monkeypatch.setattr(workforce, "run_on_cluster", at_work)
    words = ("batch", exemplar, *SMALL, *STEPS, "-o", "out", "--seeds", "1-6")
    told = assert_refused(texonnx(*words, "--scheduler", address, "-q"))
    assert "the Dask scheduler no longer answers" in told
    assert len(list(tmp_path.glob("out/cells/*/image.png"))) == 1


def test_what_is_sent_is_sent_once(exemplar: Path, tmp_path: Path) -> None:
    class Client:
        sent: list[bytes] = []  # noqa: RUF012

        def submit(self, function: type[bytes], data: bytes, key: str) -> str:
            self.sent.append(function(data))
            return key

    files = cluster._Files(Client())
    twin = tmp_path / "twin.png"
    twin.write_bytes(exemplar.read_bytes())
    keys = [files.on_workers(path) for path in (exemplar, exemplar, twin)]
    # And the like of it has the same key, under which Dask has it already.
    assert keys[0] == keys[1] == keys[2]
    assert Client.sent == [exemplar.read_bytes()] * 2


def shared(exemplar: Path, *more: str | Path) -> list[str | Path]:
    """A run whose second scale is walked in bands."""
    options = ["--exemplar-size", "288", "--memory", "low", "--steps", "4,6", "--scales", "2"]
    layers = ["--layers", "conv1_1,conv2_1", "--weights", "drawn", "--provider", "cpu"]
    return ["synth", exemplar, *options, *layers, *more]


def test_workers_share_an_image_and_should_one_die_the_run_goes_on_afterwards(
    scheduler: tuple[str, list[subprocess.Popen[bytes]]],
    texonnx: Texonnx,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, workers = scheduler
    exemplar = tmp_path / "large.png"
    coarse = np.random.default_rng(7).uniform(0, 1, (1, 3, 72, 72)).astype(np.float32)
    save_image(exemplar, coarse.repeat(4, axis=2).repeat(4, axis=3))
    alone = texonnx(*shared(exemplar, "-o", "alone.png"))
    assert alone.code == 0, alone.err
    evaluate, times = SpreadObjective.__call__, []

    def killing(self: SpreadObjective, image: Image) -> Evaluation:
        times.append(1)
        if len(times) == 3:
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()
        return evaluate(self, image)

    monkeypatch.setattr(SpreadObjective, "__call__", killing)
    again = shared(exemplar, "-o", "both.png", "--checkpoint", "kept", "--scheduler", address)
    outcome = texonnx(*again)
    assert outcome.code == 2
    assert re.search(
        r"the worker tcp://\S+ does not go on: .* goes on", outcome.err.splitlines()[-1]
    )
    assert "the image so far, 288x288, is in both.png" in outcome.err.splitlines()[-1]
    assert (tmp_path / "kept" / FILE).exists()
    outcome = texonnx(*again)
    assert outcome.code == 0, outcome.err
    assert len(times) > 3
    assert "1 workers shared what is evaluated in parts" in outcome.out
    assert "went on from a run that was stopped" in outcome.out
    images = [load_image(tmp_path / name) for name in ("alone.png", "both.png")]
    assert np.abs(images[0] - images[1]).max() <= 1.01 / 255


def test_workers_that_have_nothing_to_share_are_said_to_be_idle_and_a_plan_has_none(
    texonnx: Texonnx, exemplar: Path
) -> None:
    outcome = texonnx("synth", exemplar, *SMALL, *STEPS, "--workers", "1", "-o", "a.png")
    assert outcome.code == 0, outcome.err
    assert "the workers were not used" in outcome.out
    outcome = texonnx("synth", exemplar, "--plan", "--workers", "1")
    assert "of this machine alone" in assert_refused(outcome)


def test_an_interrupt_while_the_cluster_ends_does_not_cost_the_image(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def ending_slowly(*asked: object) -> Iterator[None]:
        yield
        raise KeyboardInterrupt

    monkeypatch.setattr(functions, "crew", ending_slowly)
    outcome = texonnx("synth", exemplar, *SMALL, *STEPS, "-o", "a.png")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "a.png").exists()
