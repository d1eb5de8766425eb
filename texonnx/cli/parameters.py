"""The parameters that several commands share and no function has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from texonnx.cli.ending import relay_notes

Values: TypeAlias = Mapping[str, Any]
"""The values of options by name: what a command gets for a :class:`texonnx.cli.command.Takes`."""

OutputPath = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Where to; the suffix decides the format. '-' is standard output.",
        show_default="in this folder, named after what it is made of",
        rich_help_panel="Output",
    ),
]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="FILE[:KIND]",
        help="A map that belongs to the exemplar, to be made as well: normal, data or colour, by "
        "its name if not said. Give it again for each; -o is a folder then, or the image's file.",
        rich_help_panel="Output",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Run on the workers of this Dask scheduler, such as tcp://host:8786.",
        metavar="ADDRESS",
        rich_help_panel="Cluster",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(help="Run on so many Dask workers on this machine.", rich_help_panel="Cluster"),
]


def _quietly(quiet: bool) -> bool:
    relay_notes(not quiet)
    return quiet


Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors.", callback=_quietly)
]
