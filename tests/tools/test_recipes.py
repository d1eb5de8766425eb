"""Recipes side by side: what is run, and the table."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import bench_recipes as tool
import numpy as np
import pytest

PEERS: dict[str, dict[str, Any]] = {
    "noise": {"evaluations": 7},
    "fine": {"evaluations": 3, "coarse_to_fine": True},
}
FIGURES = {"plausible": 0.5, "covers": 0.7, "copied": 0.04}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that only write the files that are read afterwards, 1.5 s each."""
    commands = []

    def wall_seconds(command: list[str]) -> float:
        commands.append(command)
        if command[2] == "texonnx":
            shutil.copy(command[4], command[6])
        elif command[2] == tool.PEER_WORKER:
            output = next(word for word in command[3].split('"') if word.endswith("peer.npz"))
            np.savez(output, image=np.full((1, 3, 8, 8), 0.5, np.float32))
        return 1.5

    monkeypatch.setattr(tool, "wall_seconds", wall_seconds)
    monkeypatch.setattr(tool, "score", lambda exemplar, image: FIGURES)
    return commands


def test_peers_run_first_and_then_every_quality(ran: list[list[str]], tmp_path: Path) -> None:
    exemplar = tmp_path / "wood.png"
    exemplar.write_bytes(b"an image")
    made = list(tool.pictures(exemplar, "torch", PEERS, tmp_path))
    assert [one.recipe for one in made] == [
        *("noise", "fine"),
        *(f"texonnx synth --quality {quality}" for quality in ("draft", "good", "best")),
    ]
    assert all((one.exemplar, one.seconds, one.copied) == ("wood", 1.5, 0.04) for one in made)
    assert [command[2] for command in ran] == [
        tool.PREPARATION, tool.PEER_WORKER, tool.PEER_WORKER, *["texonnx"] * 3
    ]  # fmt: skip
    assert '"coarse_to_fine": true' in ran[2][3] and "coarse_to_fine" not in ran[1][3]
    assert ran[3][-2:] == ["--quality", "draft"]
    assert all((tmp_path / f"wood-{name}.png").exists() for name in ("noise", "fine", "best"))


def test_a_recipe_that_fails_is_a_row(
    ran: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wall_seconds(command: list[str]) -> float:
        if command[2] != tool.PREPARATION:
            raise subprocess.CalledProcessError(3, command)
        return 1.0

    monkeypatch.setattr(tool, "wall_seconds", wall_seconds)
    made = list(tool.pictures(tmp_path / "wood.png", "torch", PEERS, tmp_path))
    assert len(made) == 5 and all(one.failed for one in made)
    assert "| wood | noise | failed: ended with status 3 |" in tool.recipes_table(made)


def test_the_table_has_a_row_for_each_picture() -> None:
    row = tool.Made("wood", "noise", 12.34, 0.5, 0.7, 0.04)
    assert "| wood | noise | 12.3 | 0.50 / 0.70 | 0.04 |" in tool.recipes_table([row])
