"""texonnx.objective.layer_weights: what each schedule gives, and what is refused."""

from __future__ import annotations

import pytest

from texonnx.errors import OptionError
from texonnx.objective.layer_weights import SCHEDULES, parse_layer_weights
from texonnx.vgg import ARCHITECTURES, layer_names

TWO = ("conv1_1", "conv2_1")
FOUR = ("conv1_1", "conv2_1", "conv3_1", "conv5_1")


def weights(text: str, layers=FOUR, arch="vgg16"):
    return parse_layer_weights(text, layers, arch)


# Numbers


def test_numbers_are_taken_in_the_layers_order():
    assert weights("0, 1e3 ,0.25", ["conv3_1", "conv2_1", "conv1_1"]) == (0, 1000, 0.25)


@pytest.mark.parametrize(("text", "count"), [("1", 1), ("1,2,3", 3)])
def test_another_count_than_the_layers_is_refused(text, count):
    with pytest.raises(OptionError, match=f"{count} layer weights were given for 2 layers"):
        weights(text, TWO)


# Schedules: the formulas worked out by hand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("equal", (1, 1, 1, 1)),
        ("linear", (1, 2, 3, 4)),
        ("linear:0.5,0.25", (0.5, 0.75, 1, 1.25)),
        ("linear:3,-1", (3, 2, 1, 0)),
        ("linear:0,2", (0, 2, 4, 6)),
        ("geometric:0.5", (1, 0.5, 0.25, 0.125)),
        ("geometric:3", (1, 3, 9, 27)),
        ("geometric:1", (1, 1, 1, 1)),
        ("quadratic", (1 / 16, 1 / 4, 9 / 16, 1)),
        # A 256x256 image is 256, 128, 64, 32 and 16 high at blocks 1 to 5.
        ("inverse-height", (1, 2, 4, 16)),
        ("inverse-channels", (1 / 64, 1 / 128, 1 / 256, 1 / 512)),
        (" linear ", (1, 2, 3, 4)),
        ("linear: 1, 2", (1, 3, 5, 7)),
    ],
)
def test_a_schedule_gives_its_formula(text, expected):
    assert weights(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linear:descending", (4, 3, 2, 1)),
        ("linear:0.5,0.25:descending", (1.25, 1, 0.75, 0.5)),
        ("geometric:2:descending", (8, 4, 2, 1)),
        ("quadratic:descending", (1, 9 / 16, 1 / 4, 1 / 16)),
        ("inverse-height:descending", (16, 4, 2, 1)),
        ("inverse-channels:descending", (1 / 512, 1 / 256, 1 / 128, 1 / 64)),
    ],
)
def test_descending_reverses_the_weights_over_the_layers(text, expected):
    assert weights(text) == expected


def test_layers_are_counted_in_the_order_given():
    assert weights("linear", ["conv5_1", "conv1_1"]) == (1, 2)


def test_heights_and_channels_are_those_of_the_layer_wherever_it_stands():
    assert weights("inverse-height", ["conv5_3", "conv1_2"]) == (16, 1)
    assert weights("inverse-channels", ["conv4_2", "conv1_2"]) == (1 / 512, 1 / 64)


def test_one_layer_has_a_weight_in_every_schedule():
    for text in ("equal", "linear", "geometric:0.5", "quadratic", "inverse-height"):
        assert weights(text, ["conv1_1"]) == (1,)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_all_layers_of_a_network_have_a_weight_in_every_schedule(arch):
    names = layer_names(arch)
    for schedule in SCHEDULES:
        text = "geometric:0.5" if schedule == "geometric" else schedule
        assert len(weights(text, names, arch)) == len(names)


def test_layers_that_vgg19_alone_has_are_known_to_it():
    assert weights("inverse-height", ["conv3_4", "conv5_4"], "vgg19") == (4, 16)


# What is refused


