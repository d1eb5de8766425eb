"""The plan of a run: its scales, and the seconds and the memory that they would take."""

from __future__ import annotations

from dataclasses import dataclass

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
