"""Texture synthesis: an exemplar or several in, more of their texture out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from texonnx.images import Image
from texonnx.optim.metric import ImageMetric
from texonnx.options import ObjectiveOptions, RunOptions
from texonnx.run.course import Course, run_course
from texonnx.run.hosting import Host
from texonnx.run.preparation import Exemplar, prepare, shares_of
from texonnx.run.result import OnStep, SynthesisResult
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
    shares = shares_of(mix, len(exemplars)) if exemplars else ()
    mixes = sum(share > 0 for share in shares) > 1
    prepared = prepare(exemplars, objective, run, artifacts, on_download, mixes=mixes)
    return run_course(Texture(prepared, shares), on_step, started)


class Texture(Course):
    """More of a texture: noise, then at every finer scale the detail that it has there.

    A mixture's is noise too: see :func:`texonnx.run.preparation.prepare`.
    """

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the first image, or the coarser one enlarged, with detail."""
        if coarser is None:
            return self.first_image(scale)
        before = size_of(self.exemplar(scale - 1))
        prepared = self.prepared
        # Of a mixture the graphs may be for patches; then NumPy has the noise.
        graphs_fit = prepared.detail == prepared.source.traits.detail
        host, seed = prepared.host if graphs_fit else Host(), prepared.options.seed
        return host.finer_image(coarser, self.exemplar(scale), before, self.size(scale), seed)

    def metric(self, scale: int) -> ImageMetric:
        """Return the metric that favours the exemplar's colours, and the details."""
        return ImageMetric(self.exemplar(scale), self.size(scale))
