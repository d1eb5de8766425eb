"""What was measured, as lines of a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from texonnx.benchmark.cases import Measurement, Series
from texonnx.options import ObjectiveOptions
from texonnx.system.machine import Machine


def heads(series: Sequence[Series]) -> str:
    """Return the line that names the columns."""
    line = _line(series, "engine", "provider", "precision", "size")
    return f"{line}{'seconds':>7} {'(least to most)':<20}{'start':>6}{'peak MB':>8}"


def row(one: Measurement, series: Sequence[Series]) -> str:
    """Return the line of one measurement, columns as wide as all of `series` need."""
    measured = one.series
    words = (measured.engine, measured.provider, measured.precision, str(one.size))
    line = _line(series, *words)
    if one.failure:
        return f"{line}{one.failure}"
    spread = f"({min(one.seconds):.3g} to {max(one.seconds):.3g})"
    memory = "unknown" if one.megabytes is None else f"{one.megabytes:.0f}"
    return f"{line}{median(one.seconds):>7.3g} {spread:<20}{one.start_seconds:>6.2f}{memory:>8}"


def as_json(
    machine: Machine,
    objective: ObjectiveOptions,
    rounds: int,
    measurements: Sequence[Measurement],
) -> dict[str, Any]:
    """Return all figures, those of a case that failed left out."""
    return {
        "machine": asdict(machine),
        "objective": asdict(objective),
        "rounds": rounds,
        "cases": [_case_as_json(one) for one in measurements],
    }


def _line(series: Sequence[Series], engine: str, provider: str, precision: str, size: str) -> str:
    widest = max(len("provider"), *(len(one.provider) for one in series))
    return f"{engine:<8} {provider:<{widest}} {precision:<9} {size:<9} "


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
