"""Style transfer: the content of one image in the texture of others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.images import (
    Image,
    luminance,
    match_colours,
    match_luminance,
    resize,
    size_by_shorter_side,
    with_colour_of,
)
from texonnx.optim.metric import ImageMetric
from texonnx.options import (
    LARGEST_STYLE_SCALE,
    TRANSFER_SIZE,
    ObjectiveOptions,
    RunOptions,
    TransferOptions,
)
from texonnx.run.course import Course, run_course
from texonnx.run.given import Exemplar, content_of, is_grey, texture_of
from texonnx.run.preparation import Prepared, one_or_several, prepare, shares_of
from texonnx.run.result import SynthesisResult
from texonnx.run.watch import UNWATCHED, Watch
from texonnx.runtime.goal import Goal
from texonnx.sizes import Size, size_of

_CONTENT = "content"
_COARSEST_SIDE = 64
"""Where things of the content are smaller than that, they are lost to the style."""
_OWN_DETAIL = np.float32(0.5)
"""What the content's own detail counts beside patches of the style, where a scale starts."""

Style = Exemplar | tuple[Exemplar, float]
"""A style image, and what it counts where there are several."""


def transfer_style(
    content: Exemplar,
    style: Style | Sequence[Style],
    chosen: TransferOptions,
    objective: ObjectiveOptions,
    run: RunOptions,
    watch: Watch = UNWATCHED,
) -> SynthesisResult:
    """Make an image with the content of one in the texture of others: see :func:`texonnx.transfer`.

    The sizes in `run` are those of `chosen`, in its place.
    """
    started = time.perf_counter()
    given = content_of(content, chosen.size or TRANSFER_SIZE)
    side = chosen.size or min(*given.size, TRANSFER_SIZE)
    size = size_by_shorter_side(given.size, side)
    shown = resize(given.image, *size)
    run = replace(run, exemplar_size=max(1, round(side * chosen.style_scale)), size=size)
    objective = replace(objective, content_weight=chosen.weight_of_content)
    images, counts = _styles(style)
    way = chosen.preserve_colour
    originals = [texture_of(image, run.exemplar_size) for image in images]
    coloured = [one.recoloured(lambda image: _recoloured(image, shown, way)) for one in originals]
    prepared = prepare(
        coloured, objective, run, None, watch.on_download, coarsest_side=_COARSEST_SIDE
    )
    course = _Transfer(
        prepared,
        shares_of(counts, len(images)),
        shown,
        keep_colour=way == "luminance",
        has_style=objective.style_weight > 0,
    )
    pairs = zip(originals, prepared.exemplars, strict=True)
    course.notes = (
        *given.notes,
        *course.notes,
        *(
            _told_of_scaling(original.size, size_of(scaled), side)
            for original, scaled in pairs
            if original.size != size_of(scaled)
        ),
    )
    if given.alpha is not None:
        course.alpha = _resized(given.alpha, size)
    return run_course(course, watch, started)


class _Transfer(Course):
    """The content's detail comes in at every scale that can show it, beside the style's."""

    effort = 2
    starts_near = False  # the content pulls away from the style's patches

    def __init__(
        self,
        prepared: Prepared,
        shares: tuple[float, ...],
        content: Image,
        *,
        keep_colour: bool,
        has_style: bool,
    ) -> None:
        super().__init__(prepared, shares)
        self._shown = content
        self._keep_colour = keep_colour
        self._content = luminance(content) if keep_colour else content
        # The gradient changes large areas slowly, so the run starts from the style's colours; where
        # the content's are to be kept, the style has those already.
        finest = self.exemplar(len(prepared.scales) - 1)
        self._start = match_colours(self._content, finest) if has_style else self._content
        self._has_style = has_style

    def goal(self, scale: int) -> Goal:
        """Return the styles at the scale, and the content."""
        return replace(super().goal(scale), content=self.scaled(self._content, scale))

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the first image; or the coarser one enlarged, with the detail of both."""
        if str(self.prepared.options.init) != _CONTENT:
            return super().start(scale, coarser)
        content = self.scaled(self._start, scale)
        if coarser is None:
            return content
        coarse = self.scaled(self.scaled(self._start, scale - 1), scale)
        shown = self.scaled(coarser, scale) + content - coarse
        if not self._has_style:
            return shown
        return _OWN_DETAIL * shown + (1 - _OWN_DETAIL) * self.finer(coarser, scale)

    def metric(self, scale: int) -> ImageMetric:
        """Return the metric that favours the style's colours.

        It favours no details: of those the content has its own.
        """
        return ImageMetric(self.exemplar(scale), self.size(scale), power_of_frequency=0.0)

    @property
    def grey(self) -> bool:
        """Whether neither the styles nor the content have a colour."""
        return super().grey and is_grey(self._content)

    def finish(self, image: Image) -> Image:
        """Give the image the content's colours, where they are to be kept."""
        if not self._keep_colour:
            return image
        size = size_of(image)
        return with_colour_of(image, resize(self._shown, *size).clip(0, 1))


def _resized(alpha: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    image = np.repeat(alpha[np.newaxis, np.newaxis], 3, axis=1)
    return np.ascontiguousarray(resize(image, *size)[0, 0])


def _told_of_scaling(given: Size, taken: Size, side: int) -> str:
    own = min(given) / side
    way = f"; a style scale of {own:.4g} leaves it as it is" if own <= LARGEST_STYLE_SCALE else ""
    return f"the style of {given} pixels was scaled to {taken}{way}"


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
