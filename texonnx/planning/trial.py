"""From the options of a run to its plan: a trial of its small scales, in another process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from texonnx.optim.pyramid import Scale
from texonnx.options import ObjectiveOptions, RunOptions
from texonnx.planning.planned import Plan, PlannedScale
from texonnx.planning.probes import Probe, extrapolate, pixels_of, scales_to_try
from texonnx.run.course import Course
from texonnx.run.given import Exemplar
from texonnx.run.preparation import prepare, scaling_notes
from texonnx.runtime.choose import choose_route
from texonnx.system.processes import answers_of
from texonnx.weights.sources import Progress

_WORKER = "texonnx.planning.worker"


def plan_run(
    exemplar: Exemplar,
    objective: ObjectiveOptions,
    options: RunOptions,
    artifacts: str | Path | None = None,
    on_download: Progress | None = None,
) -> Plan:
    """Say what a synthesis would take on this machine: see :func:`texonnx.plan`."""
    prepared = prepare([exemplar], objective, options, artifacts, on_download)
    scaling_notes(prepared)  # refuses what a run would
    sizes = [scale.output for scale in prepared.scales]
    schedule = Course(prepared).schedule()
    route = choose_route(prepared.source.traits, prepared.options, sizes, schedule)
    steps = dict(zip(sizes, schedule, strict=True))
    traits = prepared.source.traits
    tried = scales_to_try(prepared.scales, traits, partial(route.in_parts, traits))
    job = {
        "exemplar": str(exemplar) if isinstance(exemplar, str | Path) else exemplar.shape[2:],
        "objective": asdict(objective),
        "run": asdict(options),
        "artifacts": None if artifacts is None else str(artifacts),
        # A scale that the run has not gets the coarsest's steps.
        "try": [
            ((scale.exemplar, scale.output), steps.get(scale.output, schedule[0]))
            for scale in tried
        ],
        # Of the run, not of what is tried, which is shorter and must not choose by its own length.
        "sizes": sizes,
        "schedule": schedule,
    }
    begun = time.perf_counter()
    answers = answers_of(_WORKER, job)
    ready = next(answers)
    start_seconds = time.perf_counter() - begun
    probes = [
        Probe(size=scale.output, pixels=pixels_of(scale), **answer)
        for scale, answer in zip(tried, answers, strict=True)
    ]
    return Plan(
        **ready,
        scales=_planned(prepared.scales, schedule, probes),
        start_seconds=start_seconds,
        megabytes=_megabytes(probes, pixels_of(prepared.scales[-1])),
        tried=tuple(probe.size for probe in probes),
    )


def _planned(
    scales: Sequence[Scale], schedule: Sequence[int], probes: Sequence[Probe]
) -> tuple[PlannedScale, ...]:
    """Return what each scale of the run would take, going by what was measured."""
    return tuple(
        PlannedScale(
            size=scale.output,
            steps=steps,
            start_seconds=extrapolate(probes, pixels_of(scale), lambda probe: probe.start_seconds),
            step_seconds=extrapolate(probes, pixels_of(scale), lambda probe: probe.step_seconds),
            measured=any(scale.output == probe.size for probe in probes),
        )
        for scale, steps in zip(scales, schedule, strict=True)
    )


def _megabytes(probes: Sequence[Probe], pixels: int) -> float | None:
    """Return the peak of a run whose finest scale has so many pixels."""
    so_far, at_steps = probes[-1].megabytes, [probe.step_megabytes for probe in probes]
    if so_far is None or None in at_steps:
        return None
    return max(so_far, extrapolate(probes, pixels, lambda probe: probe.step_megabytes or 0.0))
