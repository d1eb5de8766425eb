"""``texonnx score`` with a judge of structure: table, JSON and copy map, by the true weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import Texonnx

from texonnx.images import load_image
from texonnx.weights import cache
from texonnx.weights.network import VggWeights

STONE = Path(__file__).parents[2] / "images" / "stone.jpg"
PEBBLES = Path(__file__).parents[1] / "scoring/pictures/pebbles-100.jpg"


def test_the_table_the_file_and_the_map_agree(
    texonnx: Texonnx, pretrained: VggWeights, tmp_path: Path
) -> None:
    cache.save(pretrained, "pretrained")
    small = ("--exemplar-size", "128", "--json", "scores.json", "--copy-map", "map.png")
    outcome = texonnx("score", STONE, PEBBLES, *small)
    assert (outcome.code, outcome.err) == (0, "")
    lines = [line.split() for line in outcome.out.splitlines()]
    assert lines[:2] == [["structure"], ["plausible", "covers", "copied", "used"]]
    assert lines[2][0] == str(PEBBLES)
    content = json.loads((tmp_path / "scores.json").read_text())
    assert "why_no_structure" not in content
    [one] = content["images"]
    structure = one["structure"]
    shown = [structure[name] for name in ("plausible", "covers", "copied", "used")]
    assert [float(word) for word in lines[2][1:]] == pytest.approx(shown, abs=1e-4)
    assert structure["plausible"] == pytest.approx(sum(structure["plausible_by_layer"]) / 3)
    assert load_image(tmp_path / "map.png").shape[3] > 2 * 256
