r"""Draw seconds and peak memory against pixels from what `bench_peers.py --growth --json` wrote.

    python tools/plot_growth.py growth.json -o growth.png

Both axes are logarithmic: work and memory in proportion to the pixels are lines of slope one. Needs
matplotlib.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Points = list[tuple[int, float, float]]
"""Pixels, seconds and MiB, fewest pixels first."""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("json", type=Path, nargs="+", help="written by bench_peers.py --growth")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the PNG to write")
    arguments = parser.parse_args(words)
    try:
        curves = {}
        for file in arguments.json:
            curves.update(read_curves(file))
    except ValueError as error:
        parser.error(str(error))
    draw(curves, arguments.output)
    return 0


def read_curves(file: Path) -> dict[str, Points]:
    """Return the points of each curve, by its label: the candidate, the loss and the threads.

    Raises
    ------
    ValueError
        When the file is not one of figures, or holds no curve of two points.
    """
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
        curves: dict[str, Points] = {}
        for row in rows:
            if row["problem"] is None:
                point = (row["size"] ** 2, float(row["median"]), float(row["megabytes"]))
                curves.setdefault(_label(row), []).append(point)
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} holds no figures of bench_peers.py --growth") from error
    drawn = {label: sorted(points) for label, points in curves.items() if len(points) > 1}
    if not drawn:
        raise ValueError(f"{file} holds no candidate with two sizes or more")
    return drawn


def draw(curves: dict[str, Points], output: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(12, 5), layout="constrained")
    colours: dict[str, str] = {}
    for label, points in curves.items():
        who, _, threads = label.rpartition(", ")
        style = {
            "color": colours.setdefault(who, f"C{len(colours)}"),
            "linestyle": "--" if threads == "1 thread" else "-",
            "marker": "o",
            "label": label,
        }
        pixels, seconds, megabytes = zip(*points, strict=True)
        axes[0].loglog(pixels, seconds, **style)
        axes[1].loglog(pixels, megabytes, **style)
    sides = sorted({points[0] for curve in curves.values() for points in curve})
    for axis, what in zip(axes, ("seconds for loss and gradient", "peak memory, MiB"), strict=True):
        axis.set_xlabel("image")
        axis.set_ylabel(what)
        axis.set_xticks(sides, [f"{round(side**0.5)}²" for side in sides])
        axis.set_xticks([], minor=True)
        axis.grid(alpha=0.3, which="both")
    axes[0].legend(fontsize="small")
    figure.savefig(output, dpi=150)


def _label(row: dict[str, Any]) -> str:
    threads = f"{row['threads']} thread{'s' if row['threads'] > 1 else ''}"
    return f"{row['title']}, {row['loss']}, {threads}"


if __name__ == "__main__":
    sys.exit(main())
