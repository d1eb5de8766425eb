"""Cells of studies in the test's own process: for what does not depend on processes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from texonnx.studies.outcome import write_outcome
from texonnx.studies.worker import make


class WorkerInThisProcess:
    """In place of a process that makes one cell: it has ended as soon as it is there."""

    ended = True

    def __init__(self, module: str, job: Mapping[str, Any], *_: object, **options: object) -> None:
        write_outcome(Path(job["folder"]), make(dict(job)), job["settings"])

    def end(self) -> str:
        """Return nothing: it leaves an outcome whatever happens."""
        return ""
