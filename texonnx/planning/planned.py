"""The plan of a run: its scales, and the seconds and the memory that they would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from texonnx.optim.pyramid import Scale
from texonnx.planning.probes import Probe, extrapolate, pixels_of
from texonnx.sizes import Size


@dataclass(frozen=True)
class PlannedScale:
    """What one scale of a run would take.

    Attributes
    ----------
    size
        Height and width in pixels.
    steps
        How many; of L-BFGS, evaluations.
    start_seconds
        For graphs, sessions and targets.
    step_seconds
        Of one step.
    measured
        Whether this very scale was tried out; otherwise the figures are extrapolated.
    """

    size: Size
    steps: int
    start_seconds: float
    step_seconds: float
    measured: bool

    @property
    def seconds(self) -> float:
        """The whole scale."""
        return self.start_seconds + self.steps * self.step_seconds


@dataclass(frozen=True)
class Plan:
    """What a run would take, in a process of its own.

    Attributes
    ----------
    engine, provider
        What would run it.
    scales
        Coarsest first.
    start_seconds
        Before the first scale: the interpreter, the exemplar and the weights.
    megabytes
        Peak memory of the process in MB (10^6 bytes), without that of a graphics card; ``None``
        where the system does not tell.
    tried
        Height and width of each scale that was tried out, coarsest first.
    why
        Why that engine, and how the objective would be evaluated, in words.
    """

    engine: str
    provider: str
    scales: tuple[PlannedScale, ...]
    start_seconds: float
    megabytes: float | None
    tried: tuple[Size, ...]
    why: str = ""

    @property
    def seconds(self) -> float:
        """The whole run."""
        return self.start_seconds + sum(scale.seconds for scale in self.scales)


def foresee(
    engine: str,
    provider: str,
    why: str,
    start_seconds: float,
    probes: Sequence[Probe],
    scales: Sequence[Scale],
    schedule: Sequence[int],
) -> Plan:
    """Return the plan that follows from what was measured.

    Parameters
    ----------
    engine, provider, why, start_seconds
        As in :class:`Plan`.
    probes
        What was measured, coarsest first.
    scales, schedule
        Those of the run, and the steps of each.
    """
    tried = tuple(probe.size for probe in probes)
    planned = tuple(
        PlannedScale(
            size=scale.output,
            steps=steps,
            start_seconds=extrapolate(probes, pixels_of(scale), lambda probe: probe.start_seconds),
            step_seconds=extrapolate(probes, pixels_of(scale), lambda probe: probe.step_seconds),
            measured=scale.output in tried,
        )
        for scale, steps in zip(scales, schedule, strict=True)
    )
    megabytes = _megabytes(probes, pixels_of(scales[-1]))
    return Plan(engine, provider, planned, start_seconds, megabytes, tried, why)


def _megabytes(probes: Sequence[Probe], pixels: int) -> float | None:
    """Return the peak of a run whose finest scale has so many pixels."""
    so_far, at_steps = probes[-1].megabytes, [probe.step_megabytes for probe in probes]
    if so_far is None or None in at_steps:
        return None
    return max(so_far, extrapolate(probes, pixels, lambda probe: probe.step_megabytes or 0.0))
