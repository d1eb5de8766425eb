"""Running cells in processes of their own: what is made, what fails, and what is left alone."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from support.cells import WorkerInThisProcess

import texonnx
from texonnx.images import load_image
from texonnx.studies import Cell, Outcome, cells_of, load_study, run_cells, running
from texonnx.studies.outcome import read_outcome
from texonnx.studies.running import CellWorker

from .conftest import ONE_ROW, TWO_BY_TWO, Finished, write_study


def run(cells: list[Cell], place: Path, jobs: int = 2) -> dict[str, Outcome]:
    return {cell.label: outcome for cell, outcome in run_cells(cells, place, jobs)}


def test_every_cell_leaves_its_image_and_all_that_is_known_of_it(finished: Finished) -> None:
    assert sorted(finished.outcomes) == sorted(cell.label for cell in finished.cells)
    for cell in finished.cells:
        outcome = finished.outcomes[cell.label]
        assert outcome == read_outcome(cell.folder(finished.place))
        assert (outcome.status, outcome.message, outcome.provider) == ("done", "", "cpu")
        assert len(outcome.history) == 2
        assert (outcome.threads, outcome.jobs) == (1, 2)
        image = cell.folder(finished.place) / "image.png"
        assert load_image(image).shape[2] == 32
        assert outcome.score is not None
        model = texonnx.score(cell.subject.images[0], image, exemplar_size=32)
        assert outcome.score.mean == pytest.approx(model.mean)
        kept = json.loads((cell.folder(finished.place) / "result.json").read_text())
        assert kept["settings"]["loss"] == cell.settings["loss"]


def test_a_cell_is_what_the_function_itself_makes(folder: Path, finished: Finished) -> None:
    alone = texonnx.synthesize(
        folder / "stone.png",
        weights="drawn",
        layers="conv1_1,conv2_1",
        exemplar_size=32,
        steps=2,
        threads=1,
    )
    made = load_image(finished.cells[0].folder(finished.place) / "image.png")
    assert abs(made - alone.image).max() <= 0.5 / 255 + 1e-6


@pytest.fixture
def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "Worker", WorkerInThisProcess)


@pytest.mark.usefixtures("without_processes")
def test_what_is_done_is_not_done_again_and_what_is_half_done_is(
    folder: Path, finished: Finished, tmp_path: Path
) -> None:
    cells = cells_of(load_study(write_study(folder)))
    place = Path(shutil.copytree(finished.place, tmp_path / "out"))
    half = cells[1].folder(place) / "result.json"
    half.write_text(half.read_text()[:100])
    kept = (cells[0].folder(place) / "image.png").stat().st_mtime_ns
    made = run(cells[:3], place)
    assert set(made) == {cells[1].label, cells[2].label}
    assert (cells[0].folder(place) / "image.png").stat().st_mtime_ns == kept


@pytest.mark.usefixtures("without_processes")
def test_two_cells_of_one_digest_are_run_once(folder: Path, tmp_path: Path) -> None:
    text = ONE_ROW.replace('loss = "mean"', 'loss = "gram"')
    cells = cells_of(load_study(write_study(folder, text)))
    assert len(cells) == 2
    assert len(run(cells, tmp_path)) == 1
    assert not run(cells, tmp_path)


@pytest.mark.usefixtures("without_processes")
def test_weights_that_cannot_be_had_are_told_and_the_others_go_on(
    folder: Path, tmp_path: Path
) -> None:
    text = TWO_BY_TWO.replace('loss = "mean"', 'weights = "imported"')
    cells = cells_of(load_study(write_study(folder, text)))
    made = run(cells[:2], tmp_path)
    assert made["stone, Gram"].status == "done"
    refused = made["stone, mean, of course"]
    assert refused.status == "refused"
    assert "unknown vgg16 weights 'imported'" in refused.message
    assert not refused.has_image
    assert list(run(cells[:2], tmp_path)) == ["stone, mean, of course"], "not tried again"


@pytest.mark.usefixtures("without_processes")
def test_a_run_that_diverges_keeps_its_image_and_is_not_tried_again(
    folder: Path, tmp_path: Path
) -> None:
    text = TWO_BY_TWO.replace('loss = "mean"', 'optimizer = "sgd"\nlr = 1e25\ninit = "noise"')
    cells = cells_of(load_study(write_study(folder, text)))
    outcome = run(cells[1:2], tmp_path)["stone, mean, of course"]
    assert outcome.status == "diverged"
    assert "not finite" in outcome.message
    assert (cells[1].folder(tmp_path) / "image.png").is_file()
    assert not run(cells[1:2], tmp_path)


# In processes again

BROKEN = {
    "mean": ("raise ZeroDivisionError('by nothing')", "unexpected ZeroDivisionError: by"),
    "cov": ("import os; os._exit(7)", "the process ended with code 7"),
    "emd": ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL, as when memory runs out"),
}
"""What the run of each loss does, and what is told of it."""

BREAKING_WORKER = """
from texonnx.studies import worker

def break_some(job, told):
    exec(ends.get(job["settings"]["loss"], ""))
    return made(job, told)

worker._made, made = break_some, worker._made
worker.main()
"""


def test_what_nobody_expected_is_told_and_the_others_go_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "WORKER", "breaking_worker")
    ends = {loss: end for loss, (end, _) in BROKEN.items()}
    (folder / "breaking_worker.py").write_text(f"ends = {ends!r}{BREAKING_WORKER}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(folder), *sys.path)))
    text = ONE_ROW.partition("[[variants]]")[0] + f"[grid]\nloss = {[*BROKEN, 'gram']!r}"
    made = run(cells_of(load_study(write_study(folder, text))), tmp_path)
    assert made["stone, loss gram"].status == "done"
    for loss, (_, sentence) in BROKEN.items():
        broken = made[f"stone, loss {loss}"]
        assert broken.status == "broken"
        assert sentence in broken.message
        assert ("Traceback" in broken.traceback) == (loss == "mean")


def test_no_process_is_left_when_the_iteration_ends(folder: Path, tmp_path: Path) -> None:
    started: list[int] = []

    def remember(cell: Cell, folder: Path, jobs: int) -> CellWorker:
        one = CellWorker(cell, folder, jobs)
        started.append(one.worker.pid)
        return one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "CellWorker", remember)
        runs = run_cells(cells_of(load_study(write_study(folder))), tmp_path, 2)
        next(runs)
        runs.close()
    assert len(started) >= 2
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_folder_that_cannot_be_made_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cells").write_text("in the way")
    with pytest.raises(texonnx.TexonnxError, match="cannot be written"):
        run(cells_of(load_study(write_study(folder))), tmp_path)
