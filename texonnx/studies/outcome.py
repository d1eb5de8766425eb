"""What became of a cell: the file ``result.json`` beside its image."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from texonnx.run.result import Step
from texonnx.system.files import write_text

IMAGE = "image.png"
RESULT = "result.json"

DONE, DIVERGED, REFUSED, BROKEN = "done", "diverged", "refused", "broken"
_FINAL = (DONE, DIVERGED)


@dataclass(frozen=True)
class CellScore:
    """What ``texonnx score`` says of the image; see :class:`texonnx.Score`.

    The last four are of its structure, and ``None`` where that was not judged.
    """

    mean: float
    levels: tuple[float, ...]
    spectrum: float
    floor: float
    spectrum_floor: float
    plausible: float | None = None
    covers: float | None = None
    copied: float | None = None
    used: float | None = None

    @property
    def structure(self) -> float | None:
        """The mean of `plausible` and `covers`."""
        if self.plausible is None or self.covers is None:
            return None
        return (self.plausible + self.covers) / 2


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes
    ----------
    status
        ``done``; ``diverged``: the loss was no longer finite, and the image is the last good one;
        ``refused``: texonnx would not run it, as where weights are missing; ``broken``: an
        unexpected exception, or the process died.
    message
        The sentence that says why, if it is not done.
    seconds
        Of the run, graphs and sessions included, without the interpreter's start.
    threads, jobs
        Threads the run was given, 0 for the runtime's own choice, and how many cells ran at once.
    machine
        What ran it, in words.
    history
        Every step.
    score
        Of the image; ``None`` where it is too small for one, or there is none.
    traceback
        Of an unexpected exception.
    notes
        What was done to what was given, and that the run was gone on with, a sentence each.
    """

    status: str
    message: str = ""
    engine: str = ""
    provider: str = ""
    machine: str = ""
    random_weights: bool = False
    threads: int = 0
    jobs: int = 1
    seconds: float = 0.0
    history: tuple[Step, ...] = ()
    score: CellScore | None = None
    traceback: str = ""
    notes: tuple[str, ...] = ()

    @property
    def has_image(self) -> bool:
        """Whether there is an image beside it."""
        return self.status in _FINAL


def write_outcome(folder: Path, outcome: Outcome, settings: dict[str, Any]) -> None:
    """Write ``result.json``, after the image: a cell that has it is complete."""
    content = {"settings": settings, **asdict(outcome)}
    write_text(folder / RESULT, json.dumps(content, indent=1, default=str) + "\n")


def read_outcome(folder: Path) -> Outcome | None:
    """Return what became of the cell kept in `folder`; ``None`` if that is not there as a whole."""
    try:
        text = (folder / RESULT).read_text(encoding="utf-8")
        content = json.loads(text, object_hook=_with_tuples)
        del content["settings"]
        content["history"] = tuple(Step(**step) for step in content["history"])
        if content["score"] is not None:
            content["score"] = CellScore(**content["score"])
        outcome = Outcome(**content)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if outcome.has_image and not (folder / IMAGE).is_file() else outcome


def _with_tuples(content: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(one) if isinstance(one, list) else one for name, one in content.items()}
