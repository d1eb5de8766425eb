"""Whether a TOML value fits a Python annotation, and the words for what would."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SIMPLE: dict[Any, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "text in quotes"),
    Path: ((str,), "a path in quotes"),
}
_PLURALS = {int: "whole numbers", float: "numbers", str: "texts"}


def fits(value: object, annotation: Any) -> bool:
    """Return whether `value`, as TOML has it, can stand for a parameter annotated so.

    Examples
    --------
    >>> fits([8, 4], int | tuple[int, ...] | None), fits(True, int), fits(1, float)
    (True, False, True)
    """
    if _is_union(annotation):
        return any(fits(value, member) for member in typing.get_args(annotation))
    if annotation in _SIMPLE:
        accepted = _SIMPLE[annotation][0]
        return isinstance(value, accepted) and (annotation is bool or not isinstance(value, bool))
    if annotation is Any:
        return True
    members = _members(annotation)
    if members is None or not isinstance(value, list):
        return False
    member, length = members
    return length in (None, len(value)) and all(fits(one, member) for one in value)


def in_words(annotation: Any) -> str:
    """Return what fits.

    Examples
    --------
    >>> in_words(tuple[int, int] | None)
    'a list of 2 whole numbers'
    """
    if _is_union(annotation):
        words = [in_words(member) for member in typing.get_args(annotation)]
        return " or ".join(dict.fromkeys(word for word in words if word))
    if annotation in _SIMPLE:
        return _SIMPLE[annotation][1]
    members = _members(annotation)
    if members is None:
        return ""
    member, length = members
    return f"a list of {'' if length is None else f'{length} '}{_PLURALS.get(member, 'values')}"


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (types.UnionType, typing.Union)


def _members(annotation: Any) -> tuple[Any, int | None] | None:
    """Return the type of a sequence's members and how many there are, if that is fixed."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Sequence:
        return arguments[0], None
    if origin is tuple:
        return arguments[0], None if arguments[-1] is Ellipsis else len(arguments)
    return None
