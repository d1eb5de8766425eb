"""What was measured, as lines of a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from texonnx.benchmark.cases import Measurement
from texonnx.options import ObjectiveOptions
from texonnx.system.machine import Machine


def title(machine: Machine, objective: ObjectiveOptions, rounds: int) -> str:
    """Return what was measured on which machine, in two lines."""
    return (
        f"{machine}\n{objective.loss}, {objective.layers} layers of {objective.arch}, "
        f"{objective.weights} weights; seconds of loss and gradient, median of {rounds}"
    )


def _line(engine: str, provider: str, precision: str, size: str) -> str:
    return f"{engine:<8} {provider:<8} {precision:<9} {size:<9} "


HEADS = (
    f"{_line('engine', 'provider', 'precision', 'size')}{'seconds':>7} {'(least to most)':<20}"
    f"{'start':>6}{'peak MB':>8}"
)
"""The line that names the columns."""


def row(one: Measurement) -> str:
    """Return the line of one measurement."""
    measured = one.series
    line = _line(measured.engine, measured.provider, measured.precision, str(one.size))
    if one.failure:
        return f"{line}{one.failure}"
    spread = f"({min(one.seconds):.3g} to {max(one.seconds):.3g})"
    memory = "unknown" if one.megabytes is None else f"{one.megabytes:.0f}"
    return f"{line}{median(one.seconds):>7.3g} {spread:<20}{one.start_seconds:>6.2f}{memory:>8}"


def as_json(
    machine: Machine, objective: ObjectiveOptions, rounds: int, measurements: Sequence[Measurement]
) -> dict[str, Any]:
    """Return all figures, those of a case that failed left out."""
    return {
        "machine": asdict(machine),
        "objective": asdict(objective),
        "rounds": rounds,
        "cases": [_case_as_json(one) for one in measurements],
    }


def _case_as_json(one: Measurement) -> dict[str, Any]:
    case = {**asdict(one.series), "size": one.size, "failure": one.failure or None}
    if one.failure:
        return case
    return {
        **case,
        "median_seconds": median(one.seconds),
        "least_seconds": min(one.seconds),
        "most_seconds": max(one.seconds),
        "start_seconds": one.start_seconds,
        "megabytes": one.megabytes,
    }
