"""Texture synthesis compiled into portable ONNX graphs, loss and gradient included.

The names below are imported when they are first used, so that ``texonnx --help`` stays quick.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# Before ONNX Runtime is loaded, here or in a process that this one starts: since 1.29 its builds
# for Linux report home unless told not to (onnxruntime#27379). What the user has set stays.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from texonnx.benchmark.cases import Measurement
    from texonnx.description import Description, describe
    from texonnx.errors import TexonnxError
    from texonnx.functions import (
        bench,
        export,
        plan,
        reconstruct,
        reconstruct_layers,
        synthesize,
        transfer,
    )
    from texonnx.images import MaterialMap, load_image, save_image
    from texonnx.planning import Plan, PlannedScale
    from texonnx.run.result import NotFiniteError, Step, SynthesisInterrupted, SynthesisResult
    from texonnx.scoring import Score, score
    from texonnx.studies.batch import Batch, batch
    from texonnx.verbs.reconstruction import LayerReconstruction
    from texonnx.verification import Check, Verification, verify
    from texonnx.version import __version__

__all__ = [
    "Batch",
    "Beginning",
    "Check",
    "Description",
    "Keep",
    "LayerReconstruction",
    "MaterialMap",
    "Measurement",
    "NotFiniteError",
    "OutOfMemoryError",
    "Plan",
    "PlannedScale",
    "Score",
    "Step",
    "SynthesisInterrupted",
    "SynthesisResult",
    "TexonnxError",
    "Verification",
    "WorkerLostError",
    "__version__",
    "batch",
    "bench",
    "describe",
    "export",
    "load_image",
    "plan",
    "reconstruct",
    "reconstruct_layers",
    "retile",
    "save_image",
    "score",
    "synthesize",
    "transfer",
    "verify",
]

_HOMES = {
    "Batch": "studies.batch",
    "Beginning": "run.result",
    "Check": "verification",
    "Description": "description",
    "Keep": "run.checkpoint",
    "LayerReconstruction": "verbs.reconstruction",
    "MaterialMap": "images",
    "Measurement": "benchmark.cases",
    "NotFiniteError": "run.result",
    "OutOfMemoryError": "run.result",
    "Plan": "planning",
    "PlannedScale": "planning",
    "Score": "scoring",
    "Step": "run.result",
    "SynthesisInterrupted": "run.result",
    "SynthesisResult": "run.result",
    "TexonnxError": "errors",
    "Verification": "verification",
    "WorkerLostError": "run.result",
    "__version__": "version",
    "batch": "studies.batch",
    "bench": "functions",
    "describe": "description",
    "export": "functions",
    "load_image": "images",
    "plan": "functions",
    "reconstruct": "functions",
    "reconstruct_layers": "functions",
    "retile": "functions",
    "save_image": "images",
    "score": "scoring",
    "synthesize": "functions",
    "transfer": "functions",
    "verify": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
