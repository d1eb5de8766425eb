"""Refusing options before anything runs: their names, their types, and the values one can check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from texonnx.errors import OptionError, unknown
from texonnx.objective.specification import specify
from texonnx.options import (
    INITS,
    ObjectiveOptions,
    ReconstructionOptions,
    RunOptions,
    TransferOptions,
    taken,
)
from texonnx.studies.option_types import fits, in_words
from texonnx.studies.study import Options
from texonnx.studies.verbs import Verb, options_of
from texonnx.vgg import layer_names


def checked_options(verb: Verb, options: Options, where: str) -> dict[str, Any]:
    """Return `options`, if the verb's function has all of them and their types fit.

    Parameters
    ----------
    where
        The part of the file, as the sentence names it.

    Raises
    ------
    OptionError
        For a name that the function does not have, or a value of another type.
    """
    known = options_of(verb)
    checked = {}
    for name, value in options.items():
        if name not in known:
            raise OptionError(f"{where}: {unknown(f'{verb.name} option', name, known)}")
        annotation = known[name].annotation
        if name == "size" and not fits(value, annotation):
            value = [value, value]  # a square, as on the command line
        if not fits(value, annotation):
            raise OptionError(f"{where}: {name} is {in_words(annotation)}, not {options[name]!r}")
        checked[name] = value
    return checked


def as_arguments(settings: Options) -> dict[str, Any]:
    """Return the keyword arguments: tuples where TOML and JSON have lists."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
    }


def check_values(verb: Verb, settings: Options) -> None:
    """Refuse what the function would refuse, as far as that can be told without running it.

    Parameters
    ----------
    settings
        All options of a cell, defaults included, as :func:`as_arguments` returns them.

    Raises
    ------
    OptionError
        With the sentence that the function itself would have.
    """
    if settings.get("artifacts") is None:
        specify(taken(ObjectiveOptions, settings))
    if verb.name == "synth":
        taken(RunOptions, settings)
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
