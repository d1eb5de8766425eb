"""Where an evaluation is the fastest on this machine: measured once, and kept in the cache.

Which provider and precision that is, no list can say: it differs from processor to processor, and
from one release of ONNX Runtime to the next. It differs from scale to scale of a run as well: what
starts slowly is worth it where evaluations are many or large.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from texonnx.errors import RuntimeUnavailableError
from texonnx.losses import Arrays
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import OBJECTIVE
from texonnx.objective.specification import specify
from texonnx.options import ObjectiveOptions, RunOptions
from texonnx.providers import PROVIDERS, find_provider
from texonnx.runtime.goal import texture_of
from texonnx.runtime.installed import cards_here, the_runtime
from texonnx.runtime.objective_inputs import Shapes
from texonnx.runtime.route import Route
from texonnx.runtime.sessions import (
    NamedSession,
    check_precision_is_real,
    listed_providers,
    open_session,
    probe,
)
from texonnx.sizes import Size
from texonnx.system.files import lock, write_text
from texonnx.system.machine import this_machine
from texonnx.weights import cache_folder, random_weights

AUTO = "auto"
_UNIT = Size(256, 256)
"""What evaluations are counted in."""
_UNASKED, _ASKED = Size(128, 128), _UNIT
"""What is measured at first use, in a second or so for each way, and by ``bench --tune``."""
_ROUNDS = 3
_PATIENCE = 30.0
"""Seconds to wait for another process that measures; then both do."""
_SHORT = "bf16"
"""What ``auto`` measures where the device has it: see docs/performance.md for what it changes."""
_MOST_STEPS_IN_SHORT = 60
"""A longer search comes to where its steps are smaller than that precision's noise, and stops."""

_log = logging.getLogger("texonnx")


class Way(NamedTuple):
    """A provider and a precision, by their names."""

    provider: str
    precision: str

    def __str__(self) -> str:
        return f"{self.provider} {self.precision}"


class Cost(NamedTuple):
    """What a way takes, in seconds: to start, and for each evaluation at 256x256 after that."""

    start: float
    evaluation: float

    def of(self, scale: Work) -> float:
        """Return the seconds that a scale takes."""
        return self.start + self.evaluation * scale.evaluations


class Work(NamedTuple):
    """What is to be done at a scale: height and width of its image, and the number of steps."""

    size: Size
    steps: int

    @property
    def evaluations(self) -> float:
        """How many evaluations at 256x256 it is worth."""
        return self.steps * self.size.pixels / _UNIT.pixels


TEXTURE = tuple(
    Work(Size(side, side), steps) for side, steps in ((32, 360), (64, 60), (128, 6), (256, 2))
)
"""A texture of 256x256 pixels with the default steps."""


class Choice(NamedTuple):
    """The ways that were chosen.

    Attributes
    ----------
    ways
        That of every scale.
    why
        What they were measured against, in words; empty where there was nothing to choose.
    passed_over
        Why those do not start that would have been measured, a sentence each.
    """

    ways: tuple[Way, ...]
    why: str = ""
    passed_over: tuple[str, ...] = ()

    @property
    def way(self) -> Way:
        """That of the finest scale."""
        return self.ways[-1]


def choose_ways(
    provider: str = AUTO,
    precision: str = AUTO,
    *,
    training: bool = False,
    scales: Sequence[Work] = TEXTURE,
    threads: int = 0,
) -> Choice:
    """Return the ways for a provider and a precision, each by name or ``auto``.

    Parameters
    ----------
    provider
        ``auto`` is the fastest of those that start; scales may take others where all compute in
        the host's memory.
    precision
        ``auto`` is the faster of float32 and bfloat16, where the device computes in that; for
        many steps it is float32.
    training
        Whether the training engine was asked for, which has few providers, and float32 alone.
    scales
        What is to be the fastest.
    threads
        That it will have; with fewer, another way may be.

    Raises
    ------
    RuntimeUnavailableError
        For an unknown provider.
    """
    if training and precision == AUTO:
        precision = "fp32"
    ways, passed_over = _candidates(provider, precision, training)
    costs = measured(ways, threads=threads) if len(ways) > 1 else {}
    if not costs:
        way = ways[0] if ways else Way("cpu", precision)
        return Choice((way,) * len(scales), "", passed_over)
    on_host = {way for way in costs if PROVIDERS[way.provider].on_host}
    teams = [on_host] * bool(on_host) + [{way} for way in costs if way not in on_host]
    plans = [{work: _fastest(team, work, costs) for work in scales} for team in teams]
    best = min(plans, key=lambda plan: sum(costs[way].of(work) for work, way in plan.items()))
    return Choice(
        tuple(best[work] for work in scales),
        f"the fastest here, start and evaluation: {_told(costs)}",
        passed_over,
    )


