"""How sums of losses are written."""

from __future__ import annotations

import pytest

from texonnx.errors import OptionError
from texonnx.losses import (
    ImageTerm,
    LossTerm,
    TextureLoss,
    find_loss,
    label_of,
    loss_names,
    parse_loss,
)


def terms(text: str) -> list[tuple[str, float]]:
    return [(term.loss.name, term.weight) for term in parse_loss(text)]


@pytest.mark.parametrize("name", [*loss_names(), "tv"])
def test_a_name_alone_has_weight_one(name: str) -> None:
    assert terms(name) == [(name, 1.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mean+cov", [("mean", 1.0), ("cov", 1.0)]),
        ("mean,cov", [("mean", 1.0), ("cov", 1.0)]),
        ("gram:1,emd:0.1", [("gram", 1.0), ("emd", 0.1)]),
        ("gram:2+emd:0.5", [("gram", 2.0), ("emd", 0.5)]),
        ("gram+emd:3,mean:.25", [("gram", 1.0), ("emd", 3.0), ("mean", 0.25)]),
        ("emd+gram", [("emd", 1.0), ("gram", 1.0)]),
        ("swd,tv:0.5,gan", [("swd", 1.0), ("tv", 0.5), ("gan", 1.0)]),
    ],
)
def test_plus_and_comma_both_add(text: str, expected: list[tuple[str, float]]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gram:1e+5", [("gram", 1e5)]),
        ("gram:1e+5+emd", [("gram", 1e5), ("emd", 1.0)]),
        ("gram:1e5+emd:2E-3", [("gram", 1e5), ("emd", 2e-3)]),
        ("gram:+2,emd", [("gram", 2.0), ("emd", 1.0)]),
    ],
)
def test_a_plus_inside_a_number_does_not_add(text: str, expected: list[tuple[str, float]]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize("text", ["gram:1, emd:2", " gram:1 ,emd:2 ", "gram:1 + emd:2"])
def test_blanks_around_the_terms_do_not_matter(text: str) -> None:
    assert terms(text) == [("gram", 1.0), ("emd", 2.0)]


@pytest.mark.parametrize("text", ["grma", "gram+grma:2"])
def test_an_unknown_loss_is_answered_with_the_nearest(text: str) -> None:
    with pytest.raises(OptionError, match=r"unknown loss 'grma' \(did you mean 'gram'\?\)") as info:
        parse_loss(text)
    for name in (*loss_names(), "tv"):
        assert name in str(info.value)


@pytest.mark.parametrize("text", ["", ",", "gram,", "+gram", ":2", "gram++emd"])
def test_a_missing_name_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="unknown loss"):
        parse_loss(text)


@pytest.mark.parametrize("text", ["gram+gram", "gram:1,emd,gram:2"])
def test_a_loss_named_twice_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="'gram' is named more than once"):
        parse_loss(text)


@pytest.mark.parametrize(
    "number",
    ["-1", "0", "-0.0", "nan", "inf", "-inf", "", "much", "1:2", "0x10", "1e999", "1e-999"],
)
def test_a_weight_is_a_finite_number_above_zero(number: str) -> None:
    with pytest.raises(OptionError, match="weight of loss 'gram' must be a number above 0") as info:
        parse_loss(f"gram:{number}")
    assert f"'{number}'" in str(info.value)


def test_the_label_names_the_losses_in_order() -> None:
    assert label_of(parse_loss("emd:0.1,gram")) == "emd+gram"


def test_a_loss_is_found_under_its_name_and_says_what_it_is() -> None:
    for name in loss_names():
        loss = find_loss(name)
        assert isinstance(loss, TextureLoss)
        assert loss.name == name
        assert loss.summary
        assert loss.source


def test_what_needs_no_exemplar_is_no_texture_loss() -> None:
    texture, smoothness = parse_loss("gram,tv:3")
    assert isinstance(texture, LossTerm)
    assert isinstance(smoothness, ImageTerm)
    assert "tv" not in loss_names()


def test_the_content_is_no_texture_to_be_asked_for_by_name() -> None:
    with pytest.raises(OptionError, match="unknown loss 'content'"):
        parse_loss("gram,content")
