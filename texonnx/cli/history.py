"""Writing the history of a run, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from texonnx.run.result import Step
from texonnx.system.files import check_target, write_text

_SUFFIXES = (".csv", ".json")


def check_history_path(path: Path) -> None:
    """Raise :class:`OptionError` where :func:`write_history` could not write."""
    check_target(path, _SUFFIXES, "history")


def write_history(path: Path, history: Sequence[Step]) -> None:
    """Write one row or object a step; the file appears whole or not at all."""
    write_text(path, _as_json(history) if path.suffix.lower() == ".json" else _as_csv(history))


def _as_json(history: Sequence[Step]) -> str:
    return json.dumps([asdict(step) for step in history], indent=1) + "\n"


def _as_csv(history: Sequence[Step]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    layers = list(history[0].layer_losses) if history else []
    writer.writerow(["scale", "height", "width", "step", "seconds", "loss", *layers])
    for step in history:
        losses = [step.layer_losses[layer] for layer in layers]
        row = [step.scale, *step.size, step.step, f"{step.seconds:.3f}", step.loss, *losses]
        writer.writerow(row)
    return text.getvalue()
