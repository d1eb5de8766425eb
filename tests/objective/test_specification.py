"""From the user's words to the value that decides the graphs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from texonnx.errors import OptionError
from texonnx.objective.specification import specify
from texonnx.options import PADDINGS, ObjectiveOptions


def test_the_defaults_are_all_layers_each_half_the_one_before_and_the_gram_loss() -> None:
    specification = specify(ObjectiveOptions())
    assert len(specification.layers) == 13
    assert specification.layer_weights == tuple(0.5**i for i in range(13))
    assert [term.loss.name for term in specification.terms] == ["gram"]
    assert specification.loss_options.gram_norm == "gatys"
    assert (specification.trunk.pooling, specification.trunk.padding) == ("avg", "circular")


def test_an_image_goes_on_at_its_other_side_unless_it_has_content_to_keep() -> None:
    of_content = ObjectiveOptions(content_layers="conv4_2")
    assert specify(of_content).trunk.padding == "reflect"
    assert specify(ObjectiveOptions(content_layers="conv4_2", content_weight=0)).trunk.padding == (
        "circular"
    )
    for given in PADDINGS:
        assert specify(replace(of_content, padding=given)).trunk.padding == given


@pytest.mark.parametrize("loss", ["gan", "gram,gan:0.1"])
def test_where_discriminators_are_asked_all_layers_count_alike(loss: str) -> None:
    assert specify(ObjectiveOptions(loss=loss)).layer_weights == (1.0,) * 13
    given = specify(ObjectiveOptions(loss=loss, layer_weights="geometric:0.5"))
    assert given.layer_weights[:2] == (1.0, 0.5)


def test_layers_of_weight_zero_are_left_out_with_their_weight() -> None:
    specification = specify(
        ObjectiveOptions(layers="conv1_1,conv4_1,conv2_1,conv5_1", layer_weights="1,0,0.5,0")
    )
    assert specification.layers == ("conv1_1", "conv2_1")
    assert specification.layer_weights == (1.0, 0.5)
    # What is left out need not fit into the image either.
    assert specification.minimum_size == 2


def test_targets_are_named_after_loss_and_layer_layer_by_layer() -> None:
    specification = specify(ObjectiveOptions(loss="emd,gram", layers="conv2_1,conv1_1"))
    assert [(name, loss.name, layer) for name, loss, layer in specification.targets()] == [
        ("target.emd.conv2_1", "emd", "conv2_1"),
        ("target.gram.conv2_1", "gram", "conv2_1"),
        ("target.emd.conv1_1", "emd", "conv1_1"),
        ("target.gram.conv1_1", "gram", "conv1_1"),
    ]


@pytest.mark.parametrize(
    ("layers", "padding", "expected"),
    [
        # 2^pools pixels leave one position; mirroring without the edge needs two.
        ("conv1_2", "zeros", 1),
        ("conv1_2", "reflect", 2),
        ("conv3_1,conv1_1", "circular", 4),
        ("all", "zeros", 16),
        ("all", "reflect", 32),
    ],
)
def test_the_least_size_leaves_every_layer_something_to_see(
    layers: str, padding: str, expected: int
) -> None:
    assert specify(ObjectiveOptions(layers=layers, padding=padding)).minimum_size == expected


def test_the_label_is_made_of_the_losses_names() -> None:
    assert specify(ObjectiveOptions(loss="mean:2,cov:1e-3")).label == "mean+cov"


def test_vgg19_has_its_own_layers() -> None:
    specification = specify(ObjectiveOptions(arch="vgg19"))
    assert specification.trunk.arch == "vgg19"
    assert len(specification.layers) == 16
    assert "conv5_4" in specification.layers


@pytest.mark.parametrize(
    ("field", "word", "nearest"),
    [
        ("loss", "grams", "gram"),
        ("layers", "conv1_3", "conv1_1"),
        ("gram_norm", "no-m", "no-m2"),
        ("pool", "maxi", "max"),
        ("padding", "reflekt", "reflect"),
        ("arch", "vgg17", "vgg16"),
    ],
)
def test_a_word_that_is_not_known_is_named_with_the_nearest(
    field: str, word: str, nearest: str
) -> None:
    with pytest.raises(OptionError, match=f"'{word}' .did you mean '") as info:
        specify(ObjectiveOptions(**{field: word}))
    assert nearest in str(info.value)


def test_the_parts_are_the_layers_then_the_contents_then_what_the_image_is_by_itself() -> None:
    options = ObjectiveOptions(
        layers="conv2_1,conv1_1,conv4_1",
        layer_weights="1,0,2",
        content_layers="conv4_2,conv2_1",
        tv=0.1,
    )
    specification = specify(options)
    assert specification.parts == (
        *("conv2_1", "conv4_1"),
        *("content.conv4_2", "content.conv2_1"),
        "tv",
    )
    assert [part.layer for part in specification.content_parts] == ["conv4_2", "conv2_1"]
    assert specification.trunk_layers == ("conv2_1", "conv4_1", "conv4_2")
    assert [name for name, *_ in specification.content_targets()] == [
        "target.content.conv4_2",
        "target.content.conv2_1",
    ]


def test_every_part_carries_its_whole_weight() -> None:
    options = ObjectiveOptions(
        loss="gram:3,mean,tv:7",
        layers="conv1_1,conv2_1",
        layer_weights="2,0.5",
        style_weight=10.0,
        content_layers="conv3_1",
        content_weight=0.25,
    )
    specification = specify(options)
    weights = {
        part.name: [(term.loss.name, term.weight) for term in part.terms]
        for part in (*specification.texture_parts, *specification.content_parts)
    }
    assert weights == {
        "conv1_1": [("gram", 60.0), ("mean", 20.0)],
        "conv2_1": [("gram", 15.0), ("mean", 5.0)],
        "content.conv3_1": [("content", 0.25)],
    }
    # What a user gives tv is what it has: it is not the texture's.
    assert [(term.loss.name, term.weight) for term in specification.image_terms] == [("tv", 7.0)]


def test_without_a_style_weight_there_is_no_texture() -> None:
    specification = specify(ObjectiveOptions(style_weight=0.0, content_layers="conv4_2", tv=1.0))
    assert specification.terms == specification.layers == specification.layer_weights == ()
    assert specification.parts == ("content.conv4_2", "tv")
    assert list(specification.targets()) == []
    assert specification.trunk_layers == ("conv4_2",)


def test_without_a_content_weight_there_is_no_content() -> None:
    specification = specify(ObjectiveOptions(content_layers="conv5_1", content_weight=0.0))
    assert specification.content_layers == ()
    assert "conv5_1" in specification.layers


def test_the_content_decides_the_least_size_as_well() -> None:
    options = ObjectiveOptions(layers="conv1_1", content_layers="conv4_1", padding="zeros")
    assert specify(options).minimum_size == 8


@pytest.mark.parametrize("words", [{"loss": "gram,tv"}, {"tv": 0.5}], ids=str)
def test_smoothness_needs_two_pixels_to_compare(words: dict[str, Any]) -> None:
    assert specify(ObjectiveOptions(layers="conv1_1")).minimum_size == 1
    assert specify(ObjectiveOptions(layers="conv1_1", **words)).minimum_size == 2


@pytest.mark.parametrize(
    "options",
    [
        ObjectiveOptions(loss="tv"),
        ObjectiveOptions(style_weight=0.0),
        ObjectiveOptions(style_weight=0.0, tv=2.0),
        ObjectiveOptions(loss="tv", content_layers="conv1_1", content_weight=0.0),
    ],
    ids=str,
)
def test_an_objective_that_holds_the_image_against_nothing_is_refused(
    options: ObjectiveOptions,
) -> None:
    with pytest.raises(OptionError, match="with nothing"):
        specify(options)


def test_smoothness_asked_for_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="tv is asked for twice: in 'gram,tv' and by its weight"):
        specify(ObjectiveOptions(loss="gram,tv", tv=0.1))


@pytest.mark.parametrize(("loss", "expected"), [("gram,gan", True), ("swd+emd+tv", False)])
def test_an_objective_with_discriminators_says_so(loss: str, expected: bool) -> None:
    assert specify(ObjectiveOptions(loss=loss)).adversarial is expected


def test_the_discriminators_widths_are_passed_on() -> None:
    options = specify(ObjectiveOptions(loss="gan", disc_widths=(16, 8))).loss_options
    assert options.discriminator_widths == (16, 8)
    with pytest.raises(OptionError, match="from 1 to 4096 channels, not 0"):
        specify(ObjectiveOptions(loss="gan", disc_widths=(0,)))


def test_a_content_layer_that_is_not_known_is_named_with_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"'conv4_4' .did you mean 'conv4_3'"):
        specify(ObjectiveOptions(content_layers="conv4_4"))


def test_the_label_is_of_the_textures_losses() -> None:
    assert specify(ObjectiveOptions(loss="swd,tv:2", content_layers="conv4_2")).label == "swd"
