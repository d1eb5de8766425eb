"""From the options of a run to an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from texonnx.objective.source import GraphSource, Traits
from texonnx.options import RunOptions
from texonnx.providers import PROVIDERS
from texonnx.runtime.installed import the_runtime
from texonnx.runtime.objective_inputs import Draws, ObjectiveInputs, Sampling
from texonnx.runtime.route import Route, find_route
from texonnx.sizes import Size

if TYPE_CHECKING:
    from texonnx.runtime.analytic import AnalyticEngine
    from texonnx.runtime.training import TrainingEngine


def choose_route(traits: Traits, options: RunOptions, sizes: Sequence[Size]) -> Route:
    """Return the way that a run at `sizes` takes on this machine: see :func:`find_route`."""
    runtime = the_runtime()

    from texonnx.runtime.sessions import choose_provider

    name, passed_over = choose_provider(options.provider)
    route = find_route(traits, PROVIDERS[name], options, sizes, runtime)
    return replace(route, notes=passed_over)


def open_engine(
    route: Route, source: GraphSource, draws: Draws, options: RunOptions
) -> AnalyticEngine | TrainingEngine:
    """Return the engine of `route` over `source`.

    Raises
    ------
    RuntimeUnavailableError
        When it does not start.
    """
    from texonnx.runtime.analytic import AnalyticEngine
    from texonnx.runtime.training import TrainingEngine

    inputs = ObjectiveInputs(source, draws, Sampling(options.seed, options.disc_steps))
    engine = TrainingEngine if route.engine == TrainingEngine.name else AnalyticEngine
    return engine(source, route, inputs)
