"""The process that tries out the small scales of a run: ``python -m texonnx.planning.worker``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from texonnx.images import Image, resize
from texonnx.optim.initial import with_detail
from texonnx.optim.pyramid import Scale, shrunk
from texonnx.optim.run import refresh_interval
from texonnx.options import ObjectiveOptions, RunOptions
from texonnx.planning.rehearsal import rehearse
from texonnx.run.preparation import prepare
from texonnx.runtime.choose import choose_route, open_engine
from texonnx.runtime.goal import texture_of
from texonnx.sizes import Size
from texonnx.system.memory import forget_peak, peak_memory
from texonnx.system.processes import serve

_FEW_PIXELS = 256 * 256
_TIMED, _TIMED_WHERE_LARGE = 3, 1


def work(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Start as a run does, and go through the scales with a few steps at each.

    Parameters
    ----------
    job
        ``exemplar``: the path of an image, or height and width; ``objective``, ``run``,
        ``artifacts``: the options; ``try``: exemplar and output size and number of steps at each
        scale; ``sizes``: all that the engine is for.

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
    route = choose_route(prepared.source.traits, options, sizes)
    finest = max(sizes, key=lambda size: size.pixels)
    whole = route.banding(finest)
    if whole is not None:
        # The bands of the finest scale, whose memory is wanted: smaller for a smaller image.
        route = replace(route, banding=lambda size: whole.scaled(size, finest))
    engine = open_engine(route, prepared.source, prepared.host, options)
    yield {"engine": engine.name, "provider": engine.provider, "why": route.why}
    largest = peak_memory()
    for (exemplar_size, output), steps in job["try"]:
        scale = Scale(Size(*exemplar_size), Size(*output))
        begun = time.perf_counter()
        exemplar = resize(prepared.exemplars[0], *scale.exemplar)
        image = resize(prepared.exemplars[0], *scale.output)
        image = with_detail(image, exemplar, shrunk(scale.exemplar, 2), options.seed)
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
            "start_seconds": aimed - begun + max(0.0, first - later),
            "step_seconds": later,
            "step_megabytes": peak_memory(),
            "megabytes": largest,
        }


def _larger(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one, other)


def _exemplar(given: str | list[int]) -> str | Image:
    """Return the path, or for a height and a width an image of noise: what it shows is the same."""
    if isinstance(given, str):
        return given
    return np.random.default_rng(0).random((1, 3, *given), dtype=np.float32)


if __name__ == "__main__":
    serve(work)
