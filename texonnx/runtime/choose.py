"""From the options of a run to an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from texonnx.errors import RuntimeUnavailableError
from texonnx.objective.source import GraphSource, Traits
from texonnx.options import RunOptions
from texonnx.providers import PROVIDERS
from texonnx.runtime.installed import the_runtime
from texonnx.runtime.memory import WHAT_HELPS
from texonnx.runtime.objective_inputs import Draws, ObjectiveInputs, Sampling
from texonnx.runtime.route import Route, find_route
from texonnx.sizes import Size
from texonnx.system.memory import memory_bytes

if TYPE_CHECKING:
    from texonnx.runtime.analytic import AnalyticEngine
    from texonnx.runtime.spread import Crew
    from texonnx.runtime.training import TrainingEngine
    from texonnx.runtime.tuning import Way


def choose_route(
    traits: Traits,
    options: RunOptions,
    sizes: Sequence[Size],
    steps: Sequence[int] | None = None,
) -> Route:
    """Return the way that a run takes on this machine: see :func:`find_route`.

    `steps` at each of `sizes` tell whether fast evaluations are worth a slow start; if not given,
    they are those of a texture with the defaults.

    Raises
    ------
    RuntimeUnavailableError
        For what cannot be had, or does not fit into this machine's memory.
    """
    runtime = the_runtime()

    from texonnx.runtime.tuning import TEXTURE, Work, choose_ways, faster_engine

    training = options.engine == "training"
    works = TEXTURE if steps is None else tuple(map(Work, sizes, steps))
    choice = choose_ways(
        options.provider,
        options.precision,
        training=training,
        scales=works,
        threads=options.threads,
    )
    provider, precision = PROVIDERS[choice.way.provider], choice.way.precision
    # One way for all, where the steps are not known.
    ways = [choice.way] * len(sizes) if steps is None else choice.ways
    mixed = len(set(ways)) > 1
    # What is said of the precision is of all scales.
    known = replace(options, precision="fp32" if mixed else precision)
    route = find_route(traits, provider, known, sizes, runtime)
    if route.engine == "training" and options.engine == "auto":
        engine, of_what = faster_engine(provider.name, works, options.threads)
        if engine != route.engine:
            route = find_route(traits, provider, replace(known, engine=engine), sizes, runtime)
        route = replace(route, why=of_what or route.why)
    if mixed:
        otherwise = {
            size: (PROVIDERS[way.provider], way.precision)
            for size, way in zip(sizes, ways, strict=True)
            if way != choice.way
        }
        route = replace(route, precision=precision, otherwise=otherwise)
    _check_fits(traits, route, sizes)
    why = "; ".join(filter(None, [route.why, by_scale(sizes, ways) if mixed else "", choice.why]))
    return replace(route, why=why, notes=choice.passed_over)


def by_scale(sizes: Sequence[Size], ways: Sequence[Way]) -> str:
    """Return which scales are evaluated where, in words."""
    told = []
    for way, scales in groupby(zip(sizes, ways, strict=True), key=lambda scale: scale[1]):
        first, *others = [str(size) for size, _ in scales]
        told.append(f"{first} to {others[-1]} on {way}" if others else f"{first} on {way}")
    return ", ".join(told)


def _check_fits(traits: Traits, route: Route, sizes: Sequence[Size]) -> None:
    """Refuse what has to be in memory at once and cannot: the feature maps, for their gradient.

    A run takes more than those alone, so what is refused would not have fitted.
    """
    memory = memory_bytes()
    if memory is None or not route.provider.on_host:
        return
    for size in sizes:
        maps = traits.maps_bytes * size.pixels
        if maps > memory and not route.in_parts(traits, size):
            raise RuntimeUnavailableError(
                f"at {size} the feature maps alone take {maps / 1e6:.0f} MB at once, and this "
                f"machine has {memory / 1e6:.0f}; {WHAT_HELPS}, or a loss of gram, mean and cov "
                "alone, for which large images are walked in parts"
            )


def open_engine(
    route: Route,
    source: GraphSource,
    draws: Draws,
    options: RunOptions,
    crew: Crew | None = None,
) -> AnalyticEngine | TrainingEngine:
    """Return the engine of `route` over `source`.

    Images that are evaluated in parts are shared out among the `crew`, if there is one.

    Raises
    ------
    RuntimeUnavailableError
        When it does not start.
    """
    from texonnx.runtime.analytic import AnalyticEngine
    from texonnx.runtime.training import TrainingEngine

    inputs = ObjectiveInputs(source, draws, Sampling(options.seed, options.disc_steps))
    if route.engine == TrainingEngine.name:
        return TrainingEngine(source, route, inputs)
    return AnalyticEngine(source, route, inputs, crew)
