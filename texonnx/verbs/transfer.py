"""Style transfer: the content of one image in the texture of others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

from texonnx.images import (
    Image,
    luminance,
    match_colours,
    match_luminance,
    resize,
    scale_shorter_side,
    with_colour_of,
)
from texonnx.optim.metric import ImageMetric
from texonnx.optim.schedule import steps_by_scale
from texonnx.options import TRANSFER_SIZE, ObjectiveOptions, RunOptions, TransferOptions
from texonnx.run.course import run_course
from texonnx.run.preparation import (
    Exemplar,
    Prepared,
    first_image,
    load_or_check,
    one_or_several,
    prepare,
    shares_of,
)
from texonnx.run.result import OnStep, SynthesisResult
from texonnx.runtime.goal import Goal
from texonnx.sizes import size_of
from texonnx.weights.sources import Progress

_CONTENT = "content"
_EFFORT = 2
"""A transfer takes so many times the steps of a synthesis."""

Style = Exemplar | tuple[Exemplar, float]
"""A style image, and what it counts where there are several."""


def transfer_style(
    content: Exemplar,
    style: Style | Sequence[Style],
    chosen: TransferOptions,
    objective: ObjectiveOptions,
    run: RunOptions,
    on_step: OnStep | None = None,
    on_download: Progress | None = None,
) -> SynthesisResult:
    """Make an image with the content of one in the texture of others: see :func:`texonnx.transfer`.

    The sizes in `run` are those of `chosen`, in its place.
    """
    started = time.perf_counter()
    shown = load_or_check(content)
    side = chosen.size or min(*shown.shape[2:], TRANSFER_SIZE)
    shown = scale_shorter_side(shown, side)
    run = replace(run, exemplar_size=max(1, round(side * chosen.style_scale)), size=size_of(shown))
    images, counts = _styles(style)
    way = chosen.preserve_colour
    coloured = [_recoloured(load_or_check(image), shown, way) for image in images]
    prepared = prepare(coloured, objective, run, None, on_download)
    schedule = steps_by_scale(
        prepared.options.steps, prepared.optimizer, len(prepared.scales), _EFFORT
    )
    course = _Transfer(
        prepared,
        shares_of(counts, len(images)),
        shown,
        keep_colour=way == "luminance",
        has_style=objective.style_weight > 0,
    )
    return run_course(prepared, course, schedule, on_step, started)


class _Transfer:
    """The content's detail comes in at every scale that can show it."""

    def __init__(
        self,
        prepared: Prepared,
        shares: tuple[float, ...],
        content: Image,
        *,
        keep_colour: bool,
        has_style: bool,
    ) -> None:
        self._prepared = prepared
        self._shares = shares
        self._shown = content
        self._keep_colour = keep_colour
        self._content = luminance(content) if keep_colour else content
        # The gradient changes large areas slowly, so the run starts from the style's colours; where
        # the content's are to be kept, the style has those already.
        finest = self._style(len(prepared.scales) - 1)
        self._start = match_colours(self._content, finest) if has_style else self._content

    def goal(self, scale: int) -> Goal:
        """Return the styles at the scale, and the content."""
        content = self._at(scale, self._content)
        return Goal(self._prepared.exemplars_at(scale), self._shares, content)

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the first image; or the coarser one enlarged, with the content's detail."""
        size = self._prepared.scales[scale].output
        options = self._prepared.options
        starts_from_content = str(options.init) == _CONTENT
        if coarser is None:
            if starts_from_content:
                return self._at(scale, self._start)
            return first_image(options, self._style(scale), size, self._prepared.host)
        enlarged = resize(coarser, *size)
        if not starts_from_content:
            return enlarged
        coarse = resize(self._at(scale - 1, self._start), *size)
        return enlarged + self._at(scale, self._start) - coarse

    def metric(self, scale: int) -> ImageMetric:
        """Return the metric that favours the style's colours.

        It favours no details: of those the content has its own.
        """
        size = self._prepared.scales[scale].output
        return ImageMetric(self._style(scale), size, power_of_frequency=0.0)

    def _style(self, scale: int) -> Image:
        """Return the style that counts most."""
        most = self._shares.index(max(self._shares))
        return self._prepared.exemplars_at(scale)[most]

    def finish(self, image: Image) -> Image:
        """Give the image the content's colours, where they are to be kept."""
        if not self._keep_colour:
            return image
        size = size_of(image)
        return with_colour_of(image, resize(self._shown, *size).clip(0, 1))

    def _at(self, scale: int, image: Image) -> Image:
        return resize(image, *self._prepared.scales[scale].output)


def _recoloured(style: Image, content: Image, preserve_colour: str) -> Image:
    if preserve_colour == "histogram":
        return match_colours(style, content)
    return match_luminance(style, content) if preserve_colour == "luminance" else style


def _styles(style: Style | Sequence[Style]) -> tuple[list[Exemplar], list[float]]:
    """Return the style images and what each counts."""
    several: list[Any] = [style] if _is_pair(style) else one_or_several(style)
    pairs = [one if _is_pair(one) else (one, 1.0) for one in several]
    return [image for image, _ in pairs], [share for _, share in pairs]


def _is_pair(style: object) -> bool:
    """Whether it is one image with what it counts, and not two images."""
    return isinstance(style, tuple) and len(style) == 2 and isinstance(style[1], Real)
