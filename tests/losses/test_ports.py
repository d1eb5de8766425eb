"""Names of inputs and outputs that are of a loss at a layer."""

from __future__ import annotations

import pytest

from texonnx.losses.ports import Port, is_drawn, is_learned_from, is_trained

NAMES = [
    "target.gram.conv1_1",
    "target.content.conv4_2",
    "statistic.mean.conv2_2",
    "cotangent.gram.conv5_3",
    "directions.swd.conv3_1",
    "weight0.gan.conv1_1",
    "next_bias12.gan.conv1_1",
    "first_moment.weight0.gan.conv1_1",
    "next_second_moment.bias1.gan.conv2_1",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_what_it_says_and_says_what_it_is(name: str) -> None:
    port = Port.parse(name)
    assert port is not None
    assert str(port) == name


@pytest.mark.parametrize(
    "name", ["image", "next_image", "first_moment", "conv1_1.weight", "features.conv1_1", "a.b.c.d"]
)
def test_other_names_are_of_no_loss(name: str) -> None:
    assert Port.parse(name) is None


@pytest.mark.parametrize(
    ("name", "drawn", "trained", "learned_from"),
    [
        ("weight0.gan.conv1_1", False, True, False),
        ("bias12.gan.conv5_3", False, True, False),
        ("directions.swd.conv1_1", True, False, False),
        ("target.gan.conv1_1", False, False, True),
        ("target.swd.conv1_1", False, False, False),
        ("target.gram.conv1_1", False, False, False),
        ("first_moment.weight0.gan.conv1_1", False, False, False),
        ("next_weight0.gan.conv1_1", False, False, False),
        ("noise.swd.conv1_1", False, False, False),
        ("weight0.gram.conv1_1", False, False, False),
        ("weight0.none.conv1_1", False, False, False),
        ("image", False, False, False),
        ("conv1_1.weight", False, False, False),
    ],
)
def test_who_brings_an_input_is_known_by_its_name(
    name: str, drawn: bool, trained: bool, learned_from: bool
) -> None:
    assert (is_drawn(name), is_trained(name), is_learned_from(name)) == (
        drawn,
        trained,
        learned_from,
    )
