"""Writing the history of a run, as CSV or JSON."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from texonnx.errors import OptionError, reason
from texonnx.result import Step

_SUFFIXES = (".csv", ".json")


def check_history_path(path: Path) -> None:
    """Raise :class:`OptionError` where :func:`write_history` could not write."""
    if path.suffix.lower() not in _SUFFIXES:
        raise OptionError(f"a history is written as {' or '.join(_SUFFIXES)}, not '{path.name}'")
    if path.is_dir():
        raise OptionError(f"'{path}' is a folder, not a file for the history")
    probe = _beside(path)
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise OptionError(f"'{path}' cannot be written: {reason(error)}") from error


def write_history(path: Path, history: Sequence[Step]) -> None:
    """Write one row or object a step; the file appears whole or not at all."""
    text = _as_json(history) if path.suffix.lower() == ".json" else _as_csv(history)
    beside = _beside(path)
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        beside.replace(path)
    except OSError as error:
        raise OptionError(f"'{path}' cannot be written: {reason(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _beside(path: Path) -> Path:
    """Return a hidden name in the folder of `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}")


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
