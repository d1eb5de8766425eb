"""Commands whose options are made from records, so that each option is said once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from texonnx.options import Declared, Options, options_of

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def without(record: type[Options], *names: str) -> dict[str, Declared]:
    """Return the options of a record but for some."""
    return {name: one for name, one in options_of(record).items() if name not in names}


def only(record: type[Options], *names: str) -> dict[str, Declared]:
    """Return some options of a record."""
    return {name: options_of(record)[name] for name in names}


class Takes:
    """Marks the parameter of a command that stands for the options of records.

    Parameters
    ----------
    records
        Of options that several have, the first has the say, and the last the place.
    """

    def __init__(self, *records: type[Options] | Mapping[str, Declared]) -> None:
        self.options: dict[str, Declared] = {}
        for record in records:
            declared = record if isinstance(record, Mapping) else options_of(record)
            for name, one in declared.items():
                self.options[name] = self.options.pop(name, one)

    def parameters(self) -> Iterator[inspect.Parameter]:
        """Yield one parameter an option, as Typer reads them."""
        for name, one in self.options.items():
            option = one.option
            told = typer.Option(
                *filter(None, [option.flag]),
                help=option.help,
                rich_help_panel=option.panel,
                show_default=option.shown or True,
                metavar=option.metavar,
            )
            annotation: Any = Annotated[_typed(one), told]
            yield inspect.Parameter(name, _KEYWORD, default=_shown(one), annotation=annotation)

    def values(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take the options out of what Typer gives, and return their values."""
        values = {}
        for name, one in self.options.items():
            value, parse = given.pop(name), one.option.parse
            values[name] = value if parse is None or value is None else parse(value)
        return values


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Return `function` with an option of its own for each that a :class:`Takes` stands for.

    The marked parameter gets their values by name.
    """
    marked: dict[str, Takes] = {}
    parameters: list[inspect.Parameter] = []
    # Not by typing.get_type_hints, which in Python 3.10 wraps what has None for its default.
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        mark = getattr(parameter.annotation, "__metadata__", (None,))[0]
        if isinstance(mark, Takes):
            marked[name] = mark
            parameters += mark.parameters()
        else:
            parameters.append(parameter.replace(kind=_KEYWORD))

    @functools.wraps(function)
    def run(**given: Any) -> None:
        values = {name: mark.values(given) for name, mark in marked.items()}
        function(**given, **values)

    # Typer reads these two; by __wrapped__ it would find those of the function.
    del run.__wrapped__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _typed(one: Declared) -> Any:
    """Return the type that Typer knows an option by: text where it is parsed here."""
    if one.option.repeated:
        return list[str] | None
    if one.option.parse is None and one.annotation != str | Path:
        return one.annotation
    return str | None if one.default is None else str


def _shown(one: Declared) -> Any:
    """Return the default as it would be typed."""
    if one.option.repeated:
        return None
    if _typed(one) is not str:
        return one.default
    default = one.default
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
