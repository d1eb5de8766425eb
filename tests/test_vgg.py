"""texonnx.vgg: the tables, and the parsing of layer sets."""

from __future__ import annotations

import itertools

import pytest

from texonnx.errors import OptionError
from texonnx.vgg import (
    ARCHITECTURES,
    LAYER_SETS,
    check_architecture,
    conv_layers,
    layer_names,
    minimum_size,
    parse_layers,
    pools_before,
)

# The tables


# Counts of the published weights without the classifier: the issue's for VGG-16, Keras' for VGG-19.
@pytest.mark.parametrize(("arch", "count"), [("vgg16", 14_714_688), ("vgg19", 20_024_384)])
def test_the_convolutions_have_the_published_number_of_parameters(arch, count):
    layers = conv_layers(arch)
    assert sum((9 * layer.in_channels + 1) * layer.out_channels for layer in layers) == count


def test_vgg16_is_configuration_d():
    assert [
        (layer.name, layer.in_channels, layer.out_channels) for layer in conv_layers("vgg16")
    ] == [
        ("conv1_1", 3, 64),
        ("conv1_2", 64, 64),
        ("conv2_1", 64, 128),
        ("conv2_2", 128, 128),
        ("conv3_1", 128, 256),
        ("conv3_2", 256, 256),
        ("conv3_3", 256, 256),
        ("conv4_1", 256, 512),
        ("conv4_2", 512, 512),
        ("conv4_3", 512, 512),
        ("conv5_1", 512, 512),
        ("conv5_2", 512, 512),
        ("conv5_3", 512, 512),
    ]


def test_vgg19_has_a_fourth_convolution_in_the_last_three_blocks():
    more = {"conv3_4", "conv4_4", "conv5_4"}
    assert set(layer_names("vgg19")) - set(layer_names("vgg16")) == more
    assert len(layer_names("vgg19")) == 16


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_each_layers_input_is_the_layer_before(arch):
    layers = conv_layers(arch)
    for before, layer in itertools.pairwise(layers):
        assert layer.in_channels == before.out_channels


def test_a_known_architecture_is_returned():
    assert check_architecture("vgg19") == "vgg19"


def test_an_unknown_architecture_is_refused_with_the_nearest():
    with pytest.raises(
        OptionError, match=r"'vgg-16' \(did you mean 'vgg16'\?\); known: vgg16, vgg19"
    ):
        check_architecture("vgg-16")


@pytest.mark.parametrize("ask", [conv_layers, layer_names, lambda arch: parse_layers("all", arch)])
def test_every_way_in_refuses_an_unknown_architecture(ask):
    with pytest.raises(OptionError, match="resnet"):
        ask("resnet")


# Layer sets


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_all_is_every_layer_in_network_order(arch):
    assert parse_layers("all", arch) == layer_names(arch)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_one_per_block_is_the_first_convolution_of_each(arch):
    expected = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert parse_layers("one-per-block", arch) == expected


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_shallow_is_blocks_1_and_2(arch):
    assert parse_layers("shallow", arch) == ("conv1_1", "conv1_2", "conv2_1", "conv2_2")


def test_deep_is_blocks_4_and_5():
    expected = ("conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3")
    assert parse_layers("deep", "vgg16") == expected


def test_every_named_set_is_parsed():
    for name in LAYER_SETS:
        assert parse_layers(name, "vgg16")


def test_named_layers_keep_their_order():
    assert parse_layers("conv3_1, conv1_1", "vgg16") == ("conv3_1", "conv1_1")


def test_blanks_and_stray_commas_do_not_matter():
    assert parse_layers(" conv1_1 ,, conv2_1,", "vgg16") == ("conv1_1", "conv2_1")


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("conv1-1", "conv1_1"), ("conv1_1,cov5_3", "conv5_3"), ("shalow", "shallow"), ("al", "all")],
)
def test_a_misspelt_layer_is_refused_with_the_nearest(text, nearest):
    with pytest.raises(OptionError, match=rf"unknown vgg16 layer .*did you mean '{nearest}'\?"):
        parse_layers(text, "vgg16")


def test_a_layer_of_the_other_architecture_is_refused_with_the_known():
    with pytest.raises(OptionError, match=r"'conv5_4'.*known: all, .*conv5_2, conv5_3$"):
        parse_layers("conv5_4", "vgg16")
    assert parse_layers("conv5_4", "vgg19") == ("conv5_4",)


def test_a_repeated_layer_is_refused():
    with pytest.raises(OptionError, match="'conv1_1' is named more than once"):
        parse_layers("conv1_1,conv2_1,conv1_1", "vgg16")


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_an_empty_list_is_refused_with_the_names(text):
    with pytest.raises(OptionError, match=r"no layer .*conv1_1, .*conv5_3"):
        parse_layers(text, "vgg16")


# Sizes


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_one_pooling_lies_before_each_block_after_the_first(arch):
    for layer in conv_layers(arch):
        assert layer.pools_before == int(layer.name[4]) - 1
        assert pools_before(layer.name) == layer.pools_before


@pytest.mark.parametrize(
    ("layer", "size"),
    [("conv1_2", 1), ("conv2_1", 2), ("conv3_3", 4), ("conv4_1", 8), ("conv5_4", 16)],
)
def test_the_minimum_size_leaves_one_position_after_the_poolings(layer, size):
    assert minimum_size([layer]) == size
    assert size // 2 ** pools_before(layer) == 1
    assert (size - 1) // 2 ** pools_before(layer) == 0


def test_the_deepest_layer_sets_the_minimum_size_in_any_order():
    assert minimum_size(["conv4_2", "conv1_1", "conv2_1"]) == 8


def test_no_layer_asks_for_no_size() -> None:
    assert minimum_size([]) == 1
