"""What a run reports while it goes on, and what it leaves, whichever way it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import TexonnxError
from texonnx.images import Image, MaterialMap
from texonnx.sizes import Size


@dataclass(frozen=True)
class Step:
    """One step of a run, as it is reported and kept in the history.

    Attributes
    ----------
    scale, scales
        The scale, from 1, and how many there are.
    size
        Height and width in pixels at this scale.
    step, steps
        The step within the scale, from 1, and how many there may be.
    steps_to_come
        How many there may be at each of the finer scales.
    loss
        The objective at this step; smaller is closer.
    layer_losses
        Its parts by name, weights included: most are layers' (``conv1_1``), beside them there are
        the content's (``content.conv4_2``) and ``tv``.
    seconds
        Since the run began.
    """

    scale: int
    scales: int
    size: Size
    step: int
    steps: int
    steps_to_come: tuple[int, ...]
    loss: float
    layer_losses: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class Beginning:
    """What is known of a run before its first step.

    Attributes
    ----------
    size
        Height and width in pixels of the result.
    engine, provider, why
        What runs it, and why that.
    notes
        Why what would have been preferred does not, a sentence each.
    """

    size: Size
    engine: str
    provider: str
    why: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SynthesisResult:
    """What a run made.

    Attributes
    ----------
    image
        float32, [1, 3, H, W], RGB, in [0, 1].
    history
        Every step, in order.
    engine, provider
        What ran it.
    random_weights
        Whether the network's weights were random, not trained.
    seconds
        How long it took, graphs and sessions included.
    why
        Why that engine, and how the objective was evaluated, in words.
    notes
        What was done to what was given, a sentence each: that a style was scaled down.
    alpha
        float32, [H, W]: that of a transfer's content, or of an exemplar with maps, if it has one.
    maps
        Those that belong to the image, where the exemplar had maps.
    recipe
        What it was made from, as JSON takes it, so that it can be made again.
    """

    image: Image
    engine: str
    provider: str
    random_weights: bool
    history: list[Step]
    seconds: float
    why: str = ""
    notes: tuple[str, ...] = ()
    alpha: NDArray[np.float32] | None = None
    maps: tuple[MaterialMap, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)


class SynthesisInterrupted(KeyboardInterrupt):
    """Ctrl-C came during a run; `result` holds the image so far."""

    def __init__(self, result: SynthesisResult) -> None:
        super().__init__("interrupted")
        self.result = result


class OutOfMemoryError(TexonnxError):
    """Memory ran out; `result` holds the image so far, if there is one."""

    def __init__(self, message: str, result: SynthesisResult | None) -> None:
        super().__init__(message)
        self.result = result


class WorkerLostError(TexonnxError):
    """A worker that shared the image does not go on; `result` holds the image so far."""

    def __init__(self, message: str, result: SynthesisResult) -> None:
        super().__init__(message)
        self.result = result


class NotFiniteError(TexonnxError):
    """Loss or image is no longer finite; `result` holds the last good image."""

    def __init__(self, message: str, result: SynthesisResult) -> None:
        super().__init__(message)
        self.result = result


OnStep = Callable[[Step, Image], None]
"""Is told every step and the image as it is then, [1, 3, H, W], before clipping."""
