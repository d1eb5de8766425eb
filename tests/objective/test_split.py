"""The objective cut at the features: both halves against the reference, and what they hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from support import reference
from support.drawn_objective import drawn
from support.evaluation import Array, Reference, Runtime, relative_l2, slope
from support.small_network import parameters_of, random_image
from support.small_objective import WEIGHTS, SmallObjective, reference_loss, terms_of

from texonnx.exported.folder import ExportedFolder
from texonnx.exported.writing import export_folder
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import TARGETS
from texonnx.objective.source import Model
from texonnx.objective.specification import Specification, specify
from texonnx.objective.split import pullback_model, sorted_targets, sorting_weights
from texonnx.options import PADDINGS, POOLINGS, ObjectiveOptions

SIZE = (13, 18)
TRUNK = ("conv1_1", "conv1_2", "conv2_1")
COMPARED = ("conv1_1", "conv2_1")
LAYER_WEIGHTS = (0.5, 2.0)
PLAIN = ObjectiveOptions(
    loss="emd", layers="conv1_1,conv2_1", layer_weights="0.5,2", activation_scale=False
)


def reference_maps(
    options: ObjectiveOptions, image: Array, layers: tuple[str, ...] = TRUNK
) -> dict[str, Array]:
    """Return feature maps in float64, [N, H, W]."""
    return reference.features(
        image,
        WEIGHTS.kernels,
        WEIGHTS.biases,
        WEIGHTS.mean,
        layers,
        pool=options.pool,
        padding=specify(options).trunk.padding,
    )


def graphs_of(options: ObjectiveOptions) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Return both halves for images of `SIZE`."""
    source = BuiltGraphs(specify(options), WEIGHTS, activation_scale=options.activation_scale)
    split = source.split(SIZE)
    assert split is not None
    features, pullback = (
        onnx.ModelProto.FromString(graph.content)
        for graph in (split.features, split.pullback)
        if isinstance(graph, Model)
    )
    return features, pullback


def double_pullback(options: ObjectiveOptions) -> tuple[Specification, Reference]:
    specification = specify(options)
    parameters = parameters_of(WEIGHTS, specification.trunk_layers, None)
    model = pullback_model(specification, parameters, SIZE, ir.DataType.DOUBLE)
    return specification, Reference(model)


def names(values: object) -> set[str]:
    return {value.name for value in values}  # type: ignore[attr-defined]


@pytest.mark.parametrize("pool", POOLINGS)
@pytest.mark.parametrize("padding", PADDINGS)
def test_the_features_are_those_of_the_reference_at_every_layer_of_the_trunk(
    pool: str, padding: str
) -> None:
    options = replace(PLAIN, pool=pool, padding=padding)
    source = BuiltGraphs(specify(options), WEIGHTS, activation_scale=False)
    split = source.split(SIZE)
    assert split is not None
    image = random_image(*SIZE)
    found = Runtime(split.features)({"image": image})
    expected = reference_maps(options, image)
    assert set(found) == {f"features.{layer}" for layer in TRUNK}
    for layer, maps in expected.items():
        assert found[f"features.{layer}"].min() >= 0
        assert relative_l2(found[f"features.{layer}"][0], maps) < 1e-6


