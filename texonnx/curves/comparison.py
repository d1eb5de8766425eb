"""The losses of several runs beside each other, by seconds and by steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from texonnx.curves.figures import LINES, drawable, new_figure, save_figure, scale_losses
from texonnx.errors import ImageError
from texonnx.system.files import StrPath

if TYPE_CHECKING:
    from texonnx.run.result import Step


def plot_comparison(path: StrPath, runs: Mapping[str, Sequence[Step]], title: str) -> None:
    """Draw the losses of several runs against the seconds and, beside it, the steps.

    Losses of different kinds are not comparable; so each is shown relative to its run's own first.

    Parameters
    ----------
    path
        A .png or .svg file; an existing one is replaced.
    runs
        The steps of each run by its name. One without steps, or whose first loss is not above
        zero, has no line, and the legend says so.
    title
        Above both panels, as it is.

    Raises
    ------
    ImageError
        Without runs, or for a path that :func:`check_curves_path` refuses.
    OptionError
        Where matplotlib is not installed.
    """
    if not runs:
        raise ImageError(f"cannot write '{path}': there are no runs to compare")
    figure = new_figure(11, title)
    from matplotlib import colormaps

    by_seconds, by_steps = figure.subplots(1, 2, sharey=True)
    colours = colormaps["tab10"]
    relative = {name: _relative_losses(history) for name, history in runs.items()}
    logarithmic = scale_losses(by_seconds, relative.values())
    lines = []
    for number, (name, history) in enumerate(runs.items()):
        losses = drawable(relative[name], logarithmic)
        style = {
            "color": colours(number % colours.N),
            "linestyle": LINES[number // colours.N % len(LINES)],
            "marker": "o",
            "markevery": [-1] if losses else None,
        }
        lines += by_seconds.plot([step.seconds for step in history][: len(losses)], losses, **style)
        by_steps.plot(range(1, len(losses) + 1), losses, **style)
    for axes, label in ((by_seconds, "seconds"), (by_steps, "step")):
        axes.set(xlabel=label)
        axes.set_xlim(left=0)
        axes.grid(True, alpha=0.3)
    by_seconds.set_ylabel("loss / the run's first loss")
    names = [name if relative[name] else f"{name} (no first loss above zero)" for name in runs]
    legend = figure.legend(
        lines,
        names,
        loc="outside lower center",
        ncols=min(len(runs), 4),
        fontsize="small",
        frameon=False,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    save_figure(path, figure)


def _relative_losses(history: Sequence[Step]) -> list[float]:
    """Return each loss divided by the first; nothing where that cannot be."""
    if not history or not history[0].loss > 0:
        return []
    return [step.loss / history[0].loss for step in history]
