"""The process that makes one cell: ``python -m texonnx.studies.worker``.

It reads its job, a line of JSON, from standard input, writes the image and then ``result.json``
into the cell's folder, and ends at once when standard input does: when whoever started it is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from texonnx.errors import ImageError, TexonnxError
from texonnx.studies.outcome import (
    BROKEN,
    DIVERGED,
    DONE,
    IMAGE,
    REFUSED,
    CellScore,
    Outcome,
    write_outcome,
)
from texonnx.system.processes import first_line

_ABANDONED = 3


def main() -> None:
    """Make the cell that standard input asks for."""
    # Ctrl-C reaches every process of the terminal; the one that the user started sees to the rest.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    write_outcome(Path(job["folder"]), make(job), job["settings"])


def make(job: dict[str, Any], **told: Any) -> Outcome:
    """Run a cell and write its image; whatever goes wrong is part of the outcome.

    Parameters
    ----------
    job
        ``verb`` by name; ``images``; ``settings``; ``threads`` for a run whose settings leave
        them open; ``jobs``; ``folder`` of the cell.
    told
        Further arguments of the verb's function that are no settings, such as ``checkpoint``.
    """
    try:
        return _made(job, told)
    except TexonnxError as error:
        return Outcome(REFUSED, str(error))
    except Exception as error:
        sentence = f"unexpected {type(error).__name__}: {first_line(error)}"
        return Outcome(BROKEN, sentence, traceback=traceback.format_exc())


def _made(job: dict[str, Any], told: dict[str, Any]) -> Outcome:
    from texonnx.images import save_image
    from texonnx.run.result import NotFiniteError
    from texonnx.runtime.installed import the_runtime
    from texonnx.studies.study import VERBS
    from texonnx.system.machine import this_machine
    from texonnx.version import __version__

    verb = VERBS[job["verb"]]
    threads = job["settings"]["threads"] or job["threads"]
    arguments = job["settings"] | {"threads": threads} | told
    status, message = DONE, ""
    try:
        result = verb.function(*job["images"], **arguments)
    except NotFiniteError as error:
        result, status, message = error.result, DIVERGED, str(error)
    image = Path(job["folder"]) / IMAGE
    about = {"Software": f"texonnx {__version__}", "Comment": json.dumps(job["settings"])}
    save_image(image, result.image, about)
    return Outcome(
        status=status,
        message=message,
        engine=result.engine,
        provider=result.provider,
        machine=str(this_machine(the_runtime())),
        random_weights=result.random_weights,
        threads=threads,
        jobs=job["jobs"],
        seconds=round(result.seconds, 3),
        history=tuple(result.history),
        notes=result.notes,
        score=_score(job["images"][verb.model], image, job["settings"]),
    )


def _score(model: str, image: Path, settings: dict[str, Any]) -> CellScore | None:
    """Score the image as it was written, against the model at the size that the run saw it."""
    from texonnx.images import load_image
    from texonnx.scoring import score

    made = load_image(image)
    shown = round(min(made.shape[2:]) * settings.get("style_scale", 1))
    try:
        size = settings.get("exemplar_size", shown)
        found = score(model, made, exemplar_size=size)
    except ImageError:  # too small
        return None
    seen = found.structure
    structure = (seen.plausible, seen.covers, seen.copies.copied, seen.copies.used) if seen else ()
    return CellScore(
        found.mean, found.levels, found.spectrum, found.floor, found.spectrum_floor, *structure
    )


def _end_with_the_input() -> None:
    while sys.stdin.readline():
        pass
    os._exit(_ABANDONED)


if __name__ == "__main__":
    main()
