"""Who follows a run: what is told of it as it goes on, and where it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from texonnx.run.checkpoint import Keep
from texonnx.run.result import Beginning, OnStep
from texonnx.weights.sources import Progress

OnBegin: TypeAlias = Callable[[Beginning], None]
"""Is told what the run will be before the first step; what it raises ends the run."""


@dataclass(frozen=True)
class Watch:
    """What a run tells to whom.

    Attributes
    ----------
    on_step, on_begin, on_download
        As in :func:`texonnx.synthesize`.
    recipe
        What the run is made from: see :mod:`texonnx.run.provenance`.
    keep
        How the run is kept, so that it can go on.
    """

    on_step: OnStep | None = None
    on_begin: OnBegin | None = None
    on_download: Progress | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    keep: Keep | None = None


UNWATCHED = Watch()
