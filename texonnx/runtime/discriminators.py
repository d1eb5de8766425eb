"""The discriminators of the gan loss, as both engines train them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.losses import Arrays
from texonnx.losses.ports import is_trained
from texonnx.objective.training import IMAGE
from texonnx.optimizers import ADAM
from texonnx.providers import Provider
from texonnx.runtime.binding import Stepping, on_device
from texonnx.runtime.modules import open_module, open_optimizer
from texonnx.sizes import Size

DISCRIMINATOR_RATE = 0.01
"""The learning rate of their Adam."""

Parameters = Callable[[Mapping[str, tuple[int, ...]]], Arrays]
"""Returns parameters to start from, given their shapes by name."""


class Discriminators(Protocol):
    """The discriminators of all layers, and their optimiser."""

    def train(self, image: Image, steps: int) -> None:
        """Take `steps` more steps against `image`."""

    def parameters(self) -> Arrays:
        """Return every weight and bias as it is now, by name."""


Begin = Callable[[Mapping[str, NDArray[np.float32]], Parameters], Discriminators]
"""Starts the training of discriminators on targets, from parameters."""


class AnalyticDiscriminators:
    """Trains by ``discriminator_step.onnx``.

    Parameters
    ----------
    session, provider
        Of that graph.
    size
        Height and width of the image.
    targets
        The exemplar's features among them.
    start
        Gives the parameters to start from.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        provider: Provider,
        size: Size,
        targets: Mapping[str, NDArray[np.float32]],
        start: Parameters,
    ) -> None:
        inputs = {value.name: tuple(value.shape) for value in session.get_inputs()}
        parameters = start({name: shape for name, shape in inputs.items() if is_trained(name)})
        self._names = list(parameters)
        moments = {
            f"{order}_moment.{name}": np.zeros_like(value)
            for name, value in parameters.items()
            for order in ("first", "second")
        }
        step = {"step": np.ones(1, np.float32)}
        fixed = {name: targets[name] for name in inputs if name in targets}
        fixed["learning_rate"] = np.array([DISCRIMINATOR_RATE], np.float32)
        fixed[IMAGE] = np.zeros((1, 3, *size), np.float32)
        self._stepping = Stepping(session, provider, parameters | moments | step, fixed)

    def train(self, image: Image, steps: int) -> None:
        """Take `steps` more steps against `image`."""
        self._stepping.put(IMAGE, image)
        for _ in range(steps):
            self._stepping.run()

    def parameters(self) -> Arrays:
        """Return every weight and bias as it is now, by name."""
        return {name: self._stepping.state(name) for name in self._names}


class TrainingDiscriminators:
    """Trains by ONNX Runtime's own gradient builder and AdamW.

    Parameters
    ----------
    folder
        The discriminators' training artifacts.
    provider, threads
        Where they are trained, and with how many threads an op.
    targets, start
        As in :class:`AnalyticDiscriminators`.
    """

    def __init__(
        self,
        folder: Path,
        provider: Provider,
        threads: int,
        targets: Mapping[str, NDArray[np.float32]],
        start: Parameters,
    ) -> None:
        self._module, self._state = open_module(folder, provider, threads)
        self._optimizer = open_optimizer(folder, ADAM, self._module)
        self._optimizer.set_learning_rate(DISCRIMINATOR_RATE)
        shapes = {name: tuple(value.data.shape) for name, value in self._state.parameters}
        for name, value in start(shapes).items():
            self._state.parameters[name].data = value
        self._names = list(shapes)
        self._provider = provider
        self._fixed = {
            name: on_device(targets[name], provider)
            for name in self._module.input_names()
            if name != IMAGE
        }

    def train(self, image: Image, steps: int) -> None:
        """Take `steps` more steps against `image`."""
        feeds = {**self._fixed, IMAGE: on_device(image, self._provider)}
        for _ in range(steps):
            self._module.lazy_reset_grad()
            self._module(*(feeds[name] for name in self._module.input_names()))
            self._optimizer.step()

    def parameters(self) -> Arrays:
        """Return every weight and bias as it is now, by name."""
        return {name: np.array(self._state.parameters[name].data) for name in self._names}
