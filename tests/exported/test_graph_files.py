"""Graph files that are not what the manifest says, whatever their digests are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.drawn_objective import drawn, specification
from support.tampering import (
    copied,
    drop_input,
    edit_graph,
    edit_manifest,
    external,
    relist,
    rename_input,
    set_external,
)

from texonnx.errors import ArtifactError
from texonnx.exported.manifest import read_manifest
from texonnx.exported.writing import export_folder
from texonnx.sizes import Size

Edit = Callable[[onnx.ModelProto], None]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    export_folder(folder, specification(loss="gram,emd"), drawn())
    return folder


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    return copied(exported, tmp_path / "folder")


def refusal(folder: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        read_manifest(folder)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_a_file_cut_short_is_told_with_both_lengths(folder: Path) -> None:
    path = folder / "weights.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert refusal(folder) == f"'{path}' is cut short: 100 bytes instead of {len(whole)}"


def test_weights_cut_short_are_refused_though_the_manifest_lists_them_so(folder: Path) -> None:
    path = folder / "weights.bin"
    path.write_bytes(path.read_bytes()[:100])
    relist(folder, "weights.bin")
    assert "the file has 100" in refusal(folder)


@pytest.mark.parametrize("graph", ["objective", "adam_step"])
def test_a_renamed_input_is_refused(graph: str, folder: Path) -> None:
    edit_graph(folder, f"{graph}.onnx", rename_input("image", "picture"))
    sentence = refusal(folder)
    assert f"{graph}.onnx' is not what the manifest describes" in sentence
    assert "no input 'image', but 'picture'" in sentence


def test_a_renamed_input_is_refused_though_the_manifest_describes_it(folder: Path) -> None:
    edit_graph(folder, "objective.onnx", rename_input("image", "picture"))

    def rename(manifest: object) -> None:
        for value in manifest["graphs"]["objective"]["inputs"]:  # type: ignore[index]
            value["name"] = value["name"].replace("image", "picture")

    edit_manifest(folder, rename)
    assert refusal(folder).endswith("objective.onnx' has no input 'image'")


def test_an_input_that_is_missing_is_refused(folder: Path) -> None:
    edit_graph(folder, "objective.onnx", drop_input("target.gram.conv1_1"))
    assert "it has no input 'target.gram.conv1_1'" in refusal(folder)


@pytest.mark.parametrize("graph", ["objective", "adam_step"])
def test_an_input_that_is_missing_from_graph_and_manifest_is_refused(
    graph: str, folder: Path
) -> None:
    edit_graph(folder, f"{graph}.onnx", drop_input("target.gram.conv1_1"))

    def drop(manifest: object) -> None:
        entry = manifest["graphs"][graph]  # type: ignore[index]
        entry["inputs"] = [one for one in entry["inputs"] if "gram.conv1_1" not in one["name"]]

    edit_manifest(folder, drop)
    assert "has no input 'target.gram.conv1_1', which another graph gives" in refusal(folder)


def test_an_input_that_nothing_gives_is_refused(folder: Path) -> None:
    edit_graph(folder, "objective.onnx", rename_input("target.gram.conv1_1", "target.gram.x"))

    def rename(manifest: object) -> None:
        for value in manifest["graphs"]["objective"]["inputs"]:  # type: ignore[index]
            if value["name"] == "target.gram.conv1_1":
                value["name"] = "target.gram.x"

    edit_manifest(folder, rename)
    assert "takes 'target.gram.x', which no other graph of the folder gives" in refusal(folder)


def test_an_input_that_the_manifest_does_not_know_is_refused(folder: Path) -> None:
    def add(model: onnx.ModelProto) -> None:
        model.graph.input.append(onnx.helper.make_tensor_value_info("more", 1, [1]))

    edit_graph(folder, "resize.onnx", add)
    assert "its input 'more' is not in the manifest" in refusal(folder)


def test_an_output_of_another_shape_is_refused_with_both(folder: Path) -> None:
    def reshape(model: onnx.ModelProto) -> None:
        [value] = [one for one in model.graph.output if one.name == "layer_losses"]
        value.type.tensor_type.shape.dim[0].dim_value = 5

    edit_graph(folder, "objective.onnx", reshape)
    assert "its output 'layer_losses' is float32 [5], not float32 [2]" in refusal(folder)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("../weights.bin", "outside the folder"),
        ("../folder/weights.bin", "outside the folder"),
        ("/etc/passwd", "outside the folder"),
        ("", "outside the folder"),
        ("below/../../weights.bin", "outside the folder"),
        ("other.bin", "does not list"),
        ("*/_ORT_MEM_ADDR_/*", "does not list"),
        ("manifest.json", "does not list"),
    ],
)
def test_data_from_elsewhere_are_refused(location: str, told: str, folder: Path) -> None:
    shutil.copy(folder / "weights.bin", folder.parent / "weights.bin")
    shutil.copy(folder / "weights.bin", folder / "other.bin")
    (folder / "below").mkdir()
    edit_graph(folder, "objective.onnx", set_external("location", location))
    sentence = refusal(folder)
    assert f"from '{location}'" in sentence
    assert told in sentence


def test_an_absolute_path_into_the_folder_is_refused(folder: Path) -> None:
    place = str(folder / "weights.bin")
    edit_graph(folder, "objective.onnx", set_external("location", place))
    assert "outside the folder" in refusal(folder)


def test_what_lies_behind_a_linked_folder_is_not_listed(folder: Path) -> None:
    shutil.copy(folder / "weights.bin", folder.parent / "weights.bin")
    (folder / "below").symlink_to(folder.parent)
    edit_graph(folder, "objective.onnx", set_external("location", "below/weights.bin"))
    assert "which the manifest does not list" in refusal(folder)


@pytest.mark.parametrize(
    ("key", "value"), [("offset", "-1"), ("offset", "9999999999"), ("length", "7")]
)
def test_a_place_beyond_the_file_or_of_another_length_is_refused(
    key: str, value: str, folder: Path
) -> None:
    edit_graph(folder, "objective.onnx", set_external(key, value))
    assert "it needs" in refusal(folder)


@pytest.mark.parametrize("key", ["offset", "length"])
def test_a_place_that_is_no_number_is_refused(key: str, folder: Path) -> None:
    edit_graph(folder, "objective.onnx", set_external(key, "here"))
    assert "is damaged" in refusal(folder)


def _as_attribute(model: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    node = onnx.helper.make_node("Constant", [], ["hidden"])
    node.attribute.append(onnx.helper.make_attribute("value", tensor))
    model.graph.node.append(node)


def _in_a_branch(model: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    output = onnx.helper.make_tensor_value_info("inside", 1, None)
    branch = onnx.helper.make_graph([], "branch", [], [output], [tensor])
    node = onnx.helper.make_node("If", ["loss"], ["hidden"], then_branch=branch, else_branch=branch)
    model.graph.node.append(node)


def _in_a_function(model: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    node = onnx.helper.make_node("Constant", [], ["y"], value=tensor)
    opset = onnx.helper.make_opsetid("", 17)
    model.functions.append(onnx.helper.make_function("local", "hidden", [], ["y"], [node], [opset]))


def _sparse(model: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    model.graph.sparse_initializer.add(values=tensor)


@pytest.mark.parametrize("hide", [_as_attribute, _in_a_branch, _in_a_function, _sparse])
def test_data_from_elsewhere_are_found_wherever_the_graph_hides_them(
    hide: Callable[[onnx.ModelProto, onnx.TensorProto], None], folder: Path
) -> None:
    def edit(model: onnx.ModelProto) -> None:
        tensor = onnx.TensorProto()
        tensor.CopyFrom(external(model))
        tensor.external_data[0].key = "location"
        tensor.external_data[0].value = "../secret"
        hide(model, tensor)

    edit_graph(folder, "targets.onnx", edit)
    assert "from '../secret', outside the folder" in refusal(folder)


def test_another_opset_is_refused(folder: Path) -> None:
    edit_graph(folder, "resize.onnx", lambda model: setattr(model.opset_import[0], "version", 18))
    assert refusal(folder).endswith("is of opset 18, and the manifest says 17")


def test_another_ir_version_is_refused(folder: Path) -> None:
    edit_graph(folder, "resize.onnx", lambda model: setattr(model, "ir_version", 11))
    assert refusal(folder).endswith("is of IR version 11, and the manifest says 10")


def test_ops_that_are_not_standard_are_refused(folder: Path) -> None:
    edit_graph(
        folder,
        "resize.onnx",
        lambda model: model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1)),
    )
    assert "uses ops of 'com.microsoft'" in refusal(folder)


@pytest.mark.parametrize("content", [b"", b"not a graph at all", b"\x00" * 64])
def test_what_is_no_model_is_refused(content: bytes, folder: Path) -> None:
    (folder / "objective.onnx").write_bytes(content)
    relist(folder, "objective.onnx")
    assert "objective.onnx" in refusal(folder)


def test_reading_goes_through_every_file_once_and_through_graphs_once_more(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights above all: a whole network's are half a gigabyte."""
    opened: list[str] = []
    open_ = Path.open

    def counted(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(path.name)
        return open_(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", counted)
    read_manifest(exported)
    graphs = [path.name for path in exported.glob("*.onnx")]
    assert sorted(opened) == sorted([*(path.name for path in exported.iterdir()), *graphs])


def test_half_precision_weights_are_as_long_as_they_need_be(tmp_path: Path) -> None:
    export_folder(tmp_path / "half", specification(), drawn(), fp16=True)
    assert read_manifest(tmp_path / "half").losses == ("gram",)
    model = onnx.load(tmp_path / "half" / "objective.onnx", load_external_data=False)
    assert onnx.helper.tensor_dtype_to_np_dtype(external(model).data_type) == np.float16


# Training artifacts


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "trained"
    words = {"loss": "gan", "disc_widths": (4,)}
    export_folder(
        folder, specification(**words), drawn(), training_sizes=[Size(8, 8), Size(16, 16)]
    )
    return folder


@pytest.mark.training
def test_training_artifacts_as_they_are_written_are_read(trained: Path) -> None:
    assert sorted(read_manifest(trained).training) == [(8, 8), (16, 16)]


@pytest.mark.training
@pytest.mark.parametrize(
    ("file", "edit", "told"),
    [
        ("training/eval_model.onnx", rename_input("image", "picture"), "no input 'image'"),
        ("training/training_model.onnx", rename_input("image", "picture"), "no input 'image'"),
        (
            "training/8x8/discriminator/training_model.onnx",
            rename_input("target.gan.conv1_1", "x"),
            "no input 'target.gan.conv1_1'",
        ),
        (
            "training/eval_model.onnx",
            set_external("location", "../../weights.bin"),
            "outside the folder",
        ),
        (
            "training/8x8/training_model.onnx",
            set_external("offset", "99999999"),
            "the file has",
        ),
    ],
)
def test_altered_training_artifacts_are_refused(
    file: str, edit: Edit, told: str, trained: Path, tmp_path: Path
) -> None:
    folder = copied(trained, tmp_path / "folder")
    edit_graph(folder, file, edit)
    sentence = refusal(folder)
    assert file in sentence
    assert told in sentence


@pytest.mark.training
def test_training_artifacts_that_are_not_listed_are_refused(trained: Path, tmp_path: Path) -> None:
    folder = copied(trained, tmp_path / "folder")
    edit_manifest(folder, lambda manifest: manifest["files"].pop("training/eval_model.onnx"))
    assert "does not list 'training/eval_model.onnx'" in refusal(folder)
