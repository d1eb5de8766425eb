"""Engines over a source of graphs on the CPU, as a run opens them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from texonnx.objective.banding import Banding
from texonnx.objective.source import GraphSource
from texonnx.options import RunOptions
from texonnx.providers import PROVIDERS
from texonnx.run.hosting import GraphHost
from texonnx.runtime.analytic import AnalyticEngine
from texonnx.runtime.goal import Goal
from texonnx.runtime.installed import the_runtime
from texonnx.runtime.objective_inputs import ObjectiveInputs, Sampling
from texonnx.runtime.route import Route, find_route
from texonnx.runtime.sessions import open_session
from texonnx.runtime.target_statistics import TargetStatistics
from texonnx.sizes import Size

Bands = Callable[[Size], Banding | None]


def route_of(source: GraphSource, *sizes: tuple[int, int], **options: Any) -> Route:
    """The way of a run on the CPU, or on another provider by its record."""
    provider = PROVIDERS[options.pop("provider", "cpu")]
    wanted = [Size(*size) for size in sizes]
    return find_route(source.traits, provider, RunOptions(**options), wanted, the_runtime())


def engine_over(
    source: GraphSource,
    make: Any = AnalyticEngine,
    threads: int = 0,
    sampling: Sampling | None = None,
    banding: Bands | None = None,
    memory: str = "high",
) -> Any:
    """An engine, not yet aimed; `banding` stands in for what the memory use says."""
    route = route_of(source, engine=make.name, threads=threads, memory=memory)
    if banding is not None:
        route = replace(route, banding=banding)
    return make(source, route, inputs_of(source, sampling))


def inputs_of(source: GraphSource, sampling: Sampling | None = None) -> ObjectiveInputs:
    return ObjectiveInputs(source, GraphHost(source), sampling or Sampling())


def no_bands(size: Size) -> None:
    return None


class Targets:
    """The targets of a goal, along other directions at every draw."""

    def __init__(
        self,
        source: GraphSource,
        goal: Goal,
        size: Size,
        seed: int = 0,
        banding: Bands = no_bands,
    ) -> None:
        opened = partial(open_session, provider="cpu", threads=1)
        self._statistics = TargetStatistics(source, goal, size, opened, banding)
        self._host = GraphHost(source)
        self._seed = seed
        self._draws = 0

    @property
    def varies(self) -> bool:
        return bool(self._statistics.directions)

    def draw(self) -> dict[str, Any]:
        directions = {}
        if self.varies:
            shapes = self._statistics.directions
            directions = self._host.directions(shapes, self._seed, self._draws)
        self._draws += 1
        return self._statistics.computed(directions)
