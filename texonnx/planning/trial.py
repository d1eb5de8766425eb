"""From the options of a run to its plan: a trial of its small scales, in another process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from texonnx.images import Image
from texonnx.optim.pyramid import Scale
from texonnx.optim.schedule import steps_by_scale
from texonnx.options import ObjectiveOptions, RunOptions
from texonnx.planning.planned import Plan, foresee
from texonnx.planning.probes import Probe, pixels_of, scales_to_try
from texonnx.run.preparation import Prepared, prepare
from texonnx.runtime.choose import choose_route
from texonnx.system.processes import answers_of
from texonnx.weights.sources import Progress

_WORKER = "texonnx.planning.worker"


def plan_run(
    exemplar: str | Path | Image,
    objective: ObjectiveOptions,
    options: RunOptions,
    artifacts: str | Path | None = None,
    on_download: Progress | None = None,
) -> Plan:
    """Say what a synthesis would take on this machine: see :func:`texonnx.plan`."""
    prepared = prepare([exemplar], objective, options, artifacts, on_download)
    sizes = [scale.output for scale in prepared.scales]
    choose_route(prepared.source.traits, prepared.options, sizes)
    schedule = steps_by_scale(options.steps, prepared.optimizer, len(sizes))
    tried = scales_to_try(prepared.scales, prepared.source.traits)
    job = {
        "exemplar": _by_path_or_size(exemplar),
        "objective": asdict(objective),
        "run": asdict(options),
        "artifacts": None if artifacts is None else str(artifacts),
        "try": [
            ((scale.exemplar, scale.output), count)
            for scale, count in zip(tried, _steps_of(tried, prepared, schedule), strict=True)
        ],
        "sizes": sizes,
    }
    begun = time.perf_counter()
    answers = answers_of(_WORKER, job)
    ready = next(answers)
    start_seconds = time.perf_counter() - begun
    probes = [
        Probe(size=scale.output, pixels=pixels_of(scale), **answer)
        for scale, answer in zip(tried, answers, strict=True)
    ]
    return foresee(
        ready["engine"],
        ready["provider"],
        ready["why"],
        start_seconds,
        probes,
        prepared.scales,
        schedule,
    )


def _by_path_or_size(exemplar: str | Path | Image) -> Any:
    if isinstance(exemplar, str | Path):
        return str(exemplar)
    return exemplar.shape[2:]


def _steps_of(tried: Sequence[Scale], prepared: Prepared, schedule: Sequence[int]) -> list[int]:
    """Return the steps of each scale tried; one that the run has not gets the coarsest's."""
    steps = {scale.output: count for scale, count in zip(prepared.scales, schedule, strict=True)}
    return [steps.get(scale.output, schedule[0]) for scale in tried]
