"""The process that measures one case: ``python -m texonnx.benchmark.worker``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from texonnx.objective.built import BuiltGraphs
from texonnx.objective.specification import specify
from texonnx.options import ObjectiveOptions, RunOptions, taken
from texonnx.run.hosting import Host
from texonnx.runtime.choose import choose_route, open_engine
from texonnx.runtime.goal import texture_of
from texonnx.sizes import Size
from texonnx.system.memory import peak_memory
from texonnx.system.processes import serve
from texonnx.weights import load_weights


def work(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Measure loss and gradient of noise against other noise.

    Parameters
    ----------
    job
        ``objective``: the options; ``engine``, ``provider``, ``precision``, ``threads``,
        ``memory``; ``size``: height and width; ``rounds``.

    Yields
    ------
    dict
        One: ``start_seconds``, ``seconds`` and ``megabytes`` of a :class:`Measurement`.
    """
    objective = ObjectiveOptions(**job["objective"])
    source = BuiltGraphs(
        specify(objective),
        load_weights(objective.weights, objective.arch, convention=objective.convention),
        activation_scale=objective.activation_scale,
    )
    size = Size(*job["size"])
    random = np.random.default_rng(0)
    exemplar, image = (random.random((1, 3, *size), dtype=np.float32) for _ in range(2))
    begun = time.perf_counter()
    options = taken(RunOptions, job, but="size")
    route = choose_route(source.traits, options, [size])
    engine = open_engine(route, source, Host(), options)
    engine.aim(texture_of(exemplar), size)
    engine.loss_and_gradient(image)
    start_seconds = time.perf_counter() - begun
    seconds = []
    for _ in range(job["rounds"]):
        begun = time.perf_counter()
        engine.loss_and_gradient(image)
        seconds.append(time.perf_counter() - begun)
    yield {"start_seconds": start_seconds, "seconds": seconds, "megabytes": peak_memory()}


if __name__ == "__main__":
    serve(work)
