"""The table of a study, ``results.csv``: one row a cell, one column an option."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from texonnx.studies.results import Result, Results
from texonnx.studies.study import options_of

_ABOUT = (
    "status", "message", "seconds", "steps_taken", "first_loss", "last_loss", "score",
    "score_floor", "spectrum", "spectrum_floor",
)  # fmt: skip
_HOW = (
    "engine_used", "provider_used", "random_weights", "threads_used", "jobs", "machine", "image"
)  # fmt: skip
"""No name is an option's: those have columns of their own."""


def results_as_csv(results: Results, place: Path) -> str:
    """Return the table.

    ``score`` is the mean over the levels, each of which has a column of its own, ``score_1/1`` the
    finest; ``score_floor`` is that between halves of the exemplar. Empty is what a cell has not.

    Parameters
    ----------
    place
        The study's folder: paths of images are relative to it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    options = list(options_of(results.study.verb))
    levels = max((len(one.outcome.score.levels) for one in results if one.outcome.score), default=0)
    level_names = [f"score_1/{2**level}" for level in range(levels)]
    images = results.study.verb.images
    writer.writerow([*images, "variant", *_ABOUT, *level_names, *_HOW, *options])
    for one in results:
        writer.writerow(
            [
                *(image.name for image in one.cell.subject.images),
                one.cell.variant.label,
                *_measured(one, levels),
                *_how(one, place),
                *(_word(one.cell.settings[name]) for name in options),
            ]
        )
    return text.getvalue()


def _measured(one: Result, levels: int) -> Sequence[Any]:
    outcome, score = one.outcome, one.outcome.score
    losses = [step.loss for step in outcome.history]
    numbers = [
        *((score.mean, score.floor, score.spectrum, score.spectrum_floor) if score else [""] * 4),
        *(score.levels if score else ()),
    ]
    return [
        outcome.status,
        outcome.message,
        f"{outcome.seconds:.3f}" if outcome.has_image else "",
        len(losses) or "",
        *((losses[0], losses[-1]) if losses else ("", "")),
        *numbers,
        *[""] * (4 + levels - len(numbers)),
    ]


def _how(one: Result, place: Path) -> Sequence[Any]:
    outcome = one.outcome
    if one.image is None:
        return [""] * len(_HOW)
    return [
        outcome.engine,
        outcome.provider,
        outcome.random_weights,
        outcome.threads,
        outcome.jobs,
        outcome.machine,
        one.image.relative_to(place).as_posix(),
    ]


def _word(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
