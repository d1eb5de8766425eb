"""Refusing options before anything runs: their names, their types, and the values one can check."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from texonnx.errors import OptionError, unknown
from texonnx.objective.specification import specify
from texonnx.options import (
    INITS,
    ObjectiveOptions,
    ReconstructionOptions,
    RunOptions,
    TileOptions,
    TransferOptions,
    taken,
)
from texonnx.studies.study import Options, Verb, options_of
from texonnx.vgg import layer_names

_SIMPLE: dict[Any, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "text in quotes"),
    Path: ((str,), "a path in quotes"),
    list: ((list,), "a list"),
    dict: ((dict,), "a table"),
}
_PLURALS = {int: "whole numbers", float: "numbers", str: "texts"}


def checked_options(verb: Verb, options: Options, where: str) -> Options:
    """Return `options`, if :func:`check_types` has nothing against them for the verb's function."""
    annotations = {name: option.annotation for name, option in options_of(verb).items()}
    side = options.get("size")
    if fits(side, int) and not fits(side, annotations["size"]):
        options = {**options, "size": [side, side]}  # a square, as on the command line
    check_types(options, annotations, f"{verb.name} option", where)
    return options


def check_types(values: Options, annotations: Mapping[str, Any], what: str, where: str) -> None:
    """Refuse values, as TOML has them, whose name has no annotation or whose type is not that.

    The sentence calls a name a `what`, and the part of the file `where`.
    """
    for name, value in values.items():
        if name not in annotations:
            raise OptionError(f"{where}: {unknown(what, name, annotations)}")
        if not fits(value, annotations[name]):
            raise OptionError(f"{where}: {name} is {in_words(annotations[name])}, not {value!r}")


def check_values(verb: Verb, settings: Options) -> None:
    """Refuse what the function would, in its own sentence, as far as can be told without a run.

    The settings are all options of a cell, defaults included.
    """
    if settings.get("artifacts") is None:
        specify(taken(ObjectiveOptions, settings))
    if verb.name == "synth":
        taken(RunOptions, settings)
        taken(TileOptions, settings)
    else:
        taken(RunOptions, settings, but="size")
        record = TransferOptions if verb.name == "transfer" else ReconstructionOptions
        taken(record, settings)
    layers = layer_names(settings["arch"])
    if settings.get("layer", layers[0]) not in layers:
        raise OptionError(unknown("layer", settings["layer"], layers))
    inits = list(dict.fromkeys([*INITS, options_of(verb)["init"].default]))
    if settings["init"] not in inits and not Path(settings["init"]).is_file():
        raise OptionError(f"{unknown('init', settings['init'], inits)}, or the path of an image")


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
