"""TOML values against annotations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from texonnx.studies.checking import fits, in_words

FIT = [
    (1, int),
    (1, float),
    (0.5, float),
    (True, bool),
    ("a", str | Path),
    ([1, 2], tuple[int, int] | None),
    ([1, 2, 3], int | Sequence[int] | None),
    ([], tuple[int, ...]),
    ({"any": "thing"}, Any),
]
DO_NOT_FIT = [
    (True, int),
    (True, float),
    (1, bool),
    (0.5, int),
    (1, str),
    ("12", Sequence[int]),
    ([1, 2, 3], tuple[int, int] | None),
    ([1, "2"], Sequence[int]),
    ([True, True], tuple[int, int]),
    ({}, str | None),
]


@pytest.mark.parametrize(("value", "annotation"), FIT)
def test_it_fits(value: object, annotation: Any) -> None:
    assert fits(value, annotation)


@pytest.mark.parametrize(("value", "annotation"), DO_NOT_FIT)
def test_it_does_not_fit(value: object, annotation: Any) -> None:
    assert not fits(value, annotation)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (bool, "true or false"),
        (int | None, "a whole number"),
        (str | Path, "text in quotes or a path in quotes"),
        (tuple[int, int] | None, "a list of 2 whole numbers"),
        (int | Sequence[int] | None, "a whole number or a list of whole numbers"),
        (float | None, "a number"),
    ],
)
def test_what_fits_is_said_in_words(annotation: Any, words: str) -> None:
    assert in_words(annotation) == words
