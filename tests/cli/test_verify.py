"""``texonnx verify`` and ``synth --artifacts``: what they refuse, what they find, what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from support.commands import SHORT, Texonnx, assert_refused
from support.tampering import (
    copied,
    drop_input,
    edit_graph,
    edit_manifest,
    rename_input,
    set_external,
)

SMALL = ("--size", "16")


def cut_weights(folder: Path) -> None:
    path = folder / "weights.bin"
    path.write_bytes(path.read_bytes()[:-100])


def rename(folder: Path) -> None:
    edit_graph(folder, "objective.onnx", rename_input("image", "picture"))


def point_outside(folder: Path) -> None:
    (folder.parent / "weights.bin").write_bytes((folder / "weights.bin").read_bytes())
    edit_graph(folder, "adam_step.onnx", set_external("location", "../weights.bin"))


def drop(folder: Path) -> None:
    edit_graph(folder, "objective.onnx", drop_input("target.gram.conv2_1"))


def remove(folder: Path) -> None:
    (folder / "targets.onnx").unlink()


def alter(folder: Path) -> None:
    path = folder / "weights.bin"
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (cut_weights, "weights.bin' is cut short: "),
        (rename, "no input 'image', but 'picture'"),
        (point_outside, "from '../weights.bin', outside the folder"),
        (drop, "no input 'target.gram.conv2_1'"),
        (remove, "'targets.onnx' is missing"),
        (alter, "SHA-256 differs"),
    ],
)
@pytest.mark.parametrize("verb", ["verify", "synth", "describe"])
def test_a_tampered_folder_is_refused(
    verb: str,
    tamper: Callable[[Path], None],
    told: str,
    texonnx: Texonnx,
    exported: Path,
    exemplar: Path,
    tmp_path: Path,
) -> None:
    tamper(copied(exported, tmp_path / "folder"))
    arguments: dict[str, tuple[str | Path, ...]] = {
        "verify": ("verify", "folder", *SMALL),
        "describe": ("describe", "folder"),
        "synth": ("synth", exemplar, "-o", "out.png", "--artifacts", "folder", *SHORT),
    }
    assert told in assert_refused(texonnx(*arguments[verb]))
    assert not (tmp_path / "out.png").exists()


def test_a_folder_as_it_was_exported_holds(texonnx: Texonnx, exported: Path) -> None:
    outcome = texonnx("verify", exported, *SMALL)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith("all checks hold\n")
    for told in (
        "tried with 16x16 pixels on cpu",
        "gradient against finite differences",
        "a step with the objective's gradient",
        "adam_step.onnx: opset 17, IR version 10, ",
        "webgpu",
    ):
        assert told in outcome.out
    assert "failed" not in outcome.out


def scale_gradient(model: onnx.ModelProto) -> None:
    """Make the gradient 2 % larger than it is."""
    graph = model.graph
    for node in graph.node:
        node.output[:] = ["whole" if name == "gradient" else name for name in node.output]
        node.input[:] = ["whole" if name == "gradient" else name for name in node.input]
    graph.initializer.append(onnx.helper.make_tensor("factor", onnx.TensorProto.FLOAT, [], [1.02]))
    graph.node.append(onnx.helper.make_node("Mul", ["whole", "factor"], ["gradient"]))


def test_a_gradient_that_is_wrong_fails(texonnx: Texonnx, exported: Path, tmp_path: Path) -> None:
    folder = copied(exported, tmp_path / "folder")
    edit_graph(folder, "objective.onnx", scale_gradient)
    outcome = texonnx("verify", "folder", *SMALL, "--json", "found.json")
    assert (outcome.code, outcome.err) == (1, "")
    lines = outcome.out.splitlines()
    [line] = [line for line in lines if "finite differences" in line]
    assert "failed" in line
    assert lines[-1].endswith("checks failed")
    found = json.loads((tmp_path / "found.json").read_text())
    assert not found["passed"]
    [check] = [one for one in found["checks"] if "finite differences" in one["what"]]
    assert check["deviation"] == pytest.approx(0.02, abs=0.005)
    assert not check["passed"]


def test_a_manifest_with_a_wrong_entry_fails(
    texonnx: Texonnx, exported: Path, tmp_path: Path
) -> None:
    folder = copied(exported, tmp_path / "folder")
    edit_manifest(folder, lambda manifest: manifest["network"].update(pooling="median"))
    outcome = texonnx("verify", "folder", *SMALL)
    assert (outcome.code, outcome.err) == (1, "")
    assert "'network.pooling' is not by the schema: 'median' is not one of" in outcome.out


def test_the_results_are_written_as_json(texonnx: Texonnx, exported: Path, tmp_path: Path) -> None:
    outcome = texonnx("verify", exported, *SMALL, "--json", "found.json", "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["passed"]
    assert found["size"] == {"height": 16, "width": 16}
    assert found["providers"][0] == "cpu"
    assert {graph["file"] for graph in found["graphs"]} >= {"objective.onnx", "adam_step.onnx"}
    assert found["kernels"]["Conv"] == {
        "cpu": True, "cuda": True, "webgpu": True, "wasm": True, "openvino": True
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--provider", "coreml"), "no coreml provider"),
        (("--provider", "cpu,gpu"), "unknown provider 'gpu'"),
        (("--size", "1"), "at least 2x2"),
        (("--size", "small"), "'small'"),
        (("--json", "no/such/file"), "'no/such/file'"),
    ],
    ids=" ".join,
)
def test_an_option_that_will_not_do_is_refused(
    options: tuple[str, ...], told: str, texonnx: Texonnx, exported: Path
) -> None:
    assert told in assert_refused(texonnx("verify", exported, *options))


def test_what_is_no_exported_folder_is_refused(texonnx: Texonnx) -> None:
    assert "not an exported folder" in assert_refused(texonnx("verify", "nothing"))
