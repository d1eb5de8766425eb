"""``texonnx describe``: one screen, or JSON."""

from __future__ import annotations

import json
from pathlib import Path

from support.commands import Texonnx, assert_refused


def test_the_screen_says_what_the_folder_is(texonnx: Texonnx, exported: Path) -> None:
    outcome = texonnx("describe", exported, "--size", "64x32")
    assert (outcome.code, outcome.err) == (0, "")
    for told in (
        "vgg16, avg pooling, padding circular, layers divided by their mean activation",
        "conv1_1 1, conv2_1 0.5",
        "gram 1 (norm gatys)",
        "any from 2x2 pixels up",
        "at 64x32: ",
        "weights.bin",
        "targets.onnx: exemplar [1,3,H,W], output_size [2] -> target.gram.<layer> (2)",
    ):
        assert told in outcome.out
    assert all(len(line) <= 120 for line in outcome.out.splitlines()[1:])
    assert len(outcome.out.splitlines()) < 50


def test_the_recipe_is_told(texonnx: Texonnx, tmp_path: Path) -> None:
    options = ("--no-training", "--weights", "random:0", "--layers", "conv1_1", "--quiet")
    assert texonnx("export", "-o", "folder", *options).code == 0
    outcome = texonnx("describe", "folder")
    told = " ".join(outcome.out.split())
    assert "lbfgs, exemplar at 256 pixels, seed 0; steps by scale 1/1: 2, 1/2: 6," in told


def test_the_recipe_with_a_learning_rate_is_told(texonnx: Texonnx, tmp_path: Path) -> None:
    options = ("--no-training", "--weights", "random:0", "--layers", "conv1_1", "--quiet")
    assert texonnx("export", "--loss", "gan", "-o", "folder", *options).code == 0
    told = " ".join(texonnx("describe", "folder").out.split())
    assert "adam, exemplar at 256 pixels, seed 0; steps and learning rate by scale 1/1:" in told
    assert " at 0.004," in told


def test_json_has_all_of_it(texonnx: Texonnx, exported: Path) -> None:
    outcome = texonnx("describe", exported, "--size", "64", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    described = json.loads(outcome.out)
    manifest = json.loads((exported / "manifest.json").read_text())
    assert described["network"] == manifest["network"]
    assert described["files"] == {name: entry["bytes"] for name, entry in manifest["files"].items()}
    assert set(described["graphs"]) == set(manifest["graphs"])
    cost = described["cost"]
    assert (cost["height"], cost["width"]) == (64, 64)
    assert cost["flops"] == cost["convolution_flops"] + cost["product_flops"] > 0


def test_a_size_that_will_not_do_is_refused(texonnx: Texonnx, exported: Path) -> None:
    assert "at least 2x2" in assert_refused(texonnx("describe", exported, "--size", "1"))
    assert "not an exported folder" in assert_refused(texonnx("describe", "nothing"))
