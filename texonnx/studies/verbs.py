"""What the cells of a study do: the function behind each verb, its images and its options."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import texonnx

if TYPE_CHECKING:
    from texonnx.run.result import SynthesisResult


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


@dataclass(frozen=True)
class Option:
    """A keyword argument: the type that it is annotated with, and its default."""

    annotation: Any
    default: Any


VERBS = {
    verb.name: verb
    for verb in (
        Verb("synth", "synthesize", ("exemplar",), 0),
        Verb("transfer", "transfer", ("content", "style"), 1),
        Verb("reconstruct", "reconstruct", ("image",), 0),
    )
}


@functools.cache
def options_of(verb: Verb) -> dict[str, Option]:
    """Return every option that a study may set: the keyword arguments, but for the callbacks."""
    annotations = typing.get_type_hints(verb.function)
    return {
        name: Option(annotations[name], parameter.default)
        for name, parameter in inspect.signature(verb.function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not name.startswith("on_")
    }