def _fastest(team: Iterable[Way], work: Work, costs: Mapping[Way, Cost]) -> Way:
    """Return the fastest way for a scale, in full precision if its steps are many."""
    full = [way for way in team if way.precision != _SHORT]
    able = full if full and work.steps > _MOST_STEPS_IN_SHORT else team
    return min(sorted(able), key=lambda way: costs[way].of(work))


def measured_anew() -> dict[Way, Cost]:
    """Return the cost at 256x256 of every way that ``auto`` may take; keep them."""
    return measured(_candidates(AUTO, AUTO, False)[0], size=_ASKED, anew=True)


def _candidates(provider: str, precision: str, training: bool) -> tuple[list[Way], tuple[str, ...]]:
    """Return the ways that there are, and why some providers are passed over."""
    if provider != AUTO:
        name = find_provider(provider).name
        return _ways(name, precision), ()
    ways: list[Way] = []
    passed_over: list[str] = []
    for name in listed_providers():
        known = PROVIDERS[name]
        if name != "cpu" and (not known.measured or (training and not known.trains)):
            continue
        if precision not in (AUTO, *known.precisions):
            continue
        if name != "cpu" and (failure := probe(name)) is not None:
            if _is_missed(name):
                passed_over.append(f"{name} is not used: {failure}")
            continue
        ways += _ways(name, precision)
    return ways, tuple(passed_over)


def _is_missed(provider: str) -> bool:
    """Whether one would expect it to start: onnxruntime-training lists CUDA without any card."""
    return provider != "cuda" or sys.platform != "linux" or "nvidia" in cards_here()


def _ways(provider: str, precision: str) -> list[Way]:
    return [
        Way(provider, one) for one in (_precisions(provider) if precision == AUTO else [precision])
    ]


def measured(
    ways: Sequence[Way], *, size: Size = _UNASKED, anew: bool = False, threads: int = 0
) -> dict[Way, Cost]:
    """Return the cost of each way.

    Parameters
    ----------
    ways
        Those to compare; what does not run is left out.
    size
        At which evaluations are timed.
    anew
        Whether to measure although it was done before.
    threads
        Of an op; 0 leaves it to ONNX Runtime.
    """
    by_name = {str(way): partial(_cost, way, size, threads) for way in ways}
    found = _measured(by_name, anew=anew, threads=threads)
    return {way: found[str(way)] for way in ways if str(way) in found}


def faster_engine(provider: str, scales: Sequence[Work], threads: int = 0) -> tuple[str, str]:
    """Return which engine is faster on a provider, where both are installed, and of what.

    Parameters
    ----------
    provider
        A name.
    scales
        What is to be the fastest.
    threads
        Of an op; 0 leaves it to ONNX Runtime.
    """
    by_name = {
        f"{engine} engine on {provider}": partial(_engine_cost, engine, provider, threads)
        for engine in ("analytic", "training")
    }
    costs = _measured(by_name, threads=threads)
    if not costs:
        return "training", ""
    best = min(costs, key=lambda name: sum(costs[name].of(work) for work in scales))
    return best.split()[0], f"the faster engine here, start and evaluation: {_told(costs)}"


def _told(costs: Mapping[Any, Cost]) -> str:
    return ", ".join(
        f"{name} {1000 * cost.start:.0f} + {1000 * cost.evaluation:.0f} ms"
        for name, cost in sorted(costs.items())
    )


