from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from peers import quality as module
from peers.quality import Quality, Trial, quality_table, synth_command
from support.clock import Clock

_IMAGE = np.full((1, 3, 8, 8), 0.5, np.float32)


def _quality(**more):
    given = {
        "peer_seconds": 200.0,
        "peer_score": {"mean": 2.0},
        "seconds": [10.0],
        "score": {"mean": 1.0, "floor": 0.5},
    }
    return Quality("stone.jpg", **{**given, **more})


def test_ratios_are_ours_to_the_peers_and_equal_is_as_good():
    quality = _quality(seconds=[10.0, 40.0, 20.0])
    assert (quality.seconds_ratio, quality.score_ratio) == (0.1, 0.5)
    assert _quality(score={"mean": 2.0}).as_good
    assert not _quality(score={"mean": 2.1}).as_good


def test_the_table_tells_each_exemplar_and_sums_up():
    table = quality_table([_quality(), _quality(score={"mean": 3.0})])
    lines = table.splitlines()
    assert lines[2] == "| stone.jpg | 200.0 | 2 | 10.0 | 1 | 0.5 | 0.050 | 0.500 | yes |"
    assert lines[3].endswith("| 1.500 | no |")
    assert "of scores 1.000 (0.500 to 1.500); as good for 1 of 2 exemplars" in table
    assert "earlier run" not in table


def test_a_peer_of_an_earlier_run_is_marked():
    table = quality_table([_quality(reused=True)])
    assert "| 200.0 (e) |" in table
    assert "(e) The peer was measured in an earlier run" in table


def test_an_exemplar_without_images_is_a_row_with_the_reason():
    table = quality_table([_quality(problem="failed: python ended with status 1")])
    assert "| stone.jpg | failed: python ended with status 1 |" in table
    assert "as good for" not in table


def test_texonnx_runs_with_defaults_unless_told_otherwise():
    command = synth_command("python", Path("a.png"), Path("b.png"), ["--threads", "1"])
    assert command == [
        "python",
        *["-m", "texonnx", "synth", "a.png", "-o", "b.png", "--quiet", "--threads", "1"],
    ]


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """A trial whose commands only write the files that the next one reads."""
    ran = []

    def wall_seconds(command):
        ran.append(command[2])
        if command[2] == "texonnx":
            shutil.copy(command[4], command[6])
        elif command[2] == module.PEER_WORKER:
            output = next(word for word in command[3].split('"') if word.endswith(".partial.npz"))
            np.savez(output, image=_IMAGE, evaluations=7)
        return 1.5

    monkeypatch.setattr(module, "wall_seconds", wall_seconds)
    (tmp_path / "stone.png").write_bytes(b"an image")
    return Trial("torch", "texonnx", tmp_path, evaluations=7, repeats=2), ran


def _compare(trial):
    exemplar = trial.folder / "stone.png"
    score = lambda exemplar, image: {"mean": 2.0 if "peer" in image.name else 1.0}  # noqa: E731
    return next(iter(trial.compare([exemplar], score)))


def test_the_peer_runs_and_then_texonnx(trial):
    quality = _compare(trial[0])
    assert trial[1] == [module.PREPARATION, module.PEER_WORKER, "texonnx", "texonnx"]
    assert (quality.peer_seconds, quality.seconds, quality.reused) == (1.5, [1.5, 1.5], False)
    assert quality.score_ratio == 0.5
    assert (trial[0].folder / "peer-stone.png").exists()


def test_nothing_is_kept_but_images_and_the_peers_result(trial):
    _compare(trial[0])
    names = sorted(file.name for file in trial[0].folder.iterdir())
    assert names == ["peer-stone.npz", "peer-stone.png", "stone.png", "texonnx-stone.png"]


def test_the_peers_image_is_reused_with_its_seconds(trial):
    np.savez(trial[0].folder / "peer-stone.npz", seconds=321.0, image=_IMAGE)
    quality = _compare(trial[0])
    assert trial[1] == ["texonnx", "texonnx"]
    assert (quality.peer_seconds, quality.reused) == (321.0, True)


def test_the_peers_image_of_another_recipe_is_not_reused(trial):
    file = trial[0].folder / "peer-stone.npz"
    np.savez(file, seconds=321.0, image=_IMAGE, evaluations=50)
    quality = _compare(trial[0])
    assert quality.failed
    assert "was made with 50 evaluations, not 7; remove it" in quality.problem
    assert trial[1] == []


def test_a_command_that_fails_is_a_row_that_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "synth_command", lambda *_: [sys.executable, "-c", "exit(2)"])
    np.savez(tmp_path / "peer-stone.npz", seconds=1.0, image=_IMAGE)
    trial = Trial("torch", "texonnx", tmp_path)
    (quality,) = trial.compare([Path("stone.png")], lambda exemplar, image: {"mean": 1.0})
    assert quality.failed
    assert quality.problem == f"failed: {sys.executable} ended with status 2"


def test_wall_seconds_are_those_of_the_whole_process(monkeypatch):
    clock = Clock()
    run = module.subprocess.run

    def run_for_seven_seconds(*arguments, **options):
        run(*arguments, **options)
        clock.passes(7)

    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module.subprocess, "run", run_for_seven_seconds)
    assert module.wall_seconds([sys.executable, "-c", ""]) == 7
    with pytest.raises(subprocess.CalledProcessError):
        module.wall_seconds([sys.executable, "-c", "exit(1)"])
