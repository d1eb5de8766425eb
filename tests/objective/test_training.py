"""The training artifacts, driven as ONNX Runtime's own documentation drives such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from support.drawn_objective import drawn, noise_image, smooth_image, specification

from texonnx.exported.writing import export_folder
from texonnx.objective.training import import_training
from texonnx.sizes import Size

pytestmark = pytest.mark.training

SIZE = Size(24, 32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    words = {"layers": "conv1_1,conv4_1"}
    export_folder(folder, specification(**words), drawn(), training_sizes=[SIZE])
    return folder


def test_the_folder_holds_the_four_files_that_training_starts_from(folder: Path) -> None:
    found = {path.name for path in (folder / "training").iterdir()}
    assert {"training_model.onnx", "eval_model.onnx", "optimizer_model.onnx", "checkpoint"} <= found


@pytest.mark.parametrize("name", ["training_model.onnx", "eval_model.onnx"])
def test_the_weights_are_not_stored_again(name: str, folder: Path) -> None:
    assert (folder / "training" / name).stat().st_size < 1_000_000
    model = onnx.load(folder / "training" / name, load_external_data=False)
    locations = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    assert locations == {"../weights.bin"}


def test_every_training_model_is_one_that_onnxruntime_1_19_reads(folder: Path) -> None:
    for path in (folder / "training").glob("*.onnx"):
        assert onnx.load(path, load_external_data=False).ir_version <= 10, path.name


def test_the_training_model_has_no_conv_grad(folder: Path) -> None:
    graph = onnx.load(folder / "training" / "training_model.onnx", load_external_data=False).graph
    ops = {node.op_type for node in graph.node}
    assert "ConvGrad" not in ops
    assert "Conv" in ops


def test_the_checkpoint_holds_one_parameter_the_image(folder: Path) -> None:
    state = import_training().api.CheckpointState.load_checkpoint(
        folder / "training" / "checkpoint"
    )
    assert [name for name, _ in state.parameters] == ["image"]
    assert state.parameters["image"].data.shape == (1, 3, *SIZE)
    assert state.parameters["image"].requires_grad


def targets(folder: Path) -> dict[str, Any]:
    session = ort.InferenceSession(folder / "targets.onnx", providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    feed = {"exemplar": smooth_image(40, 40), "output_size": np.array(SIZE, np.int64)}
    return dict(zip(names, session.run(names, feed), strict=True))


@pytest.mark.parametrize(
    ("optimizer", "rate"), [("optimizer_model.onnx", 0.02), ("sgd_optimizer_model.onnx", 5.0)]
)
def test_module_optimizer_and_checkpoint_state_lower_the_loss(
    optimizer: str, rate: float, folder: Path, tmp_path: Path
) -> None:
    training = folder / "training"
    api = import_training().api
    state = api.CheckpointState.load_checkpoint(training / "checkpoint")
    module = api.Module(
        training / "training_model.onnx", state, training / "eval_model.onnx", device="cpu"
    )
    update = api.Optimizer(training / optimizer, module)
    update.set_learning_rate(rate)
    state.parameters["image"].data = noise_image(*SIZE)
    values = targets(folder)
    goal = [values[name] for name in module.input_names()]

    module.train()
    losses = []
    for _ in range(8):
        module.lazy_reset_grad()
        loss, layer_losses = module(*goal)
        assert layer_losses.shape == (2,)
        losses.append(float(loss))
        update.step()
    module.eval()
    last, *_ = module(*goal)
    losses.append(float(last))
    assert losses[-1] < 0.9 * losses[0]
    assert losses[-1] == min(losses)

    api.CheckpointState.save_checkpoint(state, tmp_path / "checkpoint")
    again = api.CheckpointState.load_checkpoint(tmp_path / "checkpoint")
    assert np.array_equal(again.parameters["image"].data, state.parameters["image"].data)


def test_the_eval_model_and_the_objective_find_one_loss(folder: Path) -> None:
    training = folder / "training"
    api = import_training().api
    state = api.CheckpointState.load_checkpoint(training / "checkpoint")
    module = api.Module(training / "training_model.onnx", state, training / "eval_model.onnx")
    image = noise_image(*SIZE)
    state.parameters["image"].data = image
    values = targets(folder)
    module.eval()
    found, *_ = module(*(values[name] for name in module.input_names()))
    session = ort.InferenceSession(folder / "objective.onnx", providers=["CPUExecutionProvider"])
    [expected] = session.run(["loss"], {"image": image, **values})
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


# Discriminators


@pytest.fixture(scope="module")
def adversarial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "gan"
    chosen = specification(loss="gan,gram", disc_widths=(4,))
    export_folder(folder, chosen, drawn(), training_sizes=[Size(12, 16), SIZE])
    return folder


def test_discriminators_have_artifacts_of_their_own_for_every_size(adversarial: Path) -> None:
    for place in ("training/discriminator", "training/16x12/discriminator"):
        found = {path.name for path in (adversarial / place).iterdir()}
        assert {
            "training_model.onnx",
            "eval_model.onnx",
            "optimizer_model.onnx",
            "checkpoint",
        } <= found


def test_a_texture_without_discriminators_has_none(folder: Path) -> None:
    assert not (folder / "training" / "discriminator").exists()


def test_their_checkpoint_holds_every_parameter_and_not_the_image(adversarial: Path) -> None:
    state = import_training().api.CheckpointState.load_checkpoint(
        adversarial / "training" / "discriminator" / "checkpoint"
    )
    shapes = {name: value.data.shape for name, value in state.parameters}
    assert shapes == {
        f"{key}{k}.gan.{layer}": (after, before if key == "weight" else 1)
        for layer, channels in (("conv1_1", 64), ("conv2_1", 128))
        for k, (before, after) in enumerate(((channels, 4), (4, 1)))
        for key in ("weight", "bias")
    }
    assert all(value.requires_grad for _, value in state.parameters)


def test_in_the_image_s_own_training_the_discriminators_are_inputs(adversarial: Path) -> None:
    api = import_training().api
    training = adversarial / "training"
    state = api.CheckpointState.load_checkpoint(training / "checkpoint")
    module = api.Module(training / "training_model.onnx", state, training / "eval_model.onnx")
    assert [name for name, _ in state.parameters] == ["image"]
    assert {f"weight{k}.gan.conv1_1" for k in range(2)} <= set(module.input_names())


def test_their_models_refer_to_the_same_weights(adversarial: Path) -> None:
    place = adversarial / "training" / "discriminator"
    for path in place.glob("*_model.onnx"):
        model = onnx.load(path, load_external_data=False)
        assert model.ir_version <= 10
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                assert entry.key != "location" or entry.value == "../../weights.bin"


def test_module_and_optimizer_lower_the_discriminators_loss(adversarial: Path) -> None:
    place = adversarial / "training" / "discriminator"
    api = import_training().api
    state = api.CheckpointState.load_checkpoint(place / "checkpoint")
    module = api.Module(
        place / "training_model.onnx", state, place / "eval_model.onnx", device="cpu"
    )
    update = api.Optimizer(place / "optimizer_model.onnx", module)
    update.set_learning_rate(0.01)
    rng = np.random.default_rng(0)
    for name, value in list(state.parameters):
        some = rng.standard_normal(value.data.shape) / np.sqrt(value.data.shape[1])
        state.parameters[name].data = some.astype(np.float32)
    values = {**targets(adversarial), "image": noise_image(*SIZE)}
    module.train()
    losses = []
    for _ in range(40):
        module.lazy_reset_grad()
        loss, layer_losses = module(*(values[name] for name in module.input_names()))
        assert layer_losses.shape == (2,)
        losses.append(float(loss))
        update.step()
    assert losses[-1] < 0.8 * losses[0]
