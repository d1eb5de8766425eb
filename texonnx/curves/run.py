"""The loss of one run and its parts, step by step."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from texonnx.curves.figures import LINES, drawable, new_figure, save_figure, scale_losses
from texonnx.errors import ImageError
from texonnx.system.files import StrPath

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from texonnx.run.result import Step

_LAYER = re.compile(r"(?:(?P<term>.+)\.)?conv(?P<block>\d+)_(?P<index>\d+)")
_LIGHTEST = 0.9
"""As far as the colours go: the yellow at viridis' end is lost on white."""
_FEW_STEPS = 20
"""A run of fewer has its steps marked: a line through one point is none."""
_NARROW = 0.1
"""Scales of less than this share of the steps have their labels aslant."""


def plot_curves(path: StrPath, history: Sequence[Step], title: str) -> None:
    """Draw the loss of a run and its parts against the steps; the file is whole or not there.

    The loss is the bold line; its layers go from dark, the shallowest, to light, with another kind
    of line for each of several terms. The axis of the loss is logarithmic, with what is zero left
    out; it is linear only where a loss is negative or all are zero.

    Parameters
    ----------
    path
        A .png or .svg file; an existing one is replaced.
    history
        Every step of the run, in order.
    title
        Above the curves, as it is.

    Raises
    ------
    ImageError
        Without steps, or for a path that :func:`check_curves_path` refuses.
    OptionError
        Where matplotlib is not installed.
    """
    if not history:
        raise ImageError(f"cannot write '{path}': a run without steps has no curves")
    figure = new_figure(10, title)
    axes = figure.subplots()
    steps = range(1, len(history) + 1)
    marker = "." if len(history) < _FEW_STEPS else None
    names = list(dict.fromkeys(part for step in history for part in step.layer_losses))
    parts = {part: [step.layer_losses.get(part, nan) for step in history] for part in names}
    total = [step.loss for step in history]
    logarithmic = scale_losses(axes, [total, *parts.values()])
    axes.plot(steps, drawable(total, logarithmic), "k", marker=marker, lw=2.4, label="total")
    for part, style in _styles(names).items():
        axes.plot(steps, drawable(parts[part], logarithmic), marker=marker, label=part, **style)
    axes.set(xlabel="step", ylabel="loss", xlim=(0.5, len(history) + 0.5))
    axes.grid(True, axis="y", alpha=0.3)
    _mark_scales(axes, history)
    axes.legend(bbox_to_anchor=(1.01, 1), loc="upper left", fontsize="small", frameon=False)
    save_figure(path, figure)


def _styles(parts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return how each part is drawn: layers from shallow to deep, then what is of no layer."""
    from matplotlib import colormaps

    found = {part: match for part in parts if (match := _LAYER.fullmatch(part))}
    depths = {part: (int(one["block"]), int(one["index"])) for part, one in found.items()}
    ranks = {depth: rank for rank, depth in enumerate(sorted(set(depths.values())))}
    terms = {term: n for n, term in enumerate(dict.fromkeys(one["term"] for one in found.values()))}
    styles: dict[str, dict[str, Any]] = {}
    for part in sorted(found, key=lambda part: (terms[found[part]["term"]], depths[part])):
        colour = colormaps["viridis"](_LIGHTEST * ranks[depths[part]] / max(1, len(ranks) - 1))
        styles[part] = _style(colour, terms[found[part]["term"]])
    for number, part in enumerate(part for part in parts if part not in found):
        styles[part] = _style("tab:red", number)
    return styles


def _style(colour: object, line: int) -> dict[str, Any]:
    return {"color": colour, "linestyle": LINES[line % len(LINES)], "lw": 1.1}


def _mark_scales(axes: Axes, history: Sequence[Step]) -> None:
    """Draw a line where a scale begins, and write its size above."""
    lengths = Counter(step.scale for step in history).values()
    narrow = min(lengths) < _NARROW * len(history)
    start = 0
    for length in lengths:
        if start:
            axes.axvline(start + 0.5, color="0.6", lw=0.8, ls=":")
        axes.annotate(
            str(history[start].size),
            (start + 0.5, 1.01),
            xycoords=axes.get_xaxis_transform(),
            rotation=30 if narrow else 0,
            rotation_mode="anchor",
            fontsize="small",
            color="0.35",
        )
        start += length
