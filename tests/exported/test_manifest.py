"""``manifest.json``: every field that ``models/README.md`` tells of, true to the files."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import onnxruntime as ort
import pytest
from support.drawn_objective import drawn, specification

from texonnx.errors import ArtifactError
from texonnx.exported.manifest import read_manifest
from texonnx.exported.writing import export_folder
from texonnx.losses import LossOptions
from texonnx.sizes import Size

LOSS = "gram:2,emd:0.5"

BASIC = (
    "objective", "adam_start", "adam_step", "resize", "first_image", "finer_image"
)  # fmt: skip
SEARCHING = ("lbfgs_start", "lbfgs_step")
"""Of those without discriminators."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    words = {"loss": LOSS, "layer_weights": "1,0.25", "pool": "max", "padding": "reflect"}
    export_folder(folder, specification(**words), drawn())
    return folder


@pytest.fixture(scope="module")
def manifest(folder: Path) -> dict[str, Any]:
    text: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return text


def test_the_manifest_says_what_the_objective_is(manifest: dict[str, Any]) -> None:
    assert manifest["schema_version"] == 4
    network = manifest["network"]
    assert network["architecture"] == "vgg16"
    assert network["pooling"] == "max"
    assert network["padding"] == "reflect"
    assert network["precision"] == "float32"
    assert network["weights_random"] is True
    assert "random" in network["weights"]
    assert list(network["activation_scale"]) == ["conv1_1", "conv2_1"]
    assert all(scale > 0 for scale in network["activation_scale"].values())
    assert manifest["layers"] == [
        {"name": "conv1_1", "weight": 1.0},
        {"name": "conv2_1", "weight": 0.25},
    ]
    assert manifest["losses"] == [{"name": "gram", "weight": 2.0}, {"name": "emd", "weight": 0.5}]
    assert manifest["content"] == []
    assert manifest["parts"] == ["conv1_1", "conv2_1"]
    assert manifest["discriminator"] is None
    assert set(manifest["graphs"]) == {"targets", *BASIC, *SEARCHING}
    assert manifest["gram_norm"] == "gatys"
    assert manifest["minimum_size"] == 4  # conv2_1 sees half the image, and reflecting needs 2
    assert manifest["size"] is None
    assert manifest["training"] == []
    assert manifest["opset"] <= 18
    assert manifest["ir_version"] <= 10


def test_the_weights_digest_is_the_sha256_of_the_tensors_in_order(
    manifest: dict[str, Any],
) -> None:
    digest = hashlib.sha256()
    for name, kernel in drawn().kernels.items():
        digest.update(kernel.astype("<f4").tobytes())
        digest.update(drawn().biases[name].astype("<f4").tobytes())
    assert manifest["network"]["weights_digest"] == digest.hexdigest()


def test_the_preprocessing_is_that_of_the_canonical_network(manifest: dict[str, Any]) -> None:
    preprocessing = manifest["preprocessing"]
    assert preprocessing["layout"] == "NCHW"
    assert preprocessing["channels"] == "RGB"
    assert preprocessing["range"] == [0.0, 1.0]
    expected = [mean / 255 for mean in (123.68, 116.779, 103.939)]
    assert preprocessing["mean"] == pytest.approx(expected, rel=1e-6)


def test_every_file_is_listed_with_its_sha256_and_size(
    manifest: dict[str, Any], folder: Path
) -> None:
    files = {path for path in folder.rglob("*") if path.is_file()} - {folder / "manifest.json"}
    assert manifest["files"] == {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
        }
        for path in files
    }


# An objective of every kind of part

GRAPHS = (
    *("targets", "content_targets", "directions", "discriminators", "discriminator_step"),
    *BASIC,
)


@pytest.fixture(scope="module")
def full_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "full"
    words: dict[str, Any] = {
        "loss": "gan:2,swd,emd",
        "disc_widths": (6,),
        "content_layers": "conv1_2,conv2_1",
        "content_weight": 0.3,
        "tv": 0.25,
    }
    export_folder(folder, specification(**words), drawn())
    return folder


@pytest.fixture(scope="module")
def full(full_folder: Path) -> dict[str, Any]:
    text: dict[str, Any] = json.loads((full_folder / "manifest.json").read_text(encoding="utf-8"))
    return text


