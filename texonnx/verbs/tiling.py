"""The size of a tile: a regular texture closes where its period fits a whole number of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from texonnx.errors import OptionError
from texonnx.exported.folder import ExportedFolder
from texonnx.images import resize, size_by_shorter_side
from texonnx.images.periods import Period, find_period, whole_periods
from texonnx.options import ObjectiveOptions, RunOptions, TileOptions
from texonnx.run.given import Exemplar, Given, texture_of
from texonnx.sizes import Size

MOST_RESAMPLED = 0.02
"""The share by which an exemplar may be resampled, so that its period fits a size."""


def fit_tile(
    exemplars: Sequence[Exemplar | Given],
    objective: ObjectiveOptions,
    run: RunOptions,
    tile: TileOptions,
    artifacts: str | Path | None = None,
) -> tuple[Sequence[Exemplar | Given], RunOptions, str]:
    """Return exemplars and options of a run whose result tiles, and what was done, in a sentence.

    The size, along the axes that are to tile, becomes the nearest whole number of the first
    exemplar's periods; with an exact size the exemplar is resampled instead.

    Raises
    ------
    OptionError
        When the padding would not let the result tile, or the exemplar would have to be resampled
        by more than `MOST_RESAMPLED`.
    ImageError
        For an exemplar that will not do.
    """
    check_circular(
        objective.padding if artifacts is None else ExportedFolder(Path(artifacts)).padding
    )
    first = texture_of(exemplars[0], run.exemplar_size)
    own = size_by_shorter_side(first.size, run.exemplar_size)
    scaled = resize(first.image, *own)
    found = find_period(scaled)
    period = Period(
        found.x if tile.tile in ("x", "both") else None,
        found.y if tile.tile in ("y", "both") else None,
    )
    wanted = run.size or own
    others = exemplars[1:]
    if period == (None, None):
        return [first, *others], run, "the exemplar has no period that the tile's size has to fit"
    fitting = whole_periods(wanted, period)
    told = f"the exemplar repeats {period}"
    if not tile.exact_size:
        if fitting != wanted:
            told += f": {fitting} instead of {wanted}"
        return [first, *others], replace(run, size=fitting), told
    resampled = _resampled(own, wanted, fitting)
    if resampled == own:
        return [first, *others], replace(run, size=wanted), told
    shares = [new / old - 1 for new, old in zip(resampled, own, strict=True)]
    if max(map(abs, shares)) > MOST_RESAMPLED:
        down, across = (f"{share:+.1%}" for share in shares)
        raise OptionError(
            f"{told}, and for {wanted} it would be resampled by {across} across and {down} down, "
            f"more than {MOST_RESAMPLED:.0%}; without an exact size it becomes {fitting}"
        )
    image = resize(first.image, *resampled)
    exemplar = replace(first, image=image, size=resampled, cutout=None)
    told += f", and was resampled from {own} to {resampled}, so that {wanted} holds whole periods"
    return [exemplar, *others], replace(run, size=wanted, exemplar_size=min(resampled)), told


def check_circular(padding: str) -> None:
    """Raise :class:`OptionError` for a padding with which no image tiles."""
    if padding not in ("auto", "circular"):
        raise OptionError(f"a tile needs circular padding, and the padding is {padding}")


def _resampled(own: Size, wanted: Size, fitting: Size) -> Size:
    """Return the exemplar's size at which as many periods as `fitting` holds fill `wanted`."""
    height, width = (
        round(side * new / old) for side, new, old in zip(own, wanted, fitting, strict=True)
    )
    return Size(height, width)