@pytest.mark.parametrize("pool", POOLINGS)
@pytest.mark.parametrize("padding", PADDINGS)
def test_cotangents_of_the_features_are_pulled_back_to_the_image(pool: str, padding: str) -> None:
    options = replace(PLAIN, pool=pool, padding=padding)
    _, pullback = double_pullback(options)
    image = random_image(*SIZE).astype(np.float64)
    maps = reference_maps(options, image)
    rng = np.random.default_rng(4)
    cotangents = {layer: rng.standard_normal(maps[layer].shape) for layer in COMPARED}
    along = rng.standard_normal(image.shape)

    def inner_products(at: Array) -> float:
        found = reference_maps(options, at, COMPARED)
        return float(sum((cotangents[layer] * found[layer]).sum() for layer in COMPARED))

    inputs = {f"features.{layer}": found[None] for layer, found in maps.items()}
    inputs |= {f"cotangent.{layer}": cotangents[layer][None] for layer in COMPARED}
    gradient = pullback(inputs)["gradient"]
    expected = slope(inner_products, image, along, 1e-7)
    assert float((gradient * along).sum()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("loss", ["gram:2,emd:0.3", "emd+mean", "cov,emd,gram,mean"])
def test_the_losses_that_do_not_sort_are_in_the_second_half(loss: str) -> None:
    options = replace(PLAIN, loss=loss)
    image, exemplar = (random_image(*SIZE, seed=seed).astype(np.float64) for seed in (1, 2))
    terms = [terms_of(part) for part in loss.replace("+", ",").split(",")]
    others = [(name, weight) for name, weight in terms if name != "emd"]
    objective = SmallObjective(options, SIZE, ir.DataType.DOUBLE)
    _, pullback = double_pullback(options)
    targets = {
        name: target
        for name, target in objective.targets(exemplar, SIZE).items()
        if ".emd." not in name
    }

    def losses(at: Array) -> list[float]:
        F, F_target = (reference_maps(options, each, COMPARED) for each in (at, exemplar))
        return [
            layer_weight
            * sum(weight * reference.distance(name, F[layer], F_target[layer])
                  for name, weight in others)
            for layer, layer_weight in zip(COMPARED, LAYER_WEIGHTS, strict=True)
        ]  # fmt: skip

    maps = reference_maps(options, image)
    found = pullback(
        {f"features.{layer}": each[None] for layer, each in maps.items()}
        | {f"cotangent.{layer}": np.zeros_like(maps[layer][None]) for layer in COMPARED}
        | targets
    )
    # The kernels are brought to the image's range in float32.
    np.testing.assert_allclose(found["layer_losses"], losses(image), rtol=3e-7)
    along = np.random.default_rng(3).standard_normal(image.shape)
    expected = slope(lambda at: sum(losses(at)), image, along, 1e-6)
    assert float((found["gradient"] * along).sum()) == pytest.approx(expected, rel=1e-6)


def test_what_is_no_texture_and_what_is_drawn_are_in_the_second_half() -> None:
    options = replace(
        PLAIN,
        loss="emd:0.5,swd:2,gan",
        disc_widths=(4,),
        content_layers="conv2_2,conv1_2",
        content_weight=0.3,
        tv=5.0,
    )
    image, exemplar, content = (
        random_image(*SIZE, seed=seed).astype(np.float64) for seed in (1, 2, 3)
    )
    objective = SmallObjective(options, SIZE, ir.DataType.DOUBLE)
    _, pullback = double_pullback(options)
    inputs = objective.inputs(exemplar, SIZE, content)
    without_sorting = replace(options, loss="swd:2,gan")

    def losses(at: Array) -> list[float]:
        return reference_loss(without_sorting, at, exemplar, objective.draws, content)[1]

    maps = reference_maps(options, image, (*TRUNK, "conv2_2"))
    found = pullback(
        {"image": image}
        | {f"features.{layer}": each[None] for layer, each in maps.items()}
        | {f"cotangent.{layer}": np.zeros_like(maps[layer][None]) for layer in COMPARED}
        | inputs
    )
    assert len(losses(image)) == len(COMPARED) + 2 + 1
    # The kernels are brought to the image's range in float32, and features projected are
    # differences of large numbers.
    np.testing.assert_allclose(found["layer_losses"], losses(image), rtol=1e-6)
    along = np.random.default_rng(3).standard_normal(image.shape)
    # So short a step that hardly a value overtakes another.
    expected = slope(lambda at: sum(losses(at)), image, along, 1e-8)
    assert float((found["gradient"] * along).sum()) == pytest.approx(expected, rel=1e-5)


def test_beside_sorting_content_and_smoothness_have_parts_of_their_own() -> None:
    options = replace(PLAIN, content_layers="conv1_2", tv=2.0)
    split = BuiltGraphs(specify(options), WEIGHTS).split(SIZE)
    assert split is not None
    assert split.parts == 4
    _, pullback = graphs_of(options)
    assert {"image", "target.content.conv1_2"} <= names(pullback.graph.input)
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in pullback.graph.output
    }
    assert shapes == {"layer_losses": [4], "gradient": [1, 3, *SIZE]}


