"""``manifest.schema.json``: it describes everything, and is true to every manifest."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.drawn_objective import drawn, specification

import texonnx.exported
from texonnx.exported.schema import fault
from texonnx.exported.writing import export_folder
from texonnx.run.recipe import recipe_of
from texonnx.sizes import Size

SCHEMA = json.loads(
    (Path(texonnx.exported.__file__).parent / "manifest.schema.json").read_text(encoding="utf-8")
)
WORDS: dict[str, dict[str, Any]] = {
    "gram": {"gram_norm": "chw"},
    "emd": {"loss": "emd", "padding": "circular"},
    "swd": {"loss": "swd", "pool": "max"},
    "mean+cov": {"loss": "mean+cov", "padding": "reflect"},
    "gan": {"loss": "gan:0.5", "disc_widths": (8, 4)},
    "logistic": {"loss": "gan", "disc_widths": ()},
    "tv": {"loss": "gram:1,tv:0.1"},
    "content": {"content_layers": "conv1_2", "style_weight": 0.0},
    "transfer": {"content_layers": "conv1_2", "tv": 0.1},
}
OTHERS: dict[str, dict[str, Any]] = {
    "fixed": {"size": Size(16, 24)},
    "half": {"fp16": True},
    "raw": {"activation_scale": False},
}


def written(folder: Path, words: dict[str, Any], **options: Any) -> Any:
    chosen = specification(**words)
    recipe = recipe_of(chosen, options.get("size"))
    export_folder(folder, chosen, drawn(), recipe=recipe, **options)
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return written(tmp_path_factory.mktemp("models") / "swd", WORDS["swd"])


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", WORDS)
def test_the_manifest_of_every_objective_is_accepted(name: str, tmp_path: Path) -> None:
    assert fault(written(tmp_path / "folder", WORDS[name])) is None


@pytest.mark.parametrize("name", OTHERS)
def test_the_manifest_of_every_option_is_accepted(name: str, tmp_path: Path) -> None:
    assert fault(written(tmp_path / "folder", {}, **OTHERS[name])) is None


@pytest.mark.training
def test_the_manifest_with_training_artifacts_is_accepted(tmp_path: Path) -> None:
    sizes = [Size(8, 8), Size(16, 16)]
    assert fault(written(tmp_path / "folder", {}, training_sizes=sizes)) is None


@pytest.mark.parametrize("key", SCHEMA["required"])
def test_a_manifest_without_a_key_is_refused(key: str, manifest: Any) -> None:
    broken = {name: value for name, value in manifest.items() if name != key}
    assert fault(broken) == f"'the manifest' is not by the schema: '{key}' is a required property"


BROKEN: list[tuple[str, Any]] = [
    ("network.pooling", "median"),
    ("network.weights_digest", "dd21"),
    ("network.weights_random", "no"),
    ("network.activation_scale.conv1_1", -1.0),
    ("layers.0.weight", -0.5),
    ("preprocessing.channels", "BGR"),
    ("recipe.scales.0.steps", 2.5),
    ("recipe.optimizer", "sgd"),
    ("recipe.start_every", 0),
    ("recipe.draw_every", 0),
    ("minimum_size", 0),
    ("size", {"height": 16}),
    ("graphs.objective.inputs.0.meaning", ""),
    ("graphs.objective.outputs.0.dtype", "float64"),
    ("graphs.targets.inputs.0.shape", [1, 3, -1, 4]),
    ("files.weights%bin.sha256", "0"),
    ("files.weights%bin.bytes", "many"),
]


@pytest.mark.parametrize(("path", "value"), BROKEN)
def test_a_broken_manifest_is_refused(path: str, value: Any, manifest: Any) -> None:
    broken = copy.deepcopy(manifest)
    *way, last = path.split(".")
    entry = broken
    for word in way:
        entry = entry[int(word)] if word.isdecimal() else entry[word.replace("%", ".")]
    entry[last] = value
    place = path.replace("%", ".")
    assert f"'{place}" in str(fault(broken))


@pytest.mark.parametrize("path", ["../weights.bin", "/weights.bin", "a/../../b"])
def test_a_path_that_leads_out_is_refused(path: str, manifest: Any) -> None:
    broken = copy.deepcopy(manifest)
    broken["files"][path] = broken["files"]["weights.bin"]
    assert f"{path!r} does not match" in str(fault(broken))


def test_everything_in_the_schema_is_described() -> None:
    def undescribed(node: Any, path: str) -> list[str]:
        found = []
        for name, entry in node.get("properties", {}).items():
            inner = entry.get("anyOf", [entry])[0] if "anyOf" in entry else entry
            target = SCHEMA["$defs"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
            if not (entry.get("description") or target.get("description")):
                found.append(f"{path}.{name}")
            found += undescribed(inner.get("items", inner), f"{path}.{name}")
        return found

    assert undescribed(SCHEMA, "") == []
