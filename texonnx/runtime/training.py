"""The training engine: ONNX Runtime's Module, Optimizer and CheckpointState over our artifacts."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort

from texonnx.artifacts.objective import Size
from texonnx.artifacts.source import GraphSource
from texonnx.artifacts.training import (
    CHECKPOINT,
    EVAL_MODEL,
    IMAGE,
    OPTIMIZER_MODELS,
    TRAINING_MODEL,
    import_training,
)
from texonnx.errors import RuntimeUnavailableError
from texonnx.images import Image
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.providers import open_session, session_options
from texonnx.runtime.target_statistics import target_statistics

TRAINING_PROVIDERS = ("cpu", "cuda")


class TrainingEngine:
    """Runs ``training_model.onnx``, whose one trainable parameter is the image."""

    name = "training"

    def __init__(self, source: GraphSource, provider: str, threads: int = 0) -> None:
        if provider not in TRAINING_PROVIDERS:
            raise RuntimeUnavailableError(
                f"the training engine runs on {' and '.join(TRAINING_PROVIDERS)}, not on {provider}"
            )
        self.provider = provider
        self._source = source
        self._threads = threads
        self._api = import_training().api
        self._module: Any = None
        self._state: Any = None

    def aim(self, exemplar: Image, size: Size) -> None:
        """Take the targets from `exemplar`, for images of `size`."""
        # What was loaded for the scale before goes first, not when the new is there.
        self._module = self._state = None
        session = open_session(self._source.targets(), self.provider, self._threads)
        statistics = target_statistics(session, exemplar, size)
        self._folder = self._source.training(size)
        self._state = self._api.CheckpointState.load_checkpoint(self._folder / CHECKPOINT)
        self._module = self._api.Module(
            self._folder / TRAINING_MODEL,
            self._state,
            self._folder / EVAL_MODEL,
            device=self.provider,
            session_options=session_options(self._threads),
        )
        self._module.train()
        self._targets = [
            ort.OrtValue.ortvalue_from_numpy(statistics[name], self.provider, 0)
            for name in self._module.input_names()
        ]

    def loss_and_gradient(self, image: Image) -> Evaluation:
        """Evaluate the objective and its gradient at `image`, [1, 3, H, W] in [0, 1]."""
        parameter = self._state.parameters[IMAGE]
        parameter.data = np.ascontiguousarray(image)
        losses = _train_step(self._module, self._targets)
        return Evaluation(losses, np.array(parameter.grad))

    def stepper(self, optimizer: str, image: Image) -> TrainingStepper | None:
        """Return Adam or SGD inside the runtime, starting at `image`."""
        if optimizer not in OPTIMIZER_MODELS:
            return None
        self._state.parameters[IMAGE].data = np.ascontiguousarray(image)
        model = self._folder / OPTIMIZER_MODELS[optimizer]
        update = self._api.Optimizer(model, self._module)
        return TrainingStepper(self._module, update, self._state, self._targets)


class TrainingStepper:
    """One of ONNX Runtime's own optimisers over the image."""

    def __init__(self, module: Any, optimizer: Any, state: Any, targets: list[Any]) -> None:
        self._module = module
        self._optimizer = optimizer
        self._state = state
        self._targets = targets

    def step(self, learning_rate: float) -> Losses:
        """Move the image by one step; return the losses of the image as it was before."""
        losses = _train_step(self._module, self._targets)
        self._optimizer.set_learning_rate(learning_rate)
        self._optimizer.step()
        return losses

    def image(self) -> Image:
        """Return a copy of the image as it is now, [1, 3, H, W]."""
        return np.array(self._state.parameters[IMAGE].data)


def _train_step(module: Any, targets: list[Any]) -> Losses:
    """Run forward and backward from a zero gradient (ONNX Runtime accumulates otherwise)."""
    module.lazy_reset_grad()
    loss, layers = module(*targets)
    return Losses(float(loss.numpy()), layers.numpy())
