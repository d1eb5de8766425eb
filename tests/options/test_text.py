"""What is typed for an option that takes numbers, and what of it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from texonnx.errors import OptionError
from texonnx.objective.specification import specify
from texonnx.options import ObjectiveOptions, Options, RunOptions, options_of
from texonnx.options.text import parse_numbers, parse_style, parse_words


def typed(record: type[Options], name: str, text: str) -> Options:
    """Return the record with one option as the command line would make it of `text`."""
    declared = options_of(record)[name]
    parse = declared.option.parse or type(declared.default)
    return record(**{name: parse(text)})


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        *(("size", text, f"not {text}") for text in ("0", "-5")),
        *(("size", text, f"not {side}") for text, side in (("0x32", "0"), ("32x-1", "-1"))),
        *(("size", text, f"'{text}'") for text in ("abc", "32x", "x32", "32.5", "32x32x3", "")),
        *(("steps", text, f"not {text}") for text in ("0", "-3")),
        *(("steps", text, f"'{text}'") for text in ("many", "", ",", "4,", "4,,2", "4.5", "4;2")),
        *(("steps", text, "not 0") for text in ("4,0", "0,4")),
        *(("exemplar_size", text, text) for text in ("0", "-1")),
        *(("disc_steps", text, text) for text in ("0", "-1")),
    ],
)
def test_a_number_of_a_run_that_will_not_do_is_refused_by_its_value(
    name: str, text: str, told: str
) -> None:
    with pytest.raises(OptionError) as refused:
        typed(RunOptions, name, text)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        *(("loss", f"gram:{weight}", weight) for weight in ("-1", "nan", "inf", "0", "much", "")),
        *(("loss", f"gram,tv:{weight}", weight) for weight in ("0", "-1", "nan")),
        ("loss", "", "''"),
        ("loss", "gram,gram", "gram"),
        ("loss", "gram,tv,tv", "'tv' is named more than once"),
        ("loss", "tv", "name a texture loss beside it"),
        ("loss", "content", "unknown loss 'content'; known: cov, emd, gan, gram, mean, swd, tv"),
        ("layers", "", "''"),
        ("layers", "conv1_1,conv1_1", "conv1_1"),
        *(("disc_widths", text, f"'{text}'") for text in ("8;4", "8,", "4.5", "many")),
        *(("disc_widths", text, f"not {text}") for text in ("0", "-8", "5000")),
        ("disc_widths", "8,8,8,8,8", "at most 4 hidden layers, not 5"),
    ],
)
def test_a_number_of_the_objective_that_will_not_do_is_refused_by_its_value(
    name: str, text: str, told: str
) -> None:
    with pytest.raises(OptionError) as refused:
        specify(typed(ObjectiveOptions, name, text))
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        *((text, text) for text in ("1,-1", "nan,1", "inf,1", "1,x")),
        ("", "layer weights"),
        ("0,0", "above 0"),
        ("1", "1 layer weight"),
        ("1,2,3", "3 layer weights were given for 2 layers"),
    ],
)
def test_weights_that_do_not_suit_their_layers_are_refused(weights: str, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        specify(ObjectiveOptions(layers="conv1_1,conv2_1", layer_weights=weights))


@pytest.mark.parametrize("text", ["half", "0.5;0.5", "1,", ","])
def test_shares_that_are_no_numbers_are_refused_as_typed(text: str) -> None:
    with pytest.raises(OptionError) as refused:
        parse_numbers(text, "shares")
    assert f"shares are numbers with commas between them, not '{text}'" == str(refused.value)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("a.jpg", ("a.jpg", 1.0)),
        ("a.jpg:2", ("a.jpg", 2.0)),
        ("C:\\a.jpg", ("C:\\a.jpg", 1.0)),
        (":3", (":3", 1.0)),
    ],
)
def test_a_style_is_a_file_and_perhaps_its_share(text: str, style: tuple[str, float]) -> None:
    path, share = parse_style(text)
    assert (path, share) == (Path(style[0]), style[1])


def test_words_are_told_apart_by_commas_or_by_repetition() -> None:
    assert parse_words(["cpu, cuda", "cpu"]) == ("cpu", "cuda")
    assert parse_words([",", ""]) is None
