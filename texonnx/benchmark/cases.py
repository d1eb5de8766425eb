"""What there is to measure: engine, provider, precision and size, one value for each case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from texonnx.providers import PROVIDERS
from texonnx.sizes import Size


@dataclass(frozen=True)
class Series:
    """What is measured at several sizes: one line of the plot.

    Attributes
    ----------
    engine, provider
        As :func:`texonnx.synthesize` takes them, but for ``auto``.
    precision
        Of :data:`texonnx.providers.PRECISIONS`.
    threads
        Of an op; 0 leaves it to ONNX Runtime.
    memory
        Of :data:`texonnx.options.MEMORY_USES`.
    """

    engine: str
    provider: str
    precision: str = "fp32"
    threads: int = 0
    memory: str = "auto"


@dataclass(frozen=True)
class Measurement:
    """What was measured in one case, or why nothing was.

    Attributes
    ----------
    series
        Engine, provider, precision and threads.
    size
        Height and width in pixels of exemplar and image.
    start_seconds
        From an engine with its graphs still to be made to the end of the first iteration.
    seconds
        Of each iteration after that: loss and gradient.
    megabytes
        Peak memory of the process in MB (10^6 bytes), without that of a graphics card; ``None``
        where the system does not tell.
    failure
        The sentence that says why the case does not run; empty if it does.
    """

    series: Series
    size: Size
    start_seconds: float = 0.0
    seconds: tuple[float, ...] = ()
    megabytes: float | None = None
    failure: str = ""


def series_of(
    engines: Sequence[str],
    providers: Sequence[str],
    precisions: Sequence[str],
    threads: int,
    memory: str = "auto",
) -> Iterator[Series]:
    """Yield every combination that some machine may have.

    Parameters
    ----------
    engines, providers, precisions
        Names; of a provider that lacks a precision, and of the training engine, which has few
        providers and fp32 alone, nothing is yielded for that.
    threads, memory
        Of every case.
    """
    for engine, provider, precision in product(engines, providers, precisions):
        known = PROVIDERS[provider]
        trains = known.trains and precision == "fp32"
        if precision in known.precisions and (trains or engine != "training"):
            yield Series(engine, provider, precision, threads, memory)
