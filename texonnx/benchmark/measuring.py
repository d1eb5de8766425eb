"""Going through the cases, one process after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from texonnx.benchmark.cases import Measurement, Series
from texonnx.errors import TexonnxError
from texonnx.options import ObjectiveOptions
from texonnx.sizes import Size
from texonnx.system.processes import answers_of

_WORKER = "texonnx.benchmark.worker"


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
