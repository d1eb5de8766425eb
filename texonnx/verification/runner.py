"""Running the graphs of a folder on one provider."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from texonnx.exported.signatures import GraphDescription
from texonnx.runtime.sessions import NamedSession, open_session
from texonnx.verification.inputs import Arrays


class Runner:
    """Runs graphs by their name; the session of the last one is kept.

    Parameters
    ----------
    folder, graphs
        The exported folder, and its graphs as its manifest describes them.
    provider
        The execution provider; it computes in float32.
    """

    def __init__(self, folder: Path, graphs: Mapping[str, GraphDescription], provider: str) -> None:
        self.provider = provider
        self._folder = folder
        self._graphs = graphs
        self._open: tuple[str, NamedSession] | None = None

    def run(self, name: str, values: Mapping[str, NDArray[Any]]) -> Arrays:
        """Return every output of a graph by name; it takes what it needs of `values`."""
        graph = self._graphs[name]
        if self._open is None or self._open[0] != name:
            self._open = None
            session = open_session(self._folder / graph.file, self.provider)
            self._open = name, NamedSession(session)
        return self._open[1](values)
