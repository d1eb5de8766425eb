"""The process that tries out the small scales of a run: ``python -m texonnx.planning.worker``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from texonnx.images import Image, resize
from texonnx.optim.pyramid import Scale
from texonnx.optim.run import refresh_interval
from texonnx.options import ObjectiveOptions, RunOptions
from texonnx.planning.rehearsal import rehearse
from texonnx.run.hosting import Host
from texonnx.run.preparation import prepare
from texonnx.runtime.choose import choose_route, open_engine
from texonnx.runtime.goal import texture_of
from texonnx.sizes import Size, size_of
from texonnx.system.memory import forget_peak, peak_memory
from texonnx.system.processes import serve

_FEW_PIXELS = 256 * 256
_TIMED, _TIMED_WHERE_LARGE = 3, 1
_LARGEST_START = 1024 * 1024
"""Up to so many pixels the start of a scale takes a few seconds."""
_BYTES_OF_A_PIXEL = 52
"""Held for each more at a scale's start: measured from 1024x1024 to 4096x4096."""


def work(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Start as a run does, and go through the scales with a few steps at each.

    Parameters
    ----------
    job
        ``exemplar``: the path of an image, or height and width; ``objective``, ``run``,
        ``artifacts``: the options; ``try``: exemplar and output size and number of steps at each
        scale; ``sizes``, ``schedule``: all that the engine is for, and the steps at each.

    Yields
    ------
    dict
        First ``engine``, ``provider`` and ``why``, when ready; then for each scale the figures of a
        :class:`texonnx.planning.probes.Probe`.
    """
    options = RunOptions(**job["run"])
    objective = ObjectiveOptions(**job["objective"])
    prepared = prepare([_exemplar(job["exemplar"])], objective, options, job["artifacts"])
    options = prepared.options
    sizes = [Size(*size) for size in job["sizes"]]
    route = choose_route(prepared.source.traits, options, sizes, job["schedule"])
    engine = open_engine(route, prepared.source, prepared.host, options)
    yield {"engine": engine.name, "provider": engine.provider, "why": route.why}
    largest = peak_memory()
    before: Scale | None = None
    starts = _Starts(prepared.host, options.seed)
    for (exemplar_size, output), steps in job["try"]:
        scale = Scale(Size(*exemplar_size), Size(*output))
        exemplar = resize(prepared.exemplars[0], *scale.exemplar)
        image = resize(prepared.exemplars[0], *scale.output)
        largest = _larger(largest, peak_memory())
        seconds, megabytes = starts.tried(image, exemplar, before)
        largest = _larger(largest, megabytes)
        before = scale
        begun = time.perf_counter()
        engine.aim(texture_of(exemplar), scale.output)
        aimed = time.perf_counter()
        largest = _larger(largest, peak_memory())
        forget_peak()
        timed = _TIMED if image[0, 0].size <= _FEW_PIXELS else _TIMED_WHERE_LARGE
        first, later = rehearse(
            engine,
            image,
            exemplar,
            prepared.optimizer,
            steps,
            options.learning_rate,
            timed,
            refresh_interval(prepared.source.traits, prepared.optimizer),
        )
        largest = _larger(largest, peak_memory())
        yield {
            "start_seconds": seconds + aimed - begun + max(0.0, first - later),
            "step_seconds": later,
            "step_megabytes": peak_memory(),
            "megabytes": largest,
        }


class _Starts:
    """What precedes the steps of a scale: done where it is small, else known by what is small.

    Parameters
    ----------
    host
        What does it.
    seed
        Of its random numbers.
    """

    def __init__(self, host: Host, seed: int) -> None:
        self._host = host
        self._seed = seed
        self._known = 0, 0.0, 0.0

    def tried(
        self, image: Image, exemplar: Image, before: Scale | None
    ) -> tuple[float, float | None]:
        """Return how many seconds it takes, and the memory of the process then, in MB.

        `before` is the scale before it, if any.
        """
        size = size_of(image)
        forget_peak()
        held = peak_memory()
        begun = time.perf_counter()
        if before is None:
            self._host.first_image(exemplar, size, self._seed)
        elif size.pixels <= _LARGEST_START:
            coarser = resize(image, *before.output)
            self._host.finer_image(coarser, exemplar, before.exemplar, size, self._seed)
        else:
            # In windows, so that what grows in memory is whole images alone.
            pixels, seconds, megabytes = self._known
            megabytes += _BYTES_OF_A_PIXEL * (size.pixels - pixels) / 1e6
            seconds *= size.pixels / max(pixels, 1)
            return seconds, None if held is None else held + megabytes
        seconds, peak = time.perf_counter() - begun, peak_memory()
        more = 0.0 if held is None or peak is None else peak - held
        self._known = size.pixels, seconds, more
        return seconds, peak


def _larger(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one, other)


def _exemplar(given: str | list[int]) -> str | Image:
    """Return the path, or for a height and a width an image of noise: what it shows is the same."""
    if isinstance(given, str):
        return given
    return np.random.default_rng(0).random((1, 3, *given), dtype=np.float32)


if __name__ == "__main__":
    serve(work)
