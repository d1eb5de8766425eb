"""The options and their defaults."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from texonnx.errors import OptionError
from texonnx.losses import loss_names
from texonnx.objective.layer_weights import SCHEDULES
from texonnx.objective.specification import specify
from texonnx.optimizers import OPTIMIZERS
from texonnx.options import (
    INITS,
    OBJECTIVE,
    RECONSTRUCTION,
    RUN,
    BenchOptions,
    ExportOptions,
    ObjectiveOptions,
    Options,
    ReconstructionOptions,
    RunOptions,
    TransferOptions,
    options_of,
    taken,
)
from texonnx.options.values import whole_numbers
from texonnx.vgg import LAYER_SETS


def test_the_defaults_are_those_of_the_readme() -> None:
    assert (OBJECTIVE.loss, OBJECTIVE.layers) == ("gram", "all")
    assert OBJECTIVE.layer_weights == "auto"
    assert (OBJECTIVE.pool, OBJECTIVE.padding, OBJECTIVE.arch) == ("avg", "auto", "vgg16")
    assert OBJECTIVE.weights == "pretrained"
    assert OBJECTIVE.activation_scale is True
    assert RUN.exemplar_size == 256
    assert (RUN.engine, RUN.provider, RUN.init) == ("auto", "auto", "spectrum")
    assert RUN.optimizer == "auto"


def test_by_default_there_is_texture_alone() -> None:
    specification = specify(OBJECTIVE)
    assert specification.parts == specification.layers
    assert not specification.adversarial


def test_the_defaults_are_accepted() -> None:
    assert len(specify(OBJECTIVE).layers) == 13


def test_the_default_weight_falls_by_half_from_each_chosen_layer_to_the_next() -> None:
    weights = specify(ObjectiveOptions(layers="conv1_1,conv3_1,conv5_1")).layer_weights
    assert weights == (1.0, 0.5, 0.25)


def test_a_reconstruction_weights_its_layers_alike() -> None:
    assert RECONSTRUCTION.layer_weights == "equal"


def test_every_optimizer_with_a_learning_rate_has_a_default_of_it() -> None:
    rates = {name: one.learning_rate for name, one in OPTIMIZERS.items() if one.learning_rate}
    assert set(rates) == {"adam", "sgd"}
    for name, rate in rates.items():
        assert RunOptions(optimizer=name).learning_rate == rate
        assert RunOptions(optimizer=name, lr=0.5).learning_rate == 0.5
    assert RunOptions(optimizer="lbfgs").learning_rate == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": 0}, "the number of steps must be 1 or more, not 0"),
        ({"steps": ()}, "there are steps for no scale at all"),
        ({"size": (32, 0)}, "the width must be 1 or more, not 0"),
        ({"size": (-3, 32)}, "the height must be 1 or more, not -3"),
        ({"scales": -1}, "the number of scales must be 1 or more, not -1"),
        ({"exemplar_size": 0}, "the exemplar size must be 1 or more, not 0"),
        ({"threads": -2}, "the number of threads must be 0 or more, not -2"),
        ({"seed": -1}, "the seed must be 0 or more, not -1"),
        ({"optimizer": "lbfgs", "lr": 1.0}, "lbfgs takes no learning rate"),
        ({"disc_steps": 0}, "the number of the discriminators' steps must be 1 or more, not 0"),
    ],
    ids=str,
)
def test_what_is_out_of_range_is_told_with_its_value(
    options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OptionError, match=sentence):
        RunOptions(**options)


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e39, float("nan"), float("inf")])
@pytest.mark.parametrize("optimizer", ["adam", "auto"])
def test_a_learning_rate_is_a_number_above_0(optimizer: str, rate: float) -> None:
    with pytest.raises(
        OptionError, match=rf"the learning rate must be .* above 0, not {re.escape(str(rate))}"
    ):
        RunOptions(optimizer=optimizer, lr=rate)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), 1e39])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("content_weight", "content weight"),
        ("style_weight", "style weight"),
        ("tv", "weight of tv"),
    ],
)
def test_a_weight_is_a_float32_from_0_up(name: str, told: str, weight: float) -> None:
    with pytest.raises(OptionError, match=f"^the {told} must be a number from 0 up, not "):
        ObjectiveOptions(**{name: weight})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["content_weight", "style_weight", "tv"])
@pytest.mark.parametrize("weight", [0.0, 1e-30, 3e38])
def test_a_weight_from_0_up_is_accepted(name: str, weight: float) -> None:
    assert getattr(ObjectiveOptions(**{name: weight}), name) == weight  # type: ignore[arg-type]


def test_a_strength_sets_the_content_weight_geometrically() -> None:
    weights = [
        TransferOptions(strength=strength).weight_of_content for strength in (0, 0.25, 0.5, 1)
    ]
    assert weights == pytest.approx([0.2, 0.2 / 10**0.5, 0.02, 0.002])
    assert TransferOptions().weight_of_content == pytest.approx(weights[2])
    assert TransferOptions(content_weight=3.0).weight_of_content == 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 0}, "the size must be 1 or more, not 0"),
        ({"strength": -0.1}, "the strength goes from 0 to 1, and -0.1 does not lie there"),
        ({"strength": 1.0, "content_weight": 1.0}, "give one of the two, not both"),
        ({"style_scale": 0.0}, "the style's scale must be above 0 and at most 16, not 0.0"),
        ({"style_scale": 17.0}, "the style's scale must be above 0 and at most 16, not 17.0"),
        ({"style_scale": float("nan")}, "the style's scale must be above 0 .*, not nan"),
    ],
    ids=str,
)
def test_what_a_transfer_cannot_have_is_told_with_its_value(
    options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OptionError, match=sentence):
        TransferOptions(**options)


@pytest.mark.parametrize("steps", [(0,), (4, 0), (4, -2, 3), -7])
def test_every_number_of_steps_is_1_or_more(steps: Any) -> None:
    bad = steps if isinstance(steps, int) else min(steps)
    with pytest.raises(OptionError, match=f"number of steps must be 1 or more, not {bad}"):
        RunOptions(steps=steps)


@pytest.mark.parametrize("until", [0.0, -0.1, 1.0, 2.0, float("nan"), float("inf")])
def test_the_share_at_which_a_scale_ends_lies_between_0_and_1(until: float) -> None:
    with pytest.raises(OptionError, match=f"between 0 and 1, not at {until}"):
        RunOptions(until=until)


@pytest.mark.parametrize("until", [1e-9, 0.02, 0.999])
def test_a_share_between_0_and_1_is_accepted(until: float) -> None:
    assert RunOptions(until=until).until == until


def test_neither_lbfgs_takes_a_learning_rate() -> None:
    for optimizer in ("lbfgs", "scipy-lbfgs"):
        with pytest.raises(OptionError, match=f"^{optimizer} takes no learning rate"):
            RunOptions(optimizer=optimizer, lr=0.1)
        assert RunOptions(optimizer=optimizer).learning_rate == 0


@pytest.mark.parametrize("steps", [2.5, (2.5,), "12", [3, None]], ids=str)
def test_steps_that_are_not_whole_numbers_are_refused(steps: Any) -> None:
    with pytest.raises(OptionError, match="steps are whole numbers, not"):
        whole_numbers(steps)


def test_whole_numbers_of_numpy_are_taken() -> None:
    assert whole_numbers(np.int64(3)) == 3
    assert whole_numbers(np.array([3, 2])) == (3, 2)
    assert whole_numbers(None) is None


@pytest.mark.parametrize(
    ("widths", "sentence"),
    [
        ((0,), "from 1 to 4096 channels, not 0"),
        ((8, -2), "from 1 to 4096 channels, not -2"),
        ((4097,), "from 1 to 4096 channels, not 4097"),
        ((8,) * 5, "at most 4 hidden layers, not 5"),
        (8.5, "the widths of a discriminator's layers are whole numbers, not 8.5"),
        (("8",), "the widths of a discriminator's layers are whole numbers"),
    ],
    ids=str,
)
def test_a_discriminator_that_cannot_be_is_refused_with_its_value(
    widths: Any, sentence: str
) -> None:
    with pytest.raises(OptionError, match=sentence):
        ObjectiveOptions(disc_widths=widths)


@pytest.mark.parametrize("widths", [(), (1,), (4096,) * 4])
def test_the_least_and_the_largest_discriminators_are_accepted(widths: tuple[int, ...]) -> None:
    assert ObjectiveOptions(disc_widths=widths).disc_widths == widths


def test_one_width_is_one_hidden_layer() -> None:
    assert ObjectiveOptions(disc_widths=np.int64(16)).disc_widths == (16,)


RECORDS = (
    ObjectiveOptions,
    RunOptions,
    TransferOptions,
    ReconstructionOptions,
    ExportOptions,
    BenchOptions,
)
OPTIONS = [
    pytest.param(record, name, id=f"{record.__name__}.{name}")
    for record in RECORDS
    for name in options_of(record)
]
IN_WORDS = {"provider": ("auto", "cpu", "cuda", "openvino")}
"""Of the providers, few are named."""


@pytest.mark.parametrize(("record", "name"), OPTIONS)
def test_every_option_has_a_help_that_names_the_words_it_takes(
    record: type[Options], name: str
) -> None:
    option = options_of(record)[name].option
    assert option.help.endswith(".")
    assert option.panel
    for word in IN_WORDS.get(name, option.choices):
        assert word in option.help


@pytest.mark.parametrize(
    ("record", "name"),
    [one for one in OPTIONS if options_of(one.values[0])[one.values[1]].option.choices],
)
def test_a_word_that_an_option_does_not_take_is_refused_with_those_it_takes(
    record: type[Options], name: str
) -> None:
    option = options_of(record)[name].option
    with pytest.raises(OptionError) as caught:
        record(**{name: "xyzzy"})
    assert str(caught.value).startswith(f"unknown {option.what or name} 'xyzzy'")
    assert all(word in str(caught.value) for word in option.choices)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("loss", loss_names()),
        ("layers", LAYER_SETS),
        ("layer_weights", SCHEDULES),
        ("weights", ("pretrained", "random")),
    ],
)
def test_the_help_of_an_option_with_a_grammar_names_its_words(
    name: str, words: tuple[str, ...]
) -> None:
    told = options_of(ObjectiveOptions)[name].option.help
    assert all(word in told for word in words)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (RunOptions, INITS),
        (TransferOptions, ("content", *INITS)),
        (ReconstructionOptions, INITS),
    ],
)
def test_the_help_of_init_names_what_a_run_may_start_from(
    record: type[Options], words: tuple[str, ...]
) -> None:
    told = options_of(record)["init"].option.help
    assert all(word in told for word in words)


@pytest.mark.parametrize("size", [5, (1, 2, 3), "64"])
def test_a_size_that_is_not_two_numbers_is_refused(size: Any) -> None:
    with pytest.raises(OptionError, match="a size is height and width in pixels, not"):
        RunOptions(size=size)


def test_a_record_takes_its_own_of_many_options() -> None:
    given = {"seed": 3, "size": 64, "loss": "emd", "exemplar": "stone.png"}
    assert taken(RunOptions, given, but="size") == RunOptions(seed=3)
    assert taken(ObjectiveOptions, given) == ObjectiveOptions(loss="emd")


def test_what_is_given_as_numpy_has_it_is_held_as_python_does() -> None:
    options = RunOptions(steps=np.array([3, 2]), size=(np.int64(8), np.int64(9)))
    assert options.steps == (3, 2)
    assert str(options.size) == "9x8"
