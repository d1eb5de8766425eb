"""The exported folder: all that a host needs and no more, and either whole or not there."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.drawn_objective import drawn, noise_image, smooth_image, specification
from support.engines import engine_over
from support.limits import LONGEST_WAIT

from texonnx.errors import ArtifactError
from texonnx.exported import writing as exporting
from texonnx.exported.folder import ExportedFolder
from texonnx.exported.writing import export_folder
from texonnx.runtime.goal import texture_of
from texonnx.sizes import Size

WITH_WEIGHTS = ("objective.onnx", "adam_step.onnx")
SEARCHING = ("lbfgs_step.onnx", "lbfgs_start.onnx")
"""Of those without discriminators."""
WITHOUT = ("resize.onnx", "first_image.onnx", "finer_image.onnx", "adam_start.onnx")
GRAPHS = ("targets.onnx", *WITH_WEIGHTS, *WITHOUT, *SEARCHING)
FILES = {"manifest.json", "weights.bin", *GRAPHS}

# The least image has 1/8 of conv3_1's; enough weights to tell them from the graphs' own size.
DEEPER = {"layers": "conv1_1,conv4_1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    export_folder(folder, specification(**DEEPER), drawn())
    return folder


def test_the_folder_holds_the_files_that_its_readme_names_and_no_others(folder: Path) -> None:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == FILES
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_the_weights_are_stored_once_and_no_graph_holds_them(folder: Path) -> None:
    convolutions = [
        drawn().kernels[name].size + drawn().biases[name].size
        for name in drawn().kernels
        if name <= "conv4_1"
    ]
    weights = (folder / "weights.bin").stat().st_size
    assert 4 * sum(convolutions) <= weights < 4 * sum(convolutions) + 4096 * 2 * len(convolutions)
    for name in GRAPHS:
        assert (folder / name).stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("words", "graphs"),
    [
        ({"loss": "swd"}, ["targets", "directions"]),
        ({"loss": "gan"}, ["targets", "discriminators", "discriminator_step"]),
        ({"loss": "gram", "content_layers": "conv1_2"}, ["targets", "content_targets"]),
        ({"style_weight": 0.0, "content_layers": "conv1_2"}, ["content_targets"]),
    ],
    ids=str,
)
def test_the_folder_holds_the_graphs_that_the_objective_has(
    words: dict[str, Any], graphs: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    export_folder(folder, specification(**words), drawn())
    expected = {*(f"{name}.onnx" for name in graphs), *WITH_WEIGHTS, *WITHOUT}
    expected |= set() if "discriminators" in graphs else set(SEARCHING)
    assert {path.name for path in folder.glob("*.onnx")} == expected
    for name in expected:
        onnx.checker.check_model(str(folder / name), full_check=True)
        domains = {node.domain for node in onnx.load(folder / name).graph.node}
        assert domains == {""}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_valid_and_of_standard_ops_that_onnxruntime_1_19_reads(
    name: str, folder: Path
) -> None:
    onnx.checker.check_model(str(folder / name), full_check=True)
    model = onnx.load(folder / name, load_external_data=False)
    assert model.ir_version <= 10
    assert [(entry.domain, entry.version <= 18) for entry in model.opset_import] == [("", True)]
    assert {node.domain for node in model.graph.node} == {""}


def test_the_graphs_refer_to_weights_bin_alone(folder: Path) -> None:
    for name in GRAPHS:
        model = onnx.load(folder / name, load_external_data=False)
        locations = {
            entry.value
            for tensor in model.graph.initializer
            for entry in tensor.external_data
            if entry.key == "location"
        }
        assert locations == (set() if name in (*WITHOUT, "lbfgs_start.onnx") else {"weights.bin"})


_HOST = """
import json, sys
import numpy as np
import onnxruntime as ort

folder, height, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
targets, objective, adam = (
    ort.InferenceSession(f"{folder}/{name}.onnx", providers=["CPUExecutionProvider"])
    for name in ("targets", "objective", "adam_step")
)
exemplar = np.load(sys.argv[4])
names = [output.name for output in targets.get_outputs()]
feed = {"exemplar": exemplar, "output_size": np.array([height, width], np.int64)}
goal = dict(zip(names, targets.run(names, feed)))

image = np.random.default_rng(0).uniform(0, 1, (1, 3, height, width)).astype(np.float32)
state = {"image": image, "first_moment": 0 * image, "second_moment": 0 * image,
         "step": np.ones(1, np.float32)}
losses = []
for _ in range(8):
    names = ["loss"] + [f"next_{name}" for name in state]
    feed = {**state, **goal, "learning_rate": np.full(1, 0.02, np.float32)}
    loss, *after = adam.run(names, feed)
    state = dict(zip(state, after))
    losses.append(float(loss))
