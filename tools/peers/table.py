"""Figures as Markdown tables."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from peers.figures import Row
from peers.optimizers import Overhead


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, a line a row."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(map(_cell, cells)) + " |\n" for cells in lines)


def comparison_table(rows: Sequence[Row], reference: str, memory: str = "peak MB") -> str:
    """Return the candidates of one loss, size and number of threads; ratios are to `reference`."""
    first = rows[0]
    header = [
        f"{first.loss}, {_square(first.size)}, {_threads(first.threads)}",
        "s/iteration (least to most)",
        f"ratio to {reference}",
        memory,
    ]
    return markdown_table(header, [[row.title, *_figures(row)] for row in rows])


def growth_table(rows: Sequence[Row]) -> str:
    """Return the candidates of one size and number of threads, each measured alone."""
    first = rows[0]
    header = [
        f"{first.loss}, {_square(first.size)}, {_threads(first.threads)}, each alone",
        "s/iteration (least to most)",
        "peak MB",
    ]
    cells = [[row.title, *_figures(row)] for row in rows]
    return markdown_table(header, [[title, seconds, memory] for title, seconds, _, memory in cells])


def overhead_table(rows: Sequence[Overhead]) -> str:
    """Return what the optimisers add on one engine."""
    first = rows[0]
    header = [
        f"{first.title}; {first.loss}, {_square(first.size)}, {_threads(first.threads)}",
        "s/evaluation alone",
        "s/step of the loop",
        "overhead, % (least to most)",
        "s to begin",
    ]
    return markdown_table(header, [[row.optimizer, *_overhead(row)] for row in rows])


def _figures(row: Row) -> list[str]:
    if row.problem is not None:
        return [row.problem, "", ""]
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    megabytes = "" if row.megabytes is None else f"{row.megabytes:.0f}"
    return [spread(row.seconds, _decimals(row.median)), ratio, megabytes]


def _overhead(row: Overhead) -> list[str]:
    if row.problem is not None or not row.step:
        return [row.problem or "", "", "", ""]
    alone, step = statistics.median(row.alone), statistics.median(row.step)
    return [
        f"{alone:.{_decimals(alone)}f}",
        f"{step:.{_decimals(alone)}f}",
        spread(row.percent, 1),
        f"{statistics.median(row.begin):.2f}",
    ]


def spread(numbers: Sequence[float], decimals: int) -> str:
    """Return the median, and the least and the most in brackets."""
    middle, least, most = (
        f"{number:.{decimals}f}"
        for number in (statistics.median(numbers), min(numbers), max(numbers))
    )
    return f"{middle} ({least} to {most})"


def _decimals(seconds: float) -> int:
    return 3 if seconds >= 0.1 else 4


def _square(size: int) -> str:
    return f"{size}x{size}"


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