def test_every_part_of_the_loss_is_named_in_its_order(full: dict[str, Any]) -> None:
    assert full["parts"] == ["conv1_1", "conv2_1", "content.conv1_2", "content.conv2_1", "tv"]
    assert full["losses"] == [
        {"name": "gan", "weight": 2.0},
        {"name": "swd", "weight": 1.0},
        {"name": "emd", "weight": 1.0},
        {"name": "tv", "weight": 0.25},
    ]
    assert full["content"] == [
        {"layer": "conv1_2", "weight": 0.3},
        {"layer": "conv2_1", "weight": 0.3},
    ]
    penalty = LossOptions().discriminator_penalty
    assert full["discriminator"] == {"widths": [6], "penalty": penalty}


def test_the_graphs_that_an_objective_has_are_listed(full: dict[str, Any]) -> None:
    assert {name: graph["file"] for name, graph in full["graphs"].items()} == {
        name: f"{name}.onnx" for name in GRAPHS
    }
    assert {f"{name}.onnx" for name in GRAPHS} | {"weights.bin"} == set(full["files"])


def test_a_reader_learns_that_something_is_to_be_drawn(full_folder: Path) -> None:
    contents = read_manifest(full_folder)
    assert contents.traits.draws
    assert set(contents.graphs) == set(GRAPHS)


@pytest.mark.parametrize("loss", ["swd", "gan"])
def test_directions_and_discriminators_are_drawn(loss: str, tmp_path: Path) -> None:
    export_folder(tmp_path / "folder", specification(loss=loss), drawn())
    assert read_manifest(tmp_path / "folder").traits.draws


@pytest.mark.parametrize(
    ("graph", "name", "meaning"),
    [
        ("targets", "directions.swd.conv1_1", "unit vectors at random, one a row, that the swd "
         "loss looks along at conv1_1"),
        ("objective", "target.content.conv1_2", "the content image's statistic of the content "
         "loss at conv1_2"),
        ("objective", "target.emd.conv2_1", "the exemplar's statistic of the emd loss at conv2_1"),
        ("objective", "weight0.gan.conv1_1", "weight0 of the discriminator at conv1_1"),
        ("discriminator_step", "first_moment.bias1.gan.conv2_1", "Adam's running mean of the "
         "gradient, zeros at first: bias1 of the discriminator at conv2_1"),
        ("discriminator_step", "second_moment.weight0.gan.conv1_1", "Adam's running mean of the "
         "squared gradient, zeros at first: weight0 of the discriminator at conv1_1"),
        ("content_targets", "content", "the image whose content is kept, of the output's size, "
         "RGB in [0, 1]"),
    ],
)  # fmt: skip
def test_inputs_are_explained_by_what_they_are_the_loss_and_the_layer(
    graph: str, name: str, meaning: str, full: dict[str, Any]
) -> None:
    meanings = {value["name"]: value["meaning"] for value in full["graphs"][graph]["inputs"]}
    assert meanings[name] == meaning


def test_no_two_values_of_a_graph_have_one_meaning(full: dict[str, Any]) -> None:
    for graph in full["graphs"].values():
        meanings = [value["meaning"] for value in (*graph["inputs"], *graph["outputs"])]
        assert len(set(meanings)) == len(meanings)


@pytest.mark.parametrize("missing", ["objective", "adam_step"])
def test_a_folder_without_the_graphs_that_every_one_has_is_refused(
    missing: str, full_folder: Path, tmp_path: Path
) -> None:
    manifest = json.loads((full_folder / "manifest.json").read_text(encoding="utf-8"))
    del manifest["graphs"][missing]
    folder = tmp_path / "folder"
    shutil.copytree(full_folder, folder)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"manifest\.json' (is damaged|does not list)"):
        read_manifest(folder)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_input_and_output_of_a_full_objective_is_described(
    name: str, full: dict[str, Any], full_folder: Path
) -> None:
    assert_described(full["graphs"][name], full_folder)


@pytest.mark.parametrize("name", ["targets", "objective", "adam_step"])
def test_every_input_and_output_has_name_type_shape_and_meaning(
    name: str, manifest: dict[str, Any], folder: Path
) -> None:
    assert_described(manifest["graphs"][name], folder)


