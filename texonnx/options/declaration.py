"""How an option is declared: once, beside its type and its default, with all that is true of it."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, cast

from texonnx.errors import OptionError, unknown

Record = TypeVar("Record", bound="Options")
Value = TypeVar("Value")
Check = Callable[[str, Any], None]
"""Raises :class:`OptionError` for a value out of range; is told what the value is of, in words."""


@dataclass(frozen=True)
class Option:
    """What is true of an option beside its name, its type and its default.

    Attributes
    ----------
    help
        For ``--help``.
    panel
        Under which heading ``--help`` shows it.
    what
        What it is, in sentences that refuse a value: ``number of scales``; its name if not given.
    choices
        The words that are accepted, where it takes one of a few.
    check
        Refuses a value out of range.
    normal
        Turns what a caller may give into what the record holds.
    parse
        Turns what is typed on the command line into a value.
    repeated
        Whether it may be given several times there; `parse` then gets a list.
    shown
        What ``--help`` shows for the default, where that does not tell.
    flag
        Its name on the command line, where that is not the field's.
    metavar
        What stands for the value in ``--help``, where its type does not tell.
    """

    help: str
    panel: str | None = None
    what: str = ""
    choices: Sequence[str] = ()
    check: Check | None = None
    normal: Callable[[Any], Any] | None = None
    parse: Callable[[Any], Any] | None = None
    repeated: bool = False
    shown: str = ""
    flag: str = ""
    metavar: str | None = None

    def default(self, value: Value) -> Value:
        """Declare a field of a record, with its default; at run time it is dataclasses' field."""
        declared: Any = field(default=value, metadata={"option": self})
        return cast("Value", declared)

    def accepted(self, name: str, value: Any) -> Any:
        """Return `value`, of the option called `name`, as the record holds it.

        Raises
        ------
        OptionError
            When it is not among the words, or out of range.
        """
        what = self.what or name.replace("_", " ")
        if self.normal is not None:
            value = self.normal(value)
        if self.choices and value not in self.choices:
            raise OptionError(unknown(what, value, self.choices))
        if self.check is not None and value is not None:
            self.check(what, value)
        return value


@dataclass(frozen=True)
class Declared:
    """An option of a record: its type, its default, and the rest."""

    annotation: Any
    default: Any
    option: Option


@dataclass(frozen=True)
class Options:
    """A record of options; each of its fields is declared by an :class:`Option`.

    Raises
    ------
    OptionError
        When a value is not accepted.
    """

    def __post_init__(self) -> None:
        for name, declared in options_of(type(self)).items():
            object.__setattr__(self, name, declared.option.accepted(name, getattr(self, name)))


_DECLARED: dict[Any, Mapping[str, Declared]] = {}


def options_of(record: type[Options]) -> Mapping[str, Declared]:
    """Return the options that a record declares, by name, in its order."""
    if record not in _DECLARED:
        types = typing.get_type_hints(record)
        _DECLARED[record] = {
            one.name: Declared(types[one.name], one.default, one.metadata["option"])
            for one in fields(record)
        }
    return _DECLARED[record]


def taken(record: type[Record], given: Mapping[str, Any], *, but: str = "") -> Record:
    """Return a record of those of `given` that it has a field for, leaving out one called `but`.

    Examples
    --------
    >>> from texonnx.options import ReconstructionOptions
    >>> taken(ReconstructionOptions, {"layer": "conv3_1", "size": 64, "threads": 2}).layer
    'conv3_1'
    """
    names = {one.name for one in fields(record)} - {but}
    return record(**{name: value for name, value in given.items() if name in names})