feed = {"image": state["image"], **goal}
loss, layers, gradient = objective.run(["loss", "layer_losses", "gradient"], feed)
assert gradient.shape == image.shape
losses.append(float(loss))
assert "texonnx" not in sys.modules
print(json.dumps(losses))
"""


def loop_in_a_host(folder: Path, height: int, width: int) -> list[float]:
    """Run the host program above, which has ONNX Runtime and NumPy and a loop."""
    exemplar = folder.parent.parent / "exemplar.npy"
    np.save(exemplar, smooth_image(40, 48))
    done = subprocess.run(
        [sys.executable, "-c", _HOST, str(folder), str(height), str(width), str(exemplar)],
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    losses: list[float] = json.loads(done.stdout)
    return losses


@pytest.mark.parametrize(("height", "width"), [(24, 24), (32, 48)])
def test_a_host_with_onnxruntime_alone_lowers_the_loss_at_any_size(
    height: int, width: int, folder: Path
) -> None:
    losses = loop_in_a_host(folder, height, width)
    assert all(after < before for before, after in itertools.pairwise(losses))
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("loss", ["emd", "mean+cov", "gram:1,emd:0.1"])
def test_a_host_can_loop_every_loss(loss: str, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    folder = tmp_path / "models" / "small"
    export_folder(folder, specification(loss=loss), drawn())
    losses = loop_in_a_host(folder, 24, 36)
    assert losses[-1] < losses[0]


def test_a_folder_that_is_moved_still_runs(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    export_folder(tmp_path / "here" / "a", specification(), drawn())
    (tmp_path / "here" / "a").rename(tmp_path / "there" / "b")
    assert loop_in_a_host(tmp_path / "there" / "b", 16, 16)


def test_half_precision_halves_the_weights_and_keeps_the_loss(folder: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    export_folder(half, specification(**DEEPER), drawn(), fp16=True)
    sizes = [(place / "weights.bin").stat().st_size for place in (folder, half)]
    # Tensors begin on pages of 4096 bytes, which small ones do not fill.
    assert sizes[1] / sizes[0] == pytest.approx(0.5, abs=0.02)

    losses = []
    for place in (folder, half):
        engine = engine_over(ExportedFolder(place))
        engine.aim(texture_of(smooth_image(40, 48)), (32, 32))
        losses.append(engine.loss_and_gradient(noise_image()).losses.total)
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_a_fixed_size_is_fixed_in_the_graphs(tmp_path: Path) -> None:
    export_folder(tmp_path / "fixed", specification(), drawn(), size=Size(24, 40))
    for name in ("objective", "adam_step", "lbfgs_step"):
        model = onnx.load(tmp_path / "fixed" / f"{name}.onnx", load_external_data=False)
        [image] = [value for value in model.graph.input if value.name == "image"]
        assert [dim.dim_value for dim in image.type.tensor_type.shape.dim] == [1, 3, 24, 40]


@pytest.mark.parametrize("replace", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("failure", [RuntimeError("a bug"), KeyboardInterrupt(), OSError(28, "x")])
def test_an_interrupted_export_leaves_nothing_half_written(
    replace: bool, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    if replace:
        export_folder(folder, specification(), drawn())
    before = {path: path.read_bytes() for path in folder.rglob("*")}

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(exporting, "write_manifest", fail)
    expected = ArtifactError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected):
        export_folder(folder, specification(loss="mean"), drawn(), replace=replace)
    assert {path: path.read_bytes() for path in folder.rglob("*")} == before
    assert list(tmp_path.iterdir()) == ([folder] if replace else [])


def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    export_folder(folder, specification(), drawn())
    manifest = (folder / "manifest.json").read_bytes()
    rename = Path.rename

    def fail_for_the_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises(ArtifactError, match="Input/output error"):
        export_folder(folder, specification(loss="mean"), drawn(), replace=True)
    assert (folder / "manifest.json").read_bytes() == manifest
    assert list(tmp_path.iterdir()) == [folder]


def test_a_replaced_folder_keeps_nothing_of_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    export_folder(folder, specification(), drawn())
    (folder / "leftover").write_text("of the old")
    export_folder(folder, specification(), drawn(), replace=True)
    assert {path.name for path in folder.iterdir()} == FILES


def test_an_existing_folder_is_not_replaced_unasked(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(ArtifactError, match="exists"):
        export_folder(folder, specification(), drawn())
    with pytest.raises(ArtifactError, match="not an exported folder"):
        export_folder(folder, specification(), drawn(), replace=True)


def test_the_same_export_twice_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    export_folder(tmp_path / "again", specification(**DEEPER), drawn())
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name
