"""The targets graph: what depends on the size of the output, and what does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx_ir as ir
import pytest
from support import reference
from support.evaluation import Runtime
from support.small_network import MEAN, SCALES, random_image
from support.small_objective import WEIGHTS, SmallObjective

from texonnx.graph.tape import Tape
from texonnx.losses import TextureLoss, find_loss, loss_names
from texonnx.objective.specification import specify
from texonnx.objective.targets import content_targets_model, targets_model
from texonnx.options import ObjectiveOptions
from texonnx.subgraphs.trunk import write_trunk

LAYERS = ("conv1_1", "conv2_1", "conv3_1")
PLAIN = ObjectiveOptions(layers=",".join(LAYERS))
EXEMPLAR = random_image(32, 29)


def loss_of(name: str) -> TextureLoss:
    loss = find_loss(name)
    assert isinstance(loss, TextureLoss)
    return loss


QUANTILES = [name for name in loss_names() if loss_of(name).quantiles]
OTHERS = [name for name in loss_names() if name not in QUANTILES]


def sorted_features(objective: SmallObjective, exemplar: np.ndarray) -> dict[str, np.ndarray]:
    """Return each layer's features, sorted by NumPy, as ONNX Runtime computes them."""
    tape = Tape("trunk")
    image = tape.input("image", (1, 3, "height", "width"))
    specification = objective.specification
    maps = write_trunk(tape, image, objective.parameters, LAYERS, specification.trunk)
    for name, value in maps.items():
        tape.output(value, name)
    found = Runtime(tape.model())({"image": exemplar})
    return {name: np.sort(found[name].reshape(found[name].shape[1], -1)) for name in LAYERS}


def test_sorted_values_depend_on_the_size_of_the_output_and_the_others_do_not() -> None:
    assert QUANTILES == ["emd", "swd"]
    assert OTHERS == ["cov", "gan", "gram", "mean"]


@pytest.mark.parametrize(
    "size",
    [(64, 64), (33, 29), (32, 30), (16, 16), (31, 29), (12, 9), (4, 4), (5, 200)],
    ids=lambda size: f"{size[0]}x{size[1]}",
)
def test_quantiles_are_resampled_as_the_reference_resamples_them(size: tuple[int, int]) -> None:
    objective = SmallObjective(replace(PLAIN, loss="emd"))
    values = sorted_features(objective, EXEMPLAR)
    found = objective.targets(EXEMPLAR, size)
    for pools, layer in enumerate(LAYERS):
        positions = (size[0] >> pools) * (size[1] >> pools)
        expected = reference.resample_quantiles(values[layer].astype(np.float64), positions)
        # The levels are float32: of some thousand positions, one is known to 1e-4 of a step.
        steps = np.diff(values[layer]).max()
        np.testing.assert_allclose(
            found[f"target.emd.{layer}"], expected, rtol=1e-6, atol=2e-4 * steps
        )


@pytest.mark.parametrize("exemplar_size", [(32, 29), (17, 40), (4, 4)])
def test_with_as_many_positions_the_sorted_values_are_kept_to_the_bit(
    exemplar_size: tuple[int, int],
) -> None:
    objective = SmallObjective(replace(PLAIN, loss="emd"))
    exemplar = random_image(*exemplar_size)
    found = objective.targets(exemplar, exemplar_size)
    for layer, values in sorted_features(objective, exemplar).items():
        np.testing.assert_array_equal(found[f"target.emd.{layer}"], values)


def test_resampled_values_stay_sorted_and_within_the_range() -> None:
    objective = SmallObjective(replace(PLAIN, loss="emd"))
    values = sorted_features(objective, EXEMPLAR)
    found = objective.targets(EXEMPLAR, (50, 61))
    for layer in LAYERS:
        rows = found[f"target.emd.{layer}"]
        # Linear interpolation in float32 may be a unit in the last place off.
        slack = 1e-6 * values[layer].max()
        assert (np.diff(rows) >= -slack).all()
        assert (rows.min(axis=1) >= values[layer].min(axis=1) - slack).all()
        assert (rows.max(axis=1) <= values[layer].max(axis=1) + slack).all()


@pytest.mark.parametrize("name", OTHERS)
def test_other_statistics_do_not_depend_on_the_size_of_the_output(name: str) -> None:
    objective = SmallObjective(replace(PLAIN, loss=name))
    first, second = (objective.targets(EXEMPLAR, size) for size in ((32, 29), (7, 300)))
    assert list(first) == [f"target.{name}.{layer}" for layer in LAYERS]
    for target, values in first.items():
        np.testing.assert_array_equal(values, second[target])


def test_targets_are_the_statistics_of_the_exemplar() -> None:
    objective = SmallObjective(replace(PLAIN, loss="gram,mean,cov"))
    found = objective.targets(EXEMPLAR, (8, 8))
    features = reference.features(
        *(EXEMPLAR, WEIGHTS.kernels, WEIGHTS.biases, MEAN, LAYERS),
        padding=specify(PLAIN).trunk.padding,
        activation_scale=SCALES,
    )
    for layer, maps in features.items():
        F = maps.reshape(len(maps), -1)
        mean = F.mean(axis=1, keepdims=True)
        for name, expected in {
            "gram": F @ F.T / F.shape[1],
            "mean": mean,
            "cov": (F - mean) @ (F - mean).T / F.shape[1],
        }.items():
            target = found[f"target.{name}.{layer}"]
            np.testing.assert_allclose(target, expected, rtol=1e-4, atol=1e-5 * expected.max())


def test_discriminators_learn_from_the_exemplars_features_at_its_own_positions() -> None:
    found = SmallObjective(replace(PLAIN, loss="gan")).targets(EXEMPLAR, (8, 8))
    features = reference.features(
        *(EXEMPLAR, WEIGHTS.kernels, WEIGHTS.biases, MEAN, LAYERS),
        padding=specify(PLAIN).trunk.padding,
        activation_scale=SCALES,
    )
    for layer, maps in features.items():
        expected = maps.reshape(len(maps), -1)
        np.testing.assert_allclose(
            found[f"target.gan.{layer}"], expected, rtol=1e-4, atol=1e-5 * expected.max()
        )


def test_the_extents_of_targets_tell_whose_positions_they_are() -> None:
    """Quantiles are of the output's positions, a discriminator's features of the exemplar's."""
    objective = SmallObjective(replace(PLAIN, loss="emd,gan,mean", layers="conv2_1"))
    model = ir.to_proto(targets_model(objective.specification, objective.parameters))
    shapes = {
        value.name: [dim.dim_value or dim.dim_param for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.output
    }
    assert shapes == {
        "target.emd.conv2_1": [128, "positions_conv2"],
        "target.gan.conv2_1": [128, "exemplar_positions_conv2"],
        "target.mean.conv2_1": [128, 1],
    }


def test_content_targets_are_the_content_layers_alone() -> None:
    objective = SmallObjective(replace(PLAIN, content_layers="conv1_2,conv2_1"))
    model = ir.to_proto(content_targets_model(objective.specification, objective.parameters))
    assert [value.name for value in model.graph.input] == ["content"]
    assert [value.name for value in model.graph.output] == [
        "target.content.conv1_2",
        "target.content.conv2_1",
    ]
    # The trunk ends where the content does, though the texture's goes on.
    assert "conv3_1.weight" not in {tensor.name for tensor in model.graph.initializer}