def test_the_image_itself_goes_in_where_a_loss_looks_at_it() -> None:
    _, without = graphs_of(replace(PLAIN, content_layers="conv1_2"))
    assert "image" not in names(without.graph.input)


def test_a_loss_of_sorting_alone_leaves_no_layer_losses_and_no_targets() -> None:
    _, pullback = graphs_of(PLAIN)
    assert names(pullback.graph.output) == {"gradient"}
    assert names(pullback.graph.input) == {
        *(f"features.{layer}" for layer in TRUNK),
        *(f"cotangent.{layer}" for layer in COMPARED),
    }


def test_the_second_half_takes_the_targets_of_the_other_losses_alone() -> None:
    _, pullback = graphs_of(replace(PLAIN, loss="gram+emd"))
    assert names(pullback.graph.output) == {"gradient", "layer_losses"}
    assert {name for name in names(pullback.graph.input) if name.startswith("target")} == {
        "target.gram.conv1_1",
        "target.gram.conv2_1",
    }


def test_every_convolution_is_computed_once_there_and_once_back() -> None:
    for model in graphs_of(replace(PLAIN, loss="gram+emd")):
        assert Counter(node.op_type for node in model.graph.node)["Conv"] == len(TRUNK)


@pytest.mark.parametrize("pool", POOLINGS)
@pytest.mark.parametrize("padding", PADDINGS)
def test_both_halves_are_valid_and_neither_sorts_or_reads_a_shape(pool: str, padding: str) -> None:
    options = replace(
        PLAIN,
        loss="cov,emd,gram,mean,gan,tv",
        content_layers="conv1_2,conv3_1",
        pool=pool,
        padding=padding,
    )
    specification = specify(options)
    parameters = parameters_of(WEIGHTS, specification.trunk_layers, None)
    models = (
        *graphs_of(options),
        ir.to_proto(pullback_model(specification, parameters, SIZE)),
    )
    onnx.checker.check_model(models[-1], full_check=True)
    for model in models:
        ops = {node.op_type for node in model.graph.node}
        assert not ops & {"TopK", "ScatterElements", "Shape"}
        assert {node.domain for node in model.graph.node} == {""}


def test_the_weight_of_sorting_is_that_of_the_loss_times_that_of_the_layer() -> None:
    specification = specify(replace(PLAIN, loss="gram:3,emd:0.25"))
    assert sorting_weights(specification) == {"conv1_1": 0.125, "conv2_1": 0.5}


def test_the_sorted_targets_are_named_as_the_targets_graph_names_them() -> None:
    specification = specify(replace(PLAIN, loss="gram+emd"))
    found = sorted_targets(specification)
    assert found == {"conv1_1": "target.emd.conv1_1", "conv2_1": "target.emd.conv2_1"}
    source = BuiltGraphs(specification, WEIGHTS)
    graph = source.graph(TARGETS)
    assert isinstance(graph, Model)
    assert set(found.values()) <= names(onnx.ModelProto.FromString(graph.content).graph.output)


@pytest.mark.parametrize("loss", ["gram", "mean+cov", "swd", "gan,tv"])
def test_an_objective_that_sorts_nothing_is_not_split(loss: str) -> None:
    specification = specify(replace(PLAIN, loss=loss))
    assert sorting_weights(specification) == {}
    assert sorted_targets(specification) == {}
    assert BuiltGraphs(specification, WEIGHTS).split(SIZE) is None


def test_an_exported_folder_is_not_split(tmp_path: Path) -> None:
    export_folder(tmp_path / "folder", specify(PLAIN), drawn())
    assert ExportedFolder(tmp_path / "folder").split(SIZE) is None
