"""What a benchmark leaves behind: its tables on the screen, figures as JSON, tables as Markdown.

The JSON file is written anew after every table, so that an interrupted run keeps what it has.
"""

from __future__ import annotations

import datetime
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class Figures(Protocol):
    """A row of figures."""

    problem: str | None

    @property
    def failed(self) -> bool:
        """Whether something went wrong."""

    def as_json(self) -> dict[str, Any]:
        """Return the figures under their names."""


class Report:
    """Takes tables as they come.

    Parameters
    ----------
    title
        One line: what is measured.
    machine
        What ``describe_machine`` found before anything ran.
    json_file, markdown_file
        Where to write, or ``None``. Markdown is added to what the file holds.
    """

    def __init__(
        self,
        title: str,
        machine: Mapping[str, str],
        json_file: str | None = None,
        markdown_file: str | None = None,
    ) -> None:
        self._title = title
        self._machine = dict(machine)
        self._json_file = json_file
        self._markdown_file = markdown_file
        self._command = command_line()
        self._date = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
        self._rows: list[dict[str, Any]] = []
        self._tables: list[str] = []
        self._versions: dict[str, dict[str, str]] = {}
        self.failed = False
        print(f"{title}\n" + "".join(f"{name}: {value}\n" for name, value in machine.items()))

    def add(
        self,
        table: str,
        rows: Sequence[Figures],
        versions: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Take one table, the rows that it shows, and the versions of what ran, by candidate."""
        print(table, flush=True)
        self._tables.append(table)
        self._rows += [row.as_json() for row in rows]
        self._versions.update({name: dict(found) for name, found in (versions or {}).items()})
        self.failed = self.failed or any(row.failed for row in rows)
        if self._json_file:
            content = {
                "title": self._title,
                "command": self._command,
                "date": self._date,
                "machine": self._machine,
                "versions": self._versions,
                "rows": self._rows,
            }
            Path(self._json_file).write_text(json.dumps(content, indent=1), encoding="utf-8")

    def close(self) -> None:
        """Add what there is to the Markdown file."""
        if self._markdown_file and self._tables:
            with Path(self._markdown_file).open("a", encoding="utf-8") as file:
                file.write(self.markdown())

    def markdown(self) -> str:
        """Return the section of the Markdown file: the tables, and all that they depend on."""
        facts = {"date": self._date, **self._machine, **_join_versions(self._versions)}
        listed = "".join(f"- {name}: {value}\n" for name, value in facts.items())
        tables = "\n".join(self._tables)
        return f"## {self._title}\n\n```\n{self._command}\n```\n\n{listed}\n{tables}\n"


def command_line() -> str:
    """Return the command that was given, fit to be pasted into a shell."""
    return shlex.join([Path(sys.executable).name, *sys.argv])


def _join_versions(versions: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return a line for each set of versions, named by the candidates that had it."""
    users: dict[str, list[str]] = {}
    for candidate, found in versions.items():
        line = ", ".join(f"{package} {version}" for package, version in found.items())
        users.setdefault(line, []).append(candidate)
    return {", ".join(names): line for line, names in users.items() if line}
