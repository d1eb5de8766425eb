"""The training engine: ONNX Runtime's Module, Optimizer and CheckpointState over our artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.objective.source import GraphSource
from texonnx.objective.training import DISCRIMINATOR, IMAGE
from texonnx.optimizers import Optimizer
from texonnx.runtime.binding import on_device
from texonnx.runtime.discriminators import Parameters, TrainingDiscriminators
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.goal import Goal
from texonnx.runtime.modules import open_module, open_optimizer
from texonnx.runtime.objective_inputs import ObjectiveInputs
from texonnx.runtime.route import Route
from texonnx.runtime.sessions import open_session
from texonnx.sizes import Size


class TrainingEngine:
    """Runs ``training_model.onnx``, whose one trainable parameter is the image."""

    name = "training"

    def __init__(self, source: GraphSource, route: Route, inputs: ObjectiveInputs) -> None:
        self.provider = route.provider.name
        self._source = source
        self._route = route
        self.inputs = inputs
        self._module: Any = None
        self._state: Any = None

    def release(self) -> None:
        """Let go of the memory of the scale that was aimed at last."""
        self._module = self._state = None
        self._values: dict[str, ort.OrtValue] = {}

    def aim(self, goal: Goal, size: Size) -> None:
        """Take the targets from `goal`, for images of `size`."""
        self.release()  # before what is new is there
        self._folder = self._source.training(size)
        opened = partial(open_session, provider=self.provider, threads=self._route.threads)
        arrays = self.inputs.aim(goal, size, opened, self._route.banding, self._begin)
        self._module, self._state = open_module(
            self._folder, self._route.provider, self._route.threads
        )
        self._values = {
            name: on_device(arrays[name], self._route.provider)
            for name in self._module.input_names()
        }

    def _begin(
        self, targets: Mapping[str, NDArray[np.float32]], start: Parameters
    ) -> TrainingDiscriminators:
        folder, provider = self._folder / DISCRIMINATOR, self._route.provider
        return TrainingDiscriminators(folder, provider, self._route.threads, targets, start)

    def refresh(self, image: Image, steps: int) -> None:
        """Draw new directions, and train the discriminators on for `steps` steps of the image."""
        for name, value in self.inputs.refresh(image, steps).items():
            if name in self._values:
                self._values[name].update_inplace(value)

    def loss_and_gradient(self, image: Image) -> Evaluation:
        """Evaluate the objective and its gradient at `image`, [1, 3, H, W] in [0, 1]."""
        parameter = self._state.parameters[IMAGE]
        parameter.data = np.ascontiguousarray(image)
        losses = self._train_step()
        return Evaluation(losses, np.array(parameter.grad))

    def _train_step(self) -> Losses:
        """Run forward and backward from a zero gradient (ONNX Runtime accumulates otherwise)."""
        self._module.lazy_reset_grad()
        loss, parts = self._module(*self._values.values())
        return Losses(float(loss.numpy()), parts.numpy())

    def sample(self, image: Image) -> None:
        """Do nothing: images are evaluated whole."""

    def stepper(self, optimizer: Optimizer, image: Image) -> TrainingStepper | None:
        """Return Adam or SGD inside the runtime, starting at `image`."""
        if not optimizer.training_model:
            return None
        self._state.parameters[IMAGE].data = np.ascontiguousarray(image)
        update = open_optimizer(self._folder, optimizer, self._module)
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

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Return nothing: the runtime does not tell its moments."""
        return {}

    def restore(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Do nothing: there is nothing to go on from."""
        assert not state