def assert_described(entry: dict[str, Any], folder: Path) -> None:
    session = ort.InferenceSession(folder / entry["file"], providers=["CPUExecutionProvider"])
    types = {"tensor(float)": "float32", "tensor(int64)": "int64"}
    for values, described in (
        (session.get_inputs(), entry["inputs"]),
        (session.get_outputs(), entry["outputs"]),
    ):
        assert [(value["name"], value["dtype"], value["shape"]) for value in described] == [
            (value.name, types[value.type], value.shape) for value in values
        ]
        assert all(value["meaning"] for value in described)


def test_the_graphs_have_the_signatures_that_hosts_are_told(manifest: dict[str, Any]) -> None:
    def names(graph: str, side: str) -> set[str]:
        return {value["name"] for value in manifest["graphs"][graph][side]}

    targets = {f"target.{loss}.{layer}" for loss in ("gram", "emd") for layer in
               ("conv1_1", "conv2_1")}  # fmt: skip
    state = {"image", "first_moment", "second_moment", "step"}
    assert names("targets", "inputs") == {"exemplar", "output_size"}
    assert names("targets", "outputs") == targets
    assert names("objective", "inputs") == {"image"} | targets
    assert names("objective", "outputs") == {"loss", "layer_losses", "gradient"}
    assert names("adam_step", "inputs") == state | {"learning_rate"} | targets
    assert names("adam_step", "outputs") == {f"next_{name}" for name in state} | {
        "loss", "layer_losses"
    }  # fmt: skip


def test_height_and_width_are_symbols(manifest: dict[str, Any]) -> None:
    [image] = [
        value for value in manifest["graphs"]["objective"]["inputs"] if value["name"] == "image"
    ]
    assert image["shape"][:2] == [1, 3]
    assert all(isinstance(extent, str) and extent for extent in image["shape"][2:])
    assert image["shape"][2] != image["shape"][3]


def test_a_fixed_size_is_told(tmp_path: Path) -> None:
    export_folder(tmp_path / "fixed", specification(), drawn(), size=Size(24, 40))
    assert read_manifest(tmp_path / "fixed").traits.fixed_size == (24, 40)


def test_raw_units_and_half_precision_are_told(tmp_path: Path) -> None:
    export_folder(tmp_path / "raw", specification(), drawn(), activation_scale=False, fp16=True)
    network = json.loads((tmp_path / "raw" / "manifest.json").read_text())["network"]
    assert network["activation_scale"] is None
    assert network["precision"] == "float16"


def test_what_was_written_is_read(folder: Path) -> None:
    contents = read_manifest(folder)
    assert contents.losses == ("gram", "emd")
    assert contents.traits.parts == ("conv1_1", "conv2_1")
    assert not contents.traits.draws
    assert set(contents.graphs) == {"targets", *BASIC, *SEARCHING}
    assert contents.traits.minimum_size == 4
    assert contents.traits.fixed_size is None
    assert contents.training == {}
    assert contents.traits.random_weights


@pytest.mark.parametrize("detail", ["patches", "spectrum"])
def test_what_finer_scales_start_from_is_read(folder: Path, tmp_path: Path, detail: str) -> None:
    copy = _with_detail(folder, tmp_path / "copy", detail)
    assert read_manifest(copy).traits.detail == detail


@pytest.mark.parametrize("entry", ["pixels", 7, ["patches"], None])
def test_a_detail_that_there_is_not_is_damage(folder: Path, tmp_path: Path, entry: Any) -> None:
    with pytest.raises(ArtifactError, match="is damaged"):
        read_manifest(_with_detail(folder, tmp_path / "copy", entry))


def _with_detail(folder: Path, copy: Path, entry: Any) -> Path:
    """Copy a folder, and say of its detail `entry`, or nothing."""
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["detail"]
    if entry is not None:
        manifest["detail"] = entry
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


def test_the_folder_of_a_link_is_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert read_manifest(tmp_path / "link").traits.parts == ("conv1_1", "conv2_1")


def test_a_manifest_of_another_schema_is_refused_with_both_versions(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_text('{"schema_version": 7}')
    with pytest.raises(ArtifactError, match=r"version 7, and this texonnx reads 4"):
        read_manifest(tmp_path)


def test_no_graph_holds_its_weights(folder: Path) -> None:
    for path in folder.glob("*.onnx"):
        model = onnx.load(path, load_external_data=False)
        assert all(len(tensor.raw_data) < 1000 for tensor in model.graph.initializer)
