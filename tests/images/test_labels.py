"""Labels: lines that fit, at the best places, and characters that the font has."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

import pytest
from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

from texonnx.errors import ImageError
from texonnx.images.labels import label_font, wrap

SIZE = 16


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        assert name == "matplotlib"
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def font_of(*texts: str) -> FreeTypeFont:
    return label_font(SIZE, texts)


def width_of(text: str) -> int:
    """Return the pixels that `text` takes in the font of ASCII."""
    return int(font_of(text).getlength(text)) + 1


def wrapped(text: str, width: int, most_lines: int = 9) -> list[str]:
    return wrap(text, font_of(text), width, most_lines)


def test_a_label_that_fits_is_one_line() -> None:
    assert wrapped("gram and emd", width_of("gram and emd")) == ["gram and emd"]


def test_lines_end_between_words() -> None:
    assert wrapped("one two three", width_of("one two")) == ["one two", "three"]


def test_a_word_too_long_ends_after_a_comma_or_plus_first() -> None:
    assert wrapped("mean+cov,emd", width_of("mean+cov,")) == ["mean+cov,", "emd"]
    assert wrapped("mean+cov", width_of("mean+")) == ["mean+", "cov"]


def test_a_long_name_ends_after_an_underscore_and_a_longer_one_anywhere() -> None:
    assert wrapped("van_gogh_cafe", width_of("van_gogh_")) == ["van_gogh_", "cafe"]
    lines = wrapped("m" * 20, width_of("m" * 8))
    assert lines == ["m" * 8, "m" * 8, "m" * 4]


def test_a_labels_own_line_breaks_are_kept() -> None:
    assert wrapped("gram\nall layers", 500) == ["gram", "all layers"]


def test_what_does_not_fit_the_lines_ends_in_an_ellipsis_and_fits() -> None:
    text = "one two three four five"
    lines = wrapped(text, width_of("one two"), 2)
    assert len(lines) == 2
    assert lines[0] == "one two"
    assert lines[1].endswith("…")
    assert "three".startswith(lines[1][:-1])
    assert font_of(text).getlength(lines[1]) <= width_of("one two")


@pytest.mark.parametrize("width", [1, 20, 57, 130])
def test_every_line_fits_unless_not_even_a_character_does(width: int) -> None:
    text = "conv1_1, conv2_1 and others: mean+cov:0.5/van_gogh_church"
    lines = wrapped(text, width, 99)
    font = font_of(text)
    assert all(font.getlength(line) <= width or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_label_has_no_lines(text: str) -> None:
    assert wrapped(text, 100) == []


def test_tabs_become_blanks() -> None:
    assert wrapped("a\tb", 100) == ["a b"]


def test_ascii_is_drawn_in_pillows_own_font() -> None:
    assert font_of("gram + emd").getname()[0] == "Aileron"


def test_what_pillows_font_lacks_is_drawn_in_matplotlibs() -> None:
    pytest.importorskip("matplotlib")
    assert font_of("N² fenêtre").getname()[0] == "DejaVu Sans"
    assert wrapped("N² fenêtre → Σ", 500) == ["N² fenêtre → Σ"]


@pytest.mark.usefixtures("without_matplotlib")
def test_without_matplotlib_it_becomes_the_nearest_there_is() -> None:
    assert font_of("N² fenêtre").getname()[0] == "Aileron"
    assert wrapped("N² fenêtre", 500) == ["N2 fenetre"]


def test_a_character_no_font_has_becomes_a_question_mark() -> None:
    assert wrapped("stone 中 \U0001f984", 500) == ["stone ? ?"]


def test_a_pillow_without_freetype_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_default(size: float) -> None:
        raise ImportError("The _imagingft C module is not installed")

    monkeypatch.setattr(ImageFont, "load_default", load_default)
    with pytest.raises(ImageError, match="built without FreeType"):
        font_of("gram")
