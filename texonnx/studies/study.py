"""What a study is: its question, its rows of images and its columns of options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from texonnx.studies.verbs import Verb

Options = Mapping[str, Any]
"""Names and values as TOML has them: lists where the functions take tuples."""


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
