"""From the options of a run to its plan: a trial of its small scales, in another process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from texonnx.images import Image
from texonnx.objective.banding import MemoryUse
from texonnx.optim.pyramid import Scale
from texonnx.optim.schedule import steps_by_scale
from texonnx.options import OBJECTIVE, RUN, ObjectiveOptions, RunOptions, channels, whole_numbers
from texonnx.planning.planned import Plan, foresee
from texonnx.planning.probes import Probe, pixels_of, scales_to_try
from texonnx.run.preparation import Prepared, prepare
from texonnx.runtime.choose import choose_engine
from texonnx.sizes import Size
from texonnx.system.processes import answers_of
from texonnx.weights.sources import Progress

_WORKER = "texonnx.planning.worker"


def plan(
    exemplar: str | Path | Image,
    *,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    activation_scale: bool = OBJECTIVE.activation_scale,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    disc_steps: int = RUN.disc_steps,
    artifacts: str | Path | None = None,
    exemplar_size: int = RUN.exemplar_size,
    size: tuple[int, int] | None = RUN.size,
    scales: int | None = RUN.scales,
    steps: int | Sequence[int] | None = RUN.steps,
    until: float | None = RUN.until,
    optimizer: str = RUN.optimizer,
    lr: float | None = RUN.lr,
    engine: str = RUN.engine,
    provider: str = RUN.provider,
    precision: str = RUN.precision,
    memory: str = RUN.memory,
    threads: int = RUN.threads,
    on_download: Progress | None = None,
) -> Plan:
    """Say what :func:`texonnx.synthesize` would take on this machine with these options.

    The small scales are tried out, a few steps at each, in a process of their own; the figures of
    the larger ones lie on a straight line, over the pixels, through those of the last two tried.
    A run that ends a scale early, as it may with `until`, takes less.

    Parameters
    ----------
    exemplar, loss, layers, layer_weights, gram_norm, pool, padding, arch, weights
        As in :func:`texonnx.synthesize`.
    activation_scale, disc_widths, disc_steps, artifacts, exemplar_size, size, scales, steps
        As in :func:`texonnx.synthesize`.
    until, optimizer, lr
        As in :func:`texonnx.synthesize`.
    engine, provider, precision, memory, threads, on_download
        As in :func:`texonnx.synthesize`.

    Raises
    ------
    TexonnxError
        For an option, image, weights, folder, engine or provider that will not do.
    """
    objective = ObjectiveOptions(
        loss=loss,
        layers=layers,
        layer_weights=layer_weights,
        gram_norm=gram_norm,
        pool=pool,
        padding=padding,
        arch=arch,
        weights=weights,
        activation_scale=activation_scale,
        disc_widths=channels(disc_widths),
    )
    options = RunOptions(
        exemplar_size=exemplar_size,
        size=None if size is None else Size(*size),
        scales=scales,
        steps=whole_numbers(steps),
        until=until,
        optimizer=optimizer,
        lr=lr,
        engine=engine,
        provider=provider,
        precision=precision,
        memory=memory,
        threads=threads,
        disc_steps=disc_steps,
    )
    prepared = prepare([exemplar], objective, options, artifacts, on_download)
    sizes = [scale.output for scale in prepared.scales]
    choose_engine(
        engine,
        prepared.source,
        provider,
        threads,
        sizes,
        precision,
        memory=MemoryUse(memory),
    )
    schedule = steps_by_scale(options.steps, prepared.optimizer, len(sizes))
    tried = scales_to_try(prepared.scales, prepared.source)
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
        "pixels": max(size.pixels for size in sizes),
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
        ready["engine"], ready["provider"], start_seconds, probes, prepared.scales, schedule
    )


def _by_path_or_size(exemplar: str | Path | Image) -> Any:
    if isinstance(exemplar, str | Path):
        return str(exemplar)
    return exemplar.shape[2:]


def _steps_of(tried: Sequence[Scale], prepared: Prepared, schedule: Sequence[int]) -> list[int]:
    """Return the steps of each scale tried; one that the run has not gets the coarsest's."""
    steps = {scale.output: count for scale, count in zip(prepared.scales, schedule, strict=True)}
    return [steps.get(scale.output, schedule[0]) for scale in tried]
