"""Making an image that there is tile: a band along its edges is made anew, the rest stays."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import ImageError, OptionError
from texonnx.images import Image
from texonnx.options import ObjectiveOptions, RetileOptions, RunOptions
from texonnx.run.course import run_course
from texonnx.run.given import Exemplar, texture_of
from texonnx.run.preparation import Prepared, prepare
from texonnx.run.result import SynthesisResult
from texonnx.run.watch import UNWATCHED, Watch
from texonnx.sizes import Size
from texonnx.verbs.synthesis import Texture
from texonnx.verbs.tiling import check_circular

BAND = 8
"""A band is as wide as this part of the shorter side, if nobody says how wide."""
_FADE = 3
"""Over this part of its width a band begins as the image that there is."""


def retile_image(
    image: Exemplar,
    chosen: RetileOptions,
    objective: ObjectiveOptions,
    run: RunOptions,
    watch: Watch = UNWATCHED,
) -> SynthesisResult:
    """Make an image tile: see :func:`texonnx.retile`; size and exemplar size are the image's."""
    started = time.perf_counter()
    check_circular(objective.padding)
    given = texture_of(image)
    if given.cutout is not None:
        raise ImageError(
            f"'{image}' is transparent in parts; what is to tile must be opaque to its edges"
        )
    size = given.size
    band = max(1, min(size) // BAND) if chosen.band is None else chosen.band
    if 2 * band >= min(size):
        raise OptionError(
            f"two bands of {band} pixels leave nothing of an image of {size}; take a band below "
            f"{min(size) // 2}"
        )
    run = replace(run, size=size, exemplar_size=min(size))
    prepared = prepare([given], objective, run, None, watch.on_download)
    return run_course(_Retile(prepared, band, chosen.axes), watch, started)


class _Retile(Texture):
    """A texture of which only a band along the edges is free."""

    def __init__(self, prepared: Prepared, band: int, axes: str) -> None:
        super().__init__(prepared)
        self._band = band
        self._axes = axes

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the image that there is, with a band of what a texture starts from."""
        there = self.exemplar(scale)
        fresh = super().start(scale, coarser)
        share = self._share(scale)
        begun: Image = (share * fresh + (1 - share) * there).astype(np.float32)
        return np.where(self.free(scale), begun, there)

    def free(self, scale: int) -> NDArray[np.bool_]:
        """Return the band."""
        free: NDArray[np.bool_] = self._share(scale) > 0
        return free

    def finish(self, image: Image) -> Image:
        """Return the image, outside of the band what was given to the last bit."""
        scale = len(self.prepared.scales) - 1
        if image.shape[2:] != self.size(scale):
            return image
        return np.where(self.free(scale), image, self.exemplar(scale))

    def _share(self, scale: int) -> NDArray[np.float32]:
        """Return what the new counts where the scale starts: 1 at the edge, 0 outside the band."""
        size = self.size(scale)
        width = max(1.0, self._band * min(size) / min(self.size(len(self.prepared.scales) - 1)))
        return _ramp(size, width, self._axes)


def _ramp(size: Size, width: float, axes: str) -> NDArray[np.float32]:
    """Return [H, W] that falls from 1 at the edges to 0 at `width` pixels from them."""

    def along(extent: int) -> NDArray[np.float64]:
        places = np.arange(extent)
        from_edge = np.minimum(places, extent - 1 - places)
        return np.clip((width - from_edge) / max(1.0, width / _FADE), 0, 1)

    down = along(size.height) if axes != "x" else np.zeros(size.height)
    across = along(size.width) if axes != "y" else np.zeros(size.width)
    return np.maximum(down[:, np.newaxis], across).astype(np.float32)
