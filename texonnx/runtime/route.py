"""How and where an objective is evaluated: decided here, once, before anything is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from texonnx.errors import RuntimeUnavailableError
from texonnx.objective.banding import Banding, banding_of
from texonnx.objective.source import Traits
from texonnx.options import RunOptions
from texonnx.providers import PROVIDERS, Provider
from texonnx.runtime.installed import TRAINING_PACKAGE, InstalledRuntime
from texonnx.sizes import Size

_CUT = "sorted on the host"
_BANDS, _WINDOWS = "in bands of rows", "in windows"


@dataclass(frozen=True)
class Route:
    """The way that an objective's evaluations take.

    Attributes
    ----------
    engine
        ``training`` or ``analytic``.
    provider, precision, threads
        Where, in what, and with how many threads an op; 0 for the runtime's own choice.
    cut
        Whether the analytic engine cuts the objective at the features, to sort on the host.
    banding
        How an image of a size goes through the first blocks in bands, if it does.
    why
        Why so, in words.
    notes
        Why what would have been preferred is not taken, a sentence each.
    otherwise
        Provider and precision at the sizes that have others: all compute in the host's memory.
    """

    engine: str
    provider: Provider
    precision: str = "fp32"
    threads: int = 0
    cut: bool = False
    banding: Callable[[Size], Banding | None] = lambda size: None
    why: str = ""
    notes: tuple[str, ...] = ()
    otherwise: Mapping[Size, tuple[Provider, str]] = field(default_factory=dict)

    def at(self, size: Size) -> tuple[Provider, str]:
        """Return where, and in what, an image of `size` is evaluated."""
        return self.otherwise.get(size, (self.provider, self.precision))

    def in_parts(self, traits: Traits, size: Size) -> bool:
        """Whether an image of `size` is evaluated a part at a time."""
        able = traits.averages and self.engine == "analytic"
        return able and self.banding(size) is not None

    def __str__(self) -> str:
        return f"{self.engine} engine on {self.provider.name} ({self.why})"


def find_route(
    traits: Traits,
    provider: Provider,
    options: RunOptions,
    sizes: Sequence[Size],
    runtime: InstalledRuntime,
) -> Route:
    """Return the way for a run at `sizes`.

    The engine ``auto`` is ``training`` where onnxruntime-training is the installed runtime and
    there are training artifacts for all sizes, on a provider that the training engine has, unless
    the objective is one that the analytic engine sorts for on the host, in half the time, or walks
    in bands, in half the memory.

    Parameters
    ----------
    traits
        Of the objective.
    provider
        The one asked for, or chosen.
    options
        Engine, precision, memory and threads of the run; a precision of ``auto``, where nothing
        was measured, is float32.
    sizes
        Height and width of the image at every scale.
    runtime
        What is installed.

    Raises
    ------
    RuntimeUnavailableError
        For an engine or a memory use that cannot be had.
    """
    precision = "fp32" if options.precision == "auto" else options.precision
    known = sizes if traits.training_sizes is None else traits.training_sizes
    missing = [size for size in sizes if size not in known]
    can_be_banded = traits.averages and provider.on_host
    if options.engine == "training":
        _check_training(precision, provider, runtime, missing, known)
    if options.memory == "low" and (options.engine == "training" or not can_be_banded):
        raise RuntimeUnavailableError(
            "memory use 'low' is for the losses gram, mean, cov and tv alone, without exported "
            "artifacts, on the analytic engine and a provider that computes in the host's memory "
            f"({', '.join(name for name, one in PROVIDERS.items() if one.on_host)})"
        )
    banding = partial(banding_of, options.memory) if provider.on_host else Route.banding
    cut = traits.sorts and provider.on_host
    bandings = [one for one in map(banding, sizes) if one is not None]
    banded = can_be_banded and bool(bandings)
    parts = _WINDOWS if any(one.largest_window for one in bandings) else _BANDS
    against = [
        reason
        for reason, holds in (
            (f"{TRAINING_PACKAGE} is not installed", not runtime.can_train),
            (_CUT if cut else "it sorts", traits.sorts),
            (parts, banded),
            (f"no training artifacts for {_join(missing)}", bool(missing)),
            (f"the training engine does not run on {provider.name}", not provider.trains),
            ("the training engine computes in fp32", precision != "fp32"),
        )
        if holds
    ]
    if options.engine == "training" or (options.engine == "auto" and not against):
        engine, cut = "training", False
        why = ["as asked for" if options.engine == engine else f"{TRAINING_PACKAGE} is installed"]
    else:
        engine = "analytic"
        why = ["as asked for" if options.engine == engine else against[0]]
        why += [_CUT] * cut + [parts] * banded
    if precision != "fp32":
        why.append(f"in {precision}")
    told = "; ".join(dict.fromkeys(why))
    return Route(engine, provider, precision, options.threads, cut, banding, told)


def _check_training(
    precision: str,
    provider: Provider,
    runtime: InstalledRuntime,
    missing: Sequence[Size],
    known: Sequence[Size],
) -> None:
    """Refuse the training engine where it was asked for and cannot be had."""
    if not runtime.can_train:
        raise RuntimeUnavailableError(
            f"the training engine needs {TRAINING_PACKAGE}, and {runtime} is installed; "
            "make another environment with pip install 'texonnx[training]'"
        )
    if missing:
        raise RuntimeUnavailableError(
            f"there are no training artifacts for {_join(missing)}, but for "
            f"{_join(known) or 'no size at all'}; take --engine analytic, or export again"
        )
    if precision != "fp32":
        raise RuntimeUnavailableError(
            f"the training engine computes in fp32, not in {precision}; take --engine analytic"
        )
    if not provider.trains:
        able = " and ".join(name for name, one in PROVIDERS.items() if one.trains)
        raise RuntimeUnavailableError(f"the training engine runs on {able}, not on {provider.name}")


def _join(sizes: Iterable[Size]) -> str:
    return ", ".join(map(str, sizes))
