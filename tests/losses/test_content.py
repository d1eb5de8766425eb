"""The content loss: the feature maps themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx_ir as ir
import pytest
from support.evaluation import Array, slope
from support.small_network import random_image
from support.small_objective import SmallObjective, reference_loss

from texonnx.options import PADDINGS, POOLINGS, ObjectiveOptions

SIZE = (12, 14)
IMAGE, CONTENT = random_image(*SIZE, seed=1), random_image(*SIZE, seed=2) ** 2
ALONE = ObjectiveOptions(style_weight=0.0, content_layers="conv2_1", content_weight=0.7)
OPTIONS = [
    ALONE,
    replace(ALONE, content_layers="conv1_1,conv3_1"),
    replace(ALONE, content_layers="conv3_1,conv1_2", tv=2.0),
    replace(ALONE, activation_scale=False),
    *(replace(ALONE, pool=pool, padding=padding) for pool in POOLINGS for padding in PADDINGS),
]


def name_of(options: ObjectiveOptions) -> str:
    return (
        f"{options.content_layers}-{options.pool}-{options.padding}-{options.tv}"
        f"-{options.activation_scale}"
    )


@pytest.mark.parametrize("size", [None, SIZE], ids=["unknown-size", "known-size"])
@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_the_loss_and_its_parts_are_those_of_the_reference(
    options: ObjectiveOptions, size: tuple[int, int] | None
) -> None:
    found = SmallObjective(options, size)(IMAGE, None, CONTENT)
    total, parts = reference_loss(options, IMAGE, None, content=CONTENT)
    np.testing.assert_allclose(found["loss"], total, rtol=3e-5)
    np.testing.assert_allclose(found["layer_losses"], parts, rtol=3e-5)


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_the_gradient_is_the_slope_of_the_references_loss(options: ObjectiveOptions) -> None:
    image = IMAGE.astype(np.float64)
    along = np.random.default_rng(3).standard_normal(image.shape)

    def loss(at: Array) -> float:
        return reference_loss(options, at, None, content=CONTENT)[0]

    found = SmallObjective(options, dtype=ir.DataType.DOUBLE)(image, None, CONTENT)["gradient"]
    # The kernels are brought to the image's range in float32: to 6e-8 of each.
    expected = slope(loss, image, along, 1e-6)
    assert float((found * along).sum()) == pytest.approx(expected, rel=1e-5)


def test_the_content_image_is_at_no_distance_from_itself() -> None:
    found = SmallObjective(ALONE)(CONTENT, None, CONTENT)
    assert found["loss"] == 0
    assert not found["gradient"].any()


def test_moving_the_positions_about_changes_it() -> None:
    options = replace(ALONE, content_layers="conv1_1", padding="circular")
    moved = np.roll(CONTENT, (3, 5), (2, 3))
    assert SmallObjective(options)(moved, None, CONTENT)["loss"] > 0.01


def test_the_targets_are_the_features_in_reading_order() -> None:
    objective = SmallObjective(replace(ALONE, content_layers="conv2_1,conv1_1"))
    found = objective.inputs(None, SIZE, CONTENT)
    assert list(found) == ["target.content.conv2_1", "target.content.conv1_1"]
    assert found["target.content.conv1_1"].shape == (64, 12 * 14)
    assert found["target.content.conv2_1"].shape == (128, 6 * 7)


def test_texture_content_and_smoothness_add_up_in_that_order() -> None:
    options = replace(
        ALONE,
        loss="gram,mean:0.5",
        layers="conv2_1,conv1_1",
        layer_weights="2,0.5",
        style_weight=3.0,
        content_layers="conv3_1,conv1_1",
        tv=1.5,
    )
    objective = SmallObjective(options)
    assert objective.specification.parts == (
        "conv2_1",
        "conv1_1",
        "content.conv3_1",
        "content.conv1_1",
        "tv",
    )
    exemplar = random_image(9, 10, seed=4)
    found = objective(IMAGE, exemplar, CONTENT)
    total, parts = reference_loss(options, IMAGE, exemplar, content=CONTENT)
    np.testing.assert_allclose(found["layer_losses"], parts, rtol=3e-5)
    np.testing.assert_allclose(found["loss"], total, rtol=3e-5)
    np.testing.assert_allclose(found["loss"], found["layer_losses"].sum(), rtol=1e-6)
