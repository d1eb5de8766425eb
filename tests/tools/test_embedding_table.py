from __future__ import annotations

from pathlib import Path

import embedding_table as tool
import numpy as np
import pytest

_IMAGE = np.full((1, 3, 8, 12), 0.5, np.float32)


def _run(host, losses, image=_IMAGE, seconds=((0.5, 0.25), (2.0,))):
    return tool.Run(host, "1.31.1", np.array(losses), [list(scale) for scale in seconds], image)


def test_a_host_is_held_against_the_reference():
    reference = _run("texonnx", [1.0, 0.5, 0.25])
    other = _run("C", [1.0, 0.5005, 0.25], tool.in_8_bits(_IMAGE) + np.float32(0.01))
    lines = tool.table(reference, [_run("Node", [1.0, 0.5, 0.25], tool.in_8_bits(_IMAGE)), other])
    header, _, first, node, c = lines.splitlines()
    assert header.endswith("| s a step, 6x4 | s a step, 12x8 |")
    assert first == "| texonnx | 1.31.1 |  |  |  | 0.250 | 2.000 |"
    assert node == "| Node | 1.31.1 | 0e+00 | 0e+00 | inf | 0.250 | 2.000 |"
    assert c == "| C | 1.31.1 | 0e+00 | 1e-03 | 40 | 0.250 | 2.000 |"


def test_a_host_that_is_not_installed_is_told(tmp_path):
    with pytest.raises(tool.HostFailedError, match="has no onnxruntime-node: run npm install"):
        tool._node(tmp_path)


def test_a_host_that_fails_is_told_with_its_own_words(tmp_path):
    script = "import sys; sys.exit('no such folder')"
    example = tool.Example((tool.sys.executable, "-c", script), ".png", "1")
    case = tool.Case(tmp_path, tmp_path / "exemplar", 64, (1,), 0)
    with pytest.raises(tool.HostFailedError, match="Python: no such folder"):
        tool.run_example("Python", example, case)


def test_a_folder_that_is_none_is_one_sentence(tmp_path, capsys):
    stone = Path(__file__).resolve().parents[2] / "images" / "stone.jpg"
    assert tool.main([str(tmp_path), str(stone)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("embedding_table: ")
    assert len(told.splitlines()) == 1
