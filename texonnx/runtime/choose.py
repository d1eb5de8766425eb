"""From the user's words for engine and provider to an engine."""

from __future__ import annotations

from collections.abc import Sequence

from texonnx.errors import RuntimeUnavailableError
from texonnx.objective.banding import AUTO, MemoryUse
from texonnx.objective.source import GraphSource
from texonnx.providers import PROVIDERS
from texonnx.runtime.engine import SAMPLING, Engine, Sampling
from texonnx.runtime.installed import the_runtime
from texonnx.sizes import Size


def choose_engine(
    name: str,
    source: GraphSource,
    provider: str,
    threads: int,
    sizes: Sequence[Size],
    precision: str = "fp32",
    sampling: Sampling = SAMPLING,
    memory: MemoryUse = AUTO,
) -> Engine:
    """Return the engine called `name` over `source`, on `provider`, in `precision`.

    ``auto`` takes ``training`` where onnxruntime-training is the installed runtime and there are
    training artifacts for all `sizes`, on a provider that the training engine has, unless the
    objective is one that the analytic engine sorts for on the host, in half the time, or walks in
    bands, in half the memory.

    Raises
    ------
    OptionError, RuntimeUnavailableError
        For an unknown name, or an engine or provider that cannot be had.
    """
    runtime = the_runtime()

    from texonnx.runtime.sessions import choose_provider

    chosen = choose_provider(provider)
    available = sizes if source.training_sizes is None else source.training_sizes
    missing = [size for size in sizes if size not in available]
    if name == "training":
        if not runtime.can_train:
            raise RuntimeUnavailableError(
                f"the training engine needs onnxruntime-training, and {runtime} is installed; "
                "make another environment with pip install 'texonnx[training]'"
            )
        if missing:
            raise RuntimeUnavailableError(
                f"there are no training artifacts for {_join(missing)}, but for "
                f"{_join(available) or 'no size at all'}; take --engine analytic, or export again"
            )
    from texonnx.runtime.analytic import AnalyticEngine
    from texonnx.runtime.training import TrainingEngine

    if name == "training" and precision != "fp32":
        raise RuntimeUnavailableError(
            f"the training engine computes in fp32, not in {precision}; take --engine analytic"
        )
    facts = PROVIDERS[chosen]
    can_be_banded = source.can_be_banded and facts.on_host
    if memory.name == "low" and (name == "training" or not can_be_banded):
        raise RuntimeUnavailableError(
            "memory use 'low' is for the losses gram, mean and tv alone, without exported "
            "artifacts, on the analytic engine and a provider that computes in the host's memory "
            f"({', '.join(name for name, one in PROVIDERS.items() if one.on_host)})"
        )
    can_train = (
        runtime.can_train
        and not source.sorts
        and not (can_be_banded and any(memory.banding(size) for size in sizes))
        and not missing
        and facts.trains
        and precision == "fp32"
    )
    if name == "training" or (name == "auto" and can_train):
        return TrainingEngine(source, chosen, threads, sampling)
    return AnalyticEngine(source, chosen, threads, precision, sampling, memory)


def _join(sizes: Sequence[Size]) -> str:
    return ", ".join(map(str, sizes))
