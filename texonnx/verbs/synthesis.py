"""Texture synthesis: an exemplar or several in, more of their texture out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import OptionError
from texonnx.images import Image, MaterialMap
from texonnx.optim.metric import ImageMetric
from texonnx.options import TILE, ObjectiveOptions, RunOptions, TileOptions
from texonnx.run.course import Course, run_course
from texonnx.run.given import Exemplar, Given, content_of
from texonnx.run.map_set import MapFile, MapSet, read_maps
from texonnx.run.preparation import Prepared, prepare, scaling_notes, shares_of
from texonnx.run.result import SynthesisResult
from texonnx.run.watch import UNWATCHED, Watch
from texonnx.runtime.spread import Crew
from texonnx.sizes import size_of
from texonnx.verbs.tiling import fit_tile


def synthesize_texture(
    exemplars: Sequence[Exemplar],
    mix: Sequence[float] | None,
    objective: ObjectiveOptions,
    run: RunOptions,
    artifacts: str | Path | None = None,
    watch: Watch = UNWATCHED,
    tile: TileOptions = TILE,
    maps: Sequence[MapFile] = (),
    crew: Crew | None = None,
) -> SynthesisResult:
    """Make an image with the texture statistics of exemplars: see :func:`texonnx.synthesize`."""
    started = time.perf_counter()
    shares = shares_of(mix, len(exemplars)) if exemplars else ()
    notes: tuple[str, ...] = ()
    map_set: MapSet | None = None
    given: Sequence[Exemplar | Given] = exemplars
    if maps and exemplars:
        if len(exemplars) > 1:
            raise OptionError("maps belong to one exemplar, and several are to be mixed")
        # What is transparent is not cut away: the alpha is a map.
        whole = content_of(exemplars[0], run.exemplar_size)
        map_set = read_maps(maps, whole, run.exemplar_size)
        given = [whole]
    if tile.tile != TILE.tile and exemplars:
        given, run, told = fit_tile(given, objective, run, tile, artifacts)
        notes = (told,)
    elif tile.exact_size:
        raise OptionError("an exact size is of a tile; say along which axes it shall tile")
    prepared = prepare(given, objective, run, artifacts, watch.on_download)
    prepared = replace(prepared, crew=crew)
    if map_set is not None:
        map_set.check(size_of(prepared.exemplars[0]))
    course = Texture(prepared, shares, map_set)
    course.notes += (*scaling_notes(prepared), *notes)
    return run_course(course, watch, started)


class Texture(Course):
    """More of a texture: noise, then at every finer scale the detail that it has there."""

    def __init__(
        self,
        prepared: Prepared,
        shares: tuple[float, ...] = (1.0,),
        map_set: MapSet | None = None,
    ) -> None:
        super().__init__(prepared, shares)
        self._map_set = map_set
        if map_set is not None:
            self.notes += map_set.notes
        if sum(share > 0 for share in shares) > 1:
            self.effort = 2  # the details of several are averaged where a scale starts, and soft

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the first image, or the coarser one enlarged, with detail."""
        return self.first_image(scale) if coarser is None else self.finer(coarser, scale)

    def beside(self, image: Image) -> tuple[tuple[MaterialMap, ...], NDArray[np.float32] | None]:
        """Return the maps and the alpha that belong to the image, where the exemplar has any."""
        if self._map_set is None:
            return super().beside(image)
        wraps = self.prepared.source.traits.wraps
        return self._map_set.follow(image, self.prepared.exemplars[0], wraps=wraps)

    def metric(self, scale: int) -> ImageMetric:
        """Return the metric that favours the exemplar's colours, and the details."""
        return ImageMetric(self.exemplar(scale), self.size(scale))
