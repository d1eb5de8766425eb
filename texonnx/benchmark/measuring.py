"""Going through the cases, one process after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from texonnx.benchmark.cases import Measurement, Series, series_of
from texonnx.errors import OptionError, TexonnxError
from texonnx.objective.specification import specify
from texonnx.options import ENGINES, BenchOptions, ObjectiveOptions, RunOptions
from texonnx.providers import PRECISIONS
from texonnx.runtime.installed import the_runtime
from texonnx.runtime.sessions import listed_providers
from texonnx.sizes import Size, check_size
from texonnx.system.processes import answers_of
from texonnx.weights import load_weights
from texonnx.weights.sources import Progress

_WORKER = "texonnx.benchmark.worker"


def bench_cases(
    objective: ObjectiveOptions,
    chosen: BenchOptions,
    run: RunOptions,
    on_download: Progress | None = None,
) -> Iterator[Measurement]:
    """Measure every case that there may be on this machine: see :func:`texonnx.bench`."""
    specification = specify(objective)
    for size in chosen.sizes:
        check_size("image", size, specification.minimum_size)
    series = list(
        series_of(
            chosen.engines or (ENGINES if the_runtime().can_train else ENGINES[:1]),
            chosen.providers or listed_providers(),
            chosen.precisions or PRECISIONS,
            run.threads,
            run.memory,
        )
    )
    if not series:
        raise OptionError(
            "no engine of those asked for runs on such a provider in such a precision; leave out "
            "one of --engine, --provider and --precision"
        )
    # Into the cache, before any process needs them.
    load_weights(objective.weights, objective.arch, on_download, objective.convention)
    return measure(objective, series, chosen.sizes, chosen.rounds)


def measure(
    objective: ObjectiveOptions, series: Iterable[Series], sizes: Sequence[Size], rounds: int
) -> Iterator[Measurement]:
    """Yield the measurement of every case as it comes, sizes from small to large.

    What does not run at one size is not tried at the larger ones.

    Parameters
    ----------
    objective
        Whose loss and gradient an iteration is.
    series, sizes
        The cases.
    rounds
        Iterations to time in each, after one to warm up.
    """
    for one in series:
        for size in sorted(sizes, key=lambda size: size.pixels):
            measurement = measure_case(objective, one, size, rounds)
            yield measurement
            if measurement.failure:
                break


def measure_case(
    objective: ObjectiveOptions, series: Series, size: Size, rounds: int
) -> Measurement:
    """Measure one case; what keeps it from running is told, not raised."""
    job = {"objective": asdict(objective), **asdict(series), "size": size, "rounds": rounds}
    try:
        [answer] = answers_of(_WORKER, job)
    except TexonnxError as error:
        return Measurement(series, size, failure=str(error))
    return Measurement(
        series, size, answer["start_seconds"], tuple(answer["seconds"]), answer["megabytes"]
    )
