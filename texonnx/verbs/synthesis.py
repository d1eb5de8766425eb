"""Texture synthesis: an exemplar or several in, more of their texture out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from texonnx.images import Image
from texonnx.optim.metric import ImageMetric
from texonnx.optim.schedule import steps_by_scale
from texonnx.options import ObjectiveOptions, RunOptions
from texonnx.run.course import run_course
from texonnx.run.preparation import (
    Exemplar,
    Prepared,
    first_image,
    prepare,
    shares_of,
)
from texonnx.run.result import OnStep, SynthesisResult
from texonnx.runtime.goal import Goal
from texonnx.sizes import size_of
from texonnx.weights.sources import Progress


def synthesize_texture(
    exemplars: Sequence[Exemplar],
    mix: Sequence[float] | None,
    objective: ObjectiveOptions,
    run: RunOptions,
    artifacts: str | Path | None = None,
    on_step: OnStep | None = None,
    on_download: Progress | None = None,
) -> SynthesisResult:
    """Make an image with the texture statistics of exemplars: see :func:`texonnx.synthesize`."""
    started = time.perf_counter()
    prepared = prepare(exemplars, objective, run, artifacts, on_download)
    schedule = steps_by_scale(prepared.options.steps, prepared.optimizer, len(prepared.scales))
    shares = shares_of(mix, len(prepared.exemplars))
    return run_course(prepared, Texture(prepared, shares), schedule, on_step, started)


class Texture:
    """More of a texture: noise, then at every finer scale the detail that it has there."""

    def __init__(self, prepared: Prepared, shares: tuple[float, ...]) -> None:
        self._prepared = prepared
        self._shares = shares

    def goal(self, scale: int) -> Goal:
        """Return the exemplars at the scale."""
        return Goal(self._prepared.exemplars_at(scale), self._shares)

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the first image, or the coarser one enlarged, with noise for its detail."""
        exemplar = self._exemplar(scale)
        size = self._prepared.scales[scale].output
        seed, host = self._prepared.options.seed, self._prepared.host
        if coarser is None:
            return first_image(self._prepared.options, exemplar, size, host)
        before = size_of(self._exemplar(scale - 1))
        return host.finer_image(coarser, exemplar, before, size, seed)

    def metric(self, scale: int) -> ImageMetric:
        """Return the metric that favours the exemplar's colours, and the details."""
        return ImageMetric(self._exemplar(scale), self._prepared.scales[scale].output)

    def _exemplar(self, scale: int) -> Image:
        """Return the exemplar that counts most."""
        most = self._shares.index(max(self._shares))
        return self._prepared.exemplars_at(scale)[most]

    def finish(self, image: Image) -> Image:
        """Return the image."""
        return image