@pytest.mark.parametrize("text", ["", " ", "1,", "1;2", "one,two", "equal,1", "1:2", ":descending"])
def test_what_is_neither_numbers_nor_a_schedule_is_refused_with_the_known(text):
    with pytest.raises(OptionError) as info:
        weights(text, TWO)
    assert str(info.value).startswith(f"unknown layer weights '{text}'")
    assert str(info.value).endswith(f"known: {', '.join(SCHEDULES)}, numbers as in 1,0.5")


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("Equal", "equal"),
        ("linaer:1,0.5", "linear"),
        ("geometrc:0.5:descending", "geometric"),
        ("inverse-heigth", "inverse-height"),
    ],
)
def test_a_misspelt_schedule_is_refused_with_the_nearest(text, nearest):
    name = text.partition(":")[0]
    with pytest.raises(OptionError, match=rf"weights '{name}' \(did you mean '{nearest}'\?\)"):
        weights(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("equal:1", "equal"),
        ("linear:1", "linear:FIRST,STEP"),
        ("linear:1,2,3", "linear:FIRST,STEP"),
        ("linear:one,two", "linear:FIRST,STEP"),
        ("linear:", "linear:FIRST,STEP"),
        *((text, "a ratio above 0") for text in ("geometric", "geometric:", "geometric:1,2")),
        *((f"geometric:{ratio}", "a ratio above 0") for ratio in ("0", "-1", "nan", "inf", "x")),
        ("quadratic:2", "quadratic"),
        ("inverse-height:2", "inverse-height"),
        ("inverse-channels:2", "inverse-channels"),
    ],
)
def test_numbers_that_a_schedule_does_not_take_are_refused_with_its_form(text, form):
    with pytest.raises(OptionError) as info:
        weights(text)
    name = text.partition(":")[0]
    assert str(info.value).startswith(f"layer weights '{name}' are written {name}")
    assert f"{form}" in str(info.value)
    assert str(info.value).endswith(f", not '{text}'")


@pytest.mark.parametrize("text", ["linear:decending", "geometric:2:descendng"])
def test_a_misspelt_descending_is_refused_with_the_right_word(text):
    with pytest.raises(OptionError, match=rf"not '{text}' \(did you mean 'descending'\?\)$"):
        weights(text)


@pytest.mark.parametrize("text", ["equal:descending", "1,2,3,4:descending"])
def test_what_has_no_order_of_its_own_cannot_be_descending(text):
    with pytest.raises(OptionError, match=f"only a schedule such as linear .* not '{text}'"):
        weights(text)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("1,-1", "-1"),
        ("1,nan", "nan"),
        ("1,inf", "inf"),
        ("1,-inf", "-inf"),
        ("1,1e39", "1e+39"),
        ("1,1e-39", "1e-39"),
        ("linear:1,-2", "-1"),
        ("linear:nan,1", "nan"),
        ("linear:0,inf", "nan"),
    ],
)
def test_a_weight_that_is_negative_or_that_float32_does_not_hold_is_refused(text, given):
    with pytest.raises(OptionError) as info:
        weights(text, TWO)
    assert "finite and not negative" in str(info.value)
    assert str(info.value).endswith(f"'{text}' gives {given}")


# 16 layers: the last has RATIO^15. float32 ends at 3.4e38 and has full precision from 1.2e-38.
@pytest.mark.parametrize("ratio", ["400", "1e30", "1e300", "0.002", "1e-300"])
@pytest.mark.parametrize("order", ["", ":descending"])
def test_a_ratio_whose_powers_leave_float32_is_refused(ratio, order):
    text = f"geometric:{ratio}{order}"
    with pytest.raises(OptionError, match=f"'{text}' gives"):
        weights(text, layer_names("vgg19"), "vgg19")


@pytest.mark.parametrize("ratio", ["300", "0.004"])
def test_a_ratio_whose_powers_float32_holds_is_taken(ratio):
    found = weights(f"geometric:{ratio}", layer_names("vgg19"), "vgg19")
    assert found[15] == pytest.approx(float(ratio) ** 15)


@pytest.mark.parametrize("text", ["0,0", "linear:0,0", "linear:0,0:descending"])
def test_weights_that_are_all_0_are_refused(text):
    with pytest.raises(OptionError, match=f"at least one layer weight .* above 0, and '{text}'"):
        weights(text, TWO)


def test_a_weight_of_0_among_others_is_taken():
    assert weights("linear:0,1", TWO) == (0, 1)
