"""Paintings side by side: what is run, and the table."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import bench_paintings as tool
import numpy as np
import pytest

from texonnx.images import load_image


def test_every_image_that_it_takes_is_there() -> None:
    assert len(set(tool.PAIRS)) == 5
    assert all((tool.IMAGES / name).exists() for pair in tool.PAIRS for name in pair)


def test_both_recipes_are_run_on_the_same_two_images(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = []

    def wall_seconds(command: list[str]) -> float:
        commands.append(command)
        if command[2] == "texonnx":
            shutil.copy(tool.IMAGES / "stone.jpg", command[command.index("-o") + 1])
        elif command[2] == tool.PEER_WORKER:
            np.savez(tmp_path / "peer.npz", image=np.full((1, 3, 8, 8), 0.5, np.float32))
        return float(len(commands))

    monkeypatch.setattr(tool, "wall_seconds", wall_seconds)
    pair = tool.IMAGES / "castle.jpg", tool.IMAGES / "van_gogh_cafe.jpg"
    made = tool.paint(*pair, tmp_path, "torch", 7)
    assert [command[2] for command in commands] == [tool.PREPARATION, tool.PEER_WORKER, "texonnx"]
    assert '"evaluations": 7' in commands[1][3] and '"raw_activations": true' in commands[0][3]
    assert commands[2][3:6] == ["transfer", *map(str, pair)]
    assert made[tool.PEER][1] == 2 and made[tool.OURS][1] == 3
    assert load_image(made[tool.PEER][0]).shape == (1, 3, 8, 8)


def test_shares_are_told_in_percent() -> None:
    painting = tool.Painting("castle, cafe", tool.OURS, 41.6, 0.234, 0.861)
    assert f"| castle, cafe | {tool.OURS} | 42 | 23% | 0.86 |" in tool.paintings_table([painting])


def test_a_pair_that_fails_is_a_row_and_the_code_tells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def wall_seconds(command: list[str]) -> float:
        raise subprocess.CalledProcessError(3, command)

    monkeypatch.setattr(tool, "wall_seconds", wall_seconds)
    monkeypatch.setattr(tool, "versions_in", lambda python: {})
    sheet = tmp_path / "sheet.png"
    assert tool.main(["--torch", sys.executable, "-o", str(sheet)]) == 1
    told = f"| castle, van_gogh_cafe | both | failed: '{tool.PREPARATION}' ended with status 3 |"
    assert told in capsys.readouterr().out
    assert not sheet.exists()
