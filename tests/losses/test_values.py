"""Every loss, as the graphs compute it, against the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import reference
from support.small_network import random_image
from support.small_objective import STATISTICS, SmallObjective, is_adversarial, reference_loss

from texonnx.losses import loss_names
from texonnx.objective.specification import specify
from texonnx.options import GRAM_NORMS, ObjectiveOptions

LAYERS = "conv1_1,conv1_2,conv2_1"
PLAIN = ObjectiveOptions(layers=LAYERS, layer_weights="equal")

OPTIONS = [
    *(replace(PLAIN, loss=name) for name in loss_names()),
    *(replace(PLAIN, gram_norm=norm) for norm in GRAM_NORMS),
    *(replace(PLAIN, loss=name, activation_scale=False) for name in loss_names()),
    *(replace(PLAIN, loss=name, pool="max", padding="circular") for name in loss_names()),
    *(replace(PLAIN, loss=name, padding="reflect") for name in loss_names()),
    replace(PLAIN, loss=",".join(loss_names())),
    replace(PLAIN, loss="gram:3,emd:0.5", gram_norm="chw"),
    replace(PLAIN, loss="mean:2,cov:1e-3", layer_weights="0.5,2,1e3"),
    replace(PLAIN, loss="emd", layers="conv2_1,conv1_1", layer_weights="1,4"),
    replace(PLAIN, loss="gan:0.5", disc_widths=(6,)),
    replace(PLAIN, loss="gan,swd:2", disc_widths=(7, 4), layer_weights="3,1,0.1"),
    replace(PLAIN, loss="gram,tv:0.25"),
    replace(PLAIN, loss="mean,swd", style_weight=3.0, tv=40.0),
]

OUTPUT = (12, 14)
EXEMPLARS = {"same": OUTPUT, "larger": (15, 17), "smaller": (9, 8)}


def name_of(options: ObjectiveOptions) -> str:
    changed = [
        str(getattr(options, field))
        for field in (
            *("loss", "gram_norm", "layer_weights", "pool", "padding", "activation_scale"),
            *("disc_widths", "style_weight", "tv"),
        )
        if getattr(options, field) != getattr(PLAIN, field)
    ]
    return "-".join(changed) or "plain"


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_the_loss_and_its_parts_are_those_of_the_reference(options: ObjectiveOptions) -> None:
    objective, image = SmallObjective(options), random_image(*OUTPUT, seed=1)
    for name, size in EXEMPLARS.items():
        exemplar = random_image(*size, seed=2) ** 2
        found = objective(image, exemplar)
        total, parts = reference_loss(options, image, exemplar, objective.draws)
        np.testing.assert_allclose(found["loss"], total, rtol=3e-5, err_msg=name)
        np.testing.assert_allclose(found["layer_losses"], parts, rtol=3e-5, err_msg=name)


@pytest.mark.parametrize("name", loss_names())
def test_an_image_of_known_size_has_the_same_loss(name: str) -> None:
    options = replace(PLAIN, loss=name)
    image, exemplar = random_image(13, 15, seed=1), random_image(8, 10, seed=2)
    objective = SmallObjective(options, (13, 15))
    total, _ = reference_loss(options, image, exemplar, objective.draws)
    np.testing.assert_allclose(objective(image, exemplar)["loss"], total, rtol=3e-5)


@pytest.mark.parametrize("name", STATISTICS)
def test_the_exemplar_is_at_no_distance_from_itself(name: str) -> None:
    exemplar = random_image(12, 14)
    objective = SmallObjective(replace(PLAIN, loss=name))
    elsewhere = objective(random_image(12, 14, seed=5) ** 2, exemplar)["loss"]
    # Two graphs may add up in another order: float32's rounding squared, no more.
    assert objective(exemplar, exemplar)["loss"] <= 1e-9 * elsewhere


@pytest.mark.parametrize("name", STATISTICS)
def test_moving_the_positions_about_does_not_change_a_texture_statistic(name: str) -> None:
    """With circular padding, at conv1_1, a shift of the image is a shift of the positions."""
    options = replace(PLAIN, loss=name, layers="conv1_1", padding="circular")
    exemplar = random_image(10, 12)
    shifted = np.roll(exemplar, (3, 5), (2, 3))
    objective = SmallObjective(options)
    elsewhere = objective(random_image(10, 12, seed=5) ** 2, exemplar)["loss"]
    assert objective(shifted, exemplar)["loss"] <= 1e-9 * elsewhere


def test_moving_the_positions_about_does_not_change_what_discriminators_say() -> None:
    options = ObjectiveOptions(loss="gan", layers="conv1_1", padding="circular", disc_widths=(5,))
    image = random_image(10, 12)
    objective = SmallObjective(options)
    found, shifted = (objective(each, image) for each in (image, np.roll(image, (3, 5), (2, 3))))
    np.testing.assert_allclose(found["loss"], shifted["loss"], rtol=1e-6)


@pytest.mark.parametrize("name", loss_names())
def test_every_loss_has_a_reference(name: str) -> None:
    F = np.array([[1.0, 2.0], [3.0, 5.0]])
    stack = [(np.array([[1.0, -1.0]]), np.zeros(1))]
    at_itself, elsewhere = (
        reference.distance(name, F, other, directions=np.eye(2), stack=stack)
        for other in (F, F[:, ::-1] * 2)
    )
    assert elsewhere > 0
    assert is_adversarial(name) or at_itself == pytest.approx(0)


def test_layers_of_weight_zero_have_no_part() -> None:
    options = replace(PLAIN, layer_weights="1,0,2")
    image, exemplar = random_image(12, 14, seed=1), random_image(12, 14, seed=2)
    found = SmallObjective(options)(image, exemplar)
    without = replace(PLAIN, layers="conv1_1,conv2_1", layer_weights="1,2")
    assert specify(options).layers == ("conv1_1", "conv2_1")
    np.testing.assert_allclose(
        found["layer_losses"], reference_loss(without, image, exemplar)[1], rtol=3e-5
    )
