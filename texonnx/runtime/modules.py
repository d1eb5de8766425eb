"""Training artifacts opened by ONNX Runtime's training API, which has no types of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from texonnx.objective.training import CHECKPOINT, EVAL_MODEL, TRAINING_MODEL, import_training
from texonnx.optimizers import Optimizer
from texonnx.providers import Provider
from texonnx.runtime.sessions import session_options


def open_module(folder: Path, provider: Provider, threads: int) -> tuple[Any, Any]:
    """Return the Module of a folder, ready to train on `provider`, and its CheckpointState."""
    api = import_training().api
    state = api.CheckpointState.load_checkpoint(folder / CHECKPOINT)
    module = api.Module(
        folder / TRAINING_MODEL,
        state,
        folder / EVAL_MODEL,
        device=provider.name,
        session_options=session_options(threads),
    )
    module.train()
    return module, state


def open_optimizer(folder: Path, optimizer: Optimizer, module: Any) -> Any:
    """Return ONNX Runtime's own `optimizer` over the parameters of `module`."""
    return import_training().api.Optimizer(folder / optimizer.training_model, module)
