"""What a study is: its question, its verb, its rows of images and its columns of options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import texonnx

if TYPE_CHECKING:
    from texonnx.run.result import SynthesisResult

Options = Mapping[str, Any]
"""Names and values as TOML has them: lists where the functions take tuples."""


@dataclass(frozen=True)
class Verb:
    """A verb of the command line, as a study uses it.

    Attributes
    ----------
    name
        As in the TOML file.
    function_name
        The public function of :mod:`texonnx` that does it.
    images
        What the function's positional images are, in order; the heads of the sheet's columns.
    model
        Which of them the result's texture is scored against.
    """

    name: str
    function_name: str
    images: tuple[str, ...]
    model: int

    @property
    def function(self) -> Callable[..., SynthesisResult]:
        """The function itself."""
        function: Callable[..., SynthesisResult] = getattr(texonnx, self.function_name)
        return function


VERBS = {
    verb.name: verb
    for verb in (
        Verb("synth", "synthesize", ("exemplar",), 0),
        Verb("transfer", "transfer", ("content", "style"), 1),
        Verb("reconstruct", "reconstruct", ("image",), 0),
    )
}


@functools.cache
def options_of(verb: Verb) -> dict[str, inspect.Parameter]:
    """Return every option that a study may set: the keyword arguments, but for the callbacks.

    And but for maps: a cell has one image.
    """
    parameters = inspect.signature(verb.function, eval_str=True).parameters
    return {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        and not name.startswith("on_")
        and name != "maps"
    }


@dataclass(frozen=True)
class Subject:
    """The images of one row: an exemplar, or content and style.

    Attributes
    ----------
    label
        Unlike every other row's.
    images
        Files, in the order of :attr:`Verb.images`.
    """

    label: str
    images: tuple[Path, ...]


@dataclass(frozen=True)
class Variant:
    """One column: a label, and the options that make it differ from the others."""

    label: str
    options: Options
    note: str = ""


@dataclass(frozen=True)
class Study:
    """A grid of runs, subjects by variants, and what it is to answer.

    Attributes
    ----------
    name, folder
        Of the TOML file, and the folder that it lies in.
    title, question, findings
        Text for the report; paragraphs are separated by empty lines.
    verb
        What every cell does.
    subjects, variants
        Rows and columns.
    options
        Of every cell, unless a variant has its own.
    quick
        What replaces both for a quick look.
    """

    name: str
    folder: Path
    title: str
    question: str
    findings: str
    verb: Verb
    subjects: tuple[Subject, ...]
    variants: tuple[Variant, ...]
    options: Options
    quick: Options
