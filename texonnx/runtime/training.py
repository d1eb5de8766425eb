"""The training engine: ONNX Runtime's Module, Optimizer and CheckpointState over our artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.errors import RuntimeUnavailableError
from texonnx.images import Image
from texonnx.objective.source import GraphSource
from texonnx.objective.training import (
    CHECKPOINT,
    DISCRIMINATOR,
    EVAL_MODEL,
    IMAGE,
    TRAINING_MODEL,
    import_training,
)
from texonnx.optimizers import Optimizer
from texonnx.providers import PROVIDERS, find_provider
from texonnx.runtime.discriminators import Parameters, TrainingDiscriminators, drawn_by
from texonnx.runtime.engine import SAMPLING, Evaluation, Losses, Sampling
from texonnx.runtime.goal import Goal
from texonnx.runtime.sessions import open_session, session_options
from texonnx.runtime.target_statistics import TargetStatistics
from texonnx.sizes import Size


class TrainingEngine:
    """Runs ``training_model.onnx``, whose one trainable parameter is the image."""

    name = "training"

    def __init__(
        self,
        source: GraphSource,
        provider: str,
        threads: int = 0,
        sampling: Sampling = SAMPLING,
    ) -> None:
        if not find_provider(provider).trains:
            able = " and ".join(name for name, one in PROVIDERS.items() if one.trains)
            raise RuntimeUnavailableError(f"the training engine runs on {able}, not on {provider}")
        self.provider = provider
        self._source = source
        self._threads = threads
        self._sampling = sampling
        self._api = import_training().api
        self._module: Any = None
        self._state: Any = None
        self._discriminators: TrainingDiscriminators | None = None
        self._parameters: Parameters | None = None

    def aim(self, goal: Goal, size: Size) -> None:
        """Take the targets from `goal`, for images of `size`."""
        # What was loaded for the scale before goes first, not when the new is there.
        self._module = self._state = self._discriminators = None
        self._inputs: list[ort.OrtValue] = []
        opened = partial(open_session, provider=self.provider, threads=self._threads)
        statistics = TargetStatistics(self._source, goal, size, opened, self._sampling.seed)
        arrays = statistics.draw()
        self._statistics = statistics if statistics.varies else None
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
        if self._source.adversarial:
            self._discriminators = TrainingDiscriminators(
                self._folder / DISCRIMINATOR,
                self.provider,
                session_options(self._threads),
                arrays,
                self._parameters or drawn_by(self._source, self._sampling.seed),
                self._sampling.seed,
            )
            arrays |= self._discriminators.parameters()
        self._take(arrays)

    def _take(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Put what the module takes beside the image where it computes."""
        names = self._module.input_names()
        before = dict(zip(names, self._inputs, strict=True)) if self._inputs else {}
        self._inputs = [
            ort.OrtValue.ortvalue_from_numpy(arrays[name], self.provider, 0)
            if name in arrays
            else before[name]
            for name in names
        ]

    def refresh(self, image: Image, steps: int) -> None:
        """Draw new directions, and train the discriminators on for `steps` steps of the image."""
        values = {} if self._statistics is None else self._statistics.draw()
        if self._discriminators is not None:
            self._discriminators.train(image, steps * self._sampling.discriminator_steps)
            self._parameters = self._discriminators.parameters()
            values |= self._parameters
        if values:
            self._take(values)

    def loss_and_gradient(self, image: Image) -> Evaluation:
        """Evaluate the objective and its gradient at `image`, [1, 3, H, W] in [0, 1]."""
        parameter = self._state.parameters[IMAGE]
        parameter.data = np.ascontiguousarray(image)
        losses = self._train_step()
        return Evaluation(losses, np.array(parameter.grad))

    def _train_step(self) -> Losses:
        """Run forward and backward from a zero gradient (ONNX Runtime accumulates otherwise)."""
        self._module.lazy_reset_grad()
        loss, parts = self._module(*self._inputs)
        return Losses(float(loss.numpy()), parts.numpy())

    def stepper(self, optimizer: Optimizer, image: Image) -> TrainingStepper | None:
        """Return Adam or SGD inside the runtime, starting at `image`."""
        if not optimizer.training_model:
            return None
        self._state.parameters[IMAGE].data = np.ascontiguousarray(image)
        update = self._api.Optimizer(self._folder / optimizer.training_model, self._module)
        return TrainingStepper(self._train_step, update, self._state)


class TrainingStepper:
    """One of ONNX Runtime's own optimisers over the image."""

    def __init__(self, evaluate: Callable[[], Losses], optimizer: Any, state: Any) -> None:
        self._evaluate = evaluate
        self._optimizer = optimizer
        self._state = state

    def step(self, learning_rate: float) -> Losses:
        """Move the image by one step; return the losses of the image as it was before."""
        losses = self._evaluate()
        self._optimizer.set_learning_rate(learning_rate)
        self._optimizer.step()
        return losses

    def image(self) -> Image:
        """Return a copy of the image as it is now, [1, 3, H, W]."""
        return np.array(self._state.parameters[IMAGE].data)
