"""The sliced Wasserstein loss: what the directions are to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx_ir as ir
import pytest
from support import reference
from support.evaluation import Array, Reference, Runtime
from support.small_network import random_image
from support.small_objective import SmallObjective, directions_of, reference_features

from texonnx.graph.tape import Tape
from texonnx.losses import Comparison, LayerFeatures, LossOptions
from texonnx.losses.swd import SWD
from texonnx.objective.forward import objective_model
from texonnx.objective.targets import targets_model
from texonnx.options import ObjectiveOptions

LAYERS = ("conv1_1", "conv2_1")
OPTIONS = ObjectiveOptions(loss="swd", layers=",".join(LAYERS), layer_weights="equal")
IMAGE, EXEMPLAR = random_image(12, 14, seed=1), random_image(9, 11, seed=2) ** 2


def losses_along(
    objective: SmallObjective, directions: dict[str, Array], exemplar: Array = EXEMPLAR
) -> Array:
    """Return the loss of each layer for directions of our choice."""
    objective.draws.update(directions)
    return objective(IMAGE, exemplar)["layer_losses"]


def test_the_value_is_the_emd_of_the_projected_features() -> None:
    objective = SmallObjective(OPTIONS)
    found = objective(IMAGE, EXEMPLAR)["layer_losses"]
    F, F_target = (reference_features(OPTIONS, each, list(LAYERS)) for each in (IMAGE, EXEMPLAR))
    for layer, value in zip(LAYERS, found, strict=True):
        channels = len(F[layer])
        directions = directions_of(objective.draws)[layer]
        projected = (directions @ each[layer].reshape(channels, -1) for each in (F, F_target))
        assert float(value) == pytest.approx(reference.emd_distance(*projected), rel=3e-5)


def test_the_directions_are_inputs_of_both_graphs_one_for_each_channel() -> None:
    objective = SmallObjective(OPTIONS)
    for model in (
        targets_model(objective.specification, objective.parameters),
        objective_model(objective.specification, objective.parameters),
    ):
        shapes = {
            str(value.name): value.shape.numpy()
            for value in model.graph.inputs
            if str(value.name).startswith("directions") and value.shape is not None
        }
        assert shapes == {
            "directions.swd.conv1_1": (64, 64),
            "directions.swd.conv2_1": (128, 128),
        }


def test_along_the_channels_it_is_the_emd_of_each() -> None:
    axes = {"directions.swd.conv1_1": np.eye(64, dtype=np.float32),
            "directions.swd.conv2_1": np.eye(128, dtype=np.float32)}  # fmt: skip
    found = losses_along(SmallObjective(OPTIONS), axes)
    expected = SmallObjective(replace(OPTIONS, loss="emd"))(IMAGE, EXEMPLAR)["layer_losses"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_direction_and_its_opposite_see_the_same() -> None:
    """What falls along the one rises along the other: the targets are sorted after projecting."""
    objective = SmallObjective(OPTIONS)
    along = losses_along(objective, {})
    against = losses_along(objective, {name: -each for name, each in objective.draws.items()})
    # An exemplar of the other size: quantiles are read symmetrically, too.
    np.testing.assert_allclose(along, against, rtol=1e-5)


def test_the_order_of_the_directions_does_not_matter() -> None:
    objective = SmallObjective(OPTIONS)
    found = losses_along(objective, {})
    turned = {name: each[::-1].copy() for name, each in objective.draws.items()}
    np.testing.assert_allclose(found, losses_along(objective, turned), rtol=1e-6)


def test_directions_see_how_channels_occur_together_and_emd_does_not() -> None:
    """Two channels whose values are paired in another way: the same sets of values in each."""
    F, paired_otherwise = np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    assert reference.emd_distance(F, paired_otherwise) == 0
    diagonal = np.full((1, 2), np.sqrt(0.5))
    # On the diagonal 0 and sqrt 2 against twice sqrt 1/2: 1/2 each.
    assert reference.swd_distance(F, paired_otherwise, diagonal) == pytest.approx(0.5)
    for other, expected in ((F, 0.0), (paired_otherwise, 0.5)):
        assert graph_distance(F, other, diagonal) == pytest.approx(expected)


def graph_distance(F: Array, F_target: Array, directions: Array) -> float:
    """Return the distance as the loss's own two functions write it, for so many directions."""
    tape = Tape("swd", ir.DataType.DOUBLE)
    given = tape.constant(directions)
    image, exemplar = (
        LayerFeatures(tape, tape.constant(each), LossOptions(), lambda *_: given)
        for each in (F, F_target)
    )
    target = SWD.statistic(exemplar)
    tape.output(SWD.distance(Comparison(image, SWD.statistic, lambda _: target)), "distance")
    return float(Reference(tape.model())({})["distance"])


def test_targets_for_another_size_are_the_quantiles_of_the_projections() -> None:
    objective = SmallObjective(OPTIONS)
    found = Runtime(targets_model(objective.specification, objective.parameters))(
        {"exemplar": EXEMPLAR, "output_size": np.array((20, 9), np.int64), **objective.draws}
    )
    F = reference_features(OPTIONS, EXEMPLAR, list(LAYERS))
    for layer, positions in zip(LAYERS, (20 * 9, 10 * 4), strict=True):
        projected = directions_of(objective.draws)[layer] @ F[layer].reshape(len(F[layer]), -1)
        expected = reference.resample_quantiles(np.sort(projected), positions)
        target = found[f"target.swd.{layer}"]
        assert target.min() < 0
        np.testing.assert_allclose(target, expected, atol=1e-4 * np.abs(expected).max())