def _measured(
    by_name: Mapping[str, Callable[[], Cost | None]], *, anew: bool = False, threads: int = 0
) -> dict[str, Cost]:
    """Return the cost of each of what is to be compared; keep it; leave out what does not run."""
    path = cache_folder().parent / "tuning.json"
    machine = _machine() + (f"; threads of an op: {threads}" if threads else "")
    kept = {} if anew else _kept(path, machine)
    if not all(name in kept for name in by_name):
        with _alone(path):
            # Another process may have measured it meanwhile.
            kept = {} if anew else _kept(path, machine)
            if not all(name in kept for name in by_name):
                named = ", ".join(by_name)
                _log.info("measuring once which is the fastest on this machine: %s", named)
                # At one and the same size, each of them: kept figures may be of another.
                kept = {**kept, **{name: cost() for name, cost in by_name.items()}}
                _keep(path, machine, kept)
    found = {name: kept[name] for name in by_name}
    return {name: Cost(*cost) for name, cost in found.items() if cost is not None}


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold back other processes that would measure: they would disturb, and come to differ."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # where nothing can be kept, nothing is shared
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(path.with_suffix(".lock").open("wb"))
            until = time.monotonic() + _PATIENCE
            while not lock(file) and time.monotonic() < until:
                time.sleep(0.05)
        yield


@lru_cache
def _precisions(provider: str) -> tuple[str, ...]:
    """Return what ``auto`` chooses from on a provider."""
    if _SHORT not in PROVIDERS[provider].precisions:
        return ("fp32",)
    try:
        check_precision_is_real(provider, _SHORT)
    except RuntimeUnavailableError:
        return ("fp32",)
    return "fp32", _SHORT


def _cost(way: Way, size: Size, threads: int) -> Cost | None:
    """Return the cost, of evaluations the least, or ``None`` where it does not run."""

    graph = _graphs().graph(OBJECTIVE, size)

    def start() -> Callable[[], object]:
        session = NamedSession(open_session(graph, way.provider, threads, way.precision))
        drawn = np.random.default_rng(0)
        values = {name: drawn.random(shape, np.float32) for name, shape in session.inputs.items()}
        return lambda: session(values)

    return _timed(start, size)


def _engine_cost(name: str, provider: str, threads: int) -> Cost | None:
    """Return the cost of an engine, all that it writes for a scale included."""
    from texonnx.runtime.choose import open_engine

    route = Route(name, PROVIDERS[provider], threads=threads)
    engine = open_engine(route, _graphs(), _NothingDrawn(), RunOptions())

    def start() -> Callable[[], object]:
        image = np.random.default_rng(0).random((1, 3, *_UNASKED), np.float32)
        engine.aim(texture_of(image), _UNASKED)
        return lambda: engine.loss_and_gradient(image)

    return _timed(start, _UNASKED)


class _NothingDrawn:
    """What a loss that draws nothing draws."""

    def directions(self, shapes: Shapes, seed: int, draw: int) -> Arrays:
        """Return nothing."""
        return {}

    def discriminators(self, shapes: Shapes, seed: int) -> Arrays:
        """Return nothing."""
        return {}


def _timed(start: Callable[[], Callable[[], object]], size: Size) -> Cost | None:
    """Return what `start` and the evaluations that it returns cost; ``None`` where they fail."""
    try:
        begun = time.perf_counter()
        evaluate = start()
        evaluate()
        first = time.perf_counter() - begun
        rounds = []
        for _ in range(_ROUNDS):
            begun = time.perf_counter()
            evaluate()
            rounds.append(time.perf_counter() - begun)
    except Exception:
        return None
    evaluation = min(rounds)
    return Cost(max(0.0, first - evaluation), evaluation * _UNIT.pixels / size.pixels)


@lru_cache(maxsize=1)
def _graphs() -> BuiltGraphs:
    """Return graphs of what takes the time of a run."""
    return BuiltGraphs(specify(ObjectiveOptions()), random_weights("vgg16", 0))


def _machine() -> str:
    """Return what the figures hold for: processor, threads, runtime and plugins, by version."""
    plugins = []
    for provider in PROVIDERS.values():
        if provider.plugin is not None:
            try:
                package = provider.plugin.module.replace("_", "-")
                plugins.append(f"{package} {metadata.version(package)}")
            except metadata.PackageNotFoundError:
                continue
    return "; ".join([str(this_machine(the_runtime())), *plugins])


def _kept(path: Path, machine: str) -> Mapping[str, Sequence[float] | None]:
    kept = _read(path).get(machine)
    if not isinstance(kept, dict):
        return {}
    # What is not as it is written here is measured again.
    return {way: cost for way, cost in kept.items() if cost is None or _is_cost(cost)}


def _is_cost(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == len(Cost._fields)
        and all(isinstance(number, (int, float)) for number in value)
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _keep(path: Path, machine: str, costs: Mapping[str, Sequence[float] | None]) -> None:
    content = {**_read(path), machine: costs}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(content, indent=1) + "\n")
    except OSError:
        return  # it is measured again next time
