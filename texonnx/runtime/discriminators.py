"""The discriminators of the gan loss, as both engines train them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.losses.gan import hidden_deviation
from texonnx.noise import PRIME, standard_normal
from texonnx.objective.discriminator import is_parameter
from texonnx.objective.source import GraphSource
from texonnx.objective.training import (
    CHECKPOINT,
    EVAL_MODEL,
    IMAGE,
    TRAINING_MODEL,
    import_training,
)
from texonnx.optimizers import ADAM
from texonnx.runtime.binding import Stepping
from texonnx.runtime.host_graphs import HostGraph
from texonnx.sizes import Size

LEARNING_RATE = 0.01

Parameters = dict[str, NDArray[np.float32]]


class Discriminators(Protocol):
    """The discriminators of all layers, and their optimiser."""

    def train(self, image: Image, steps: int) -> None:
        """Take `steps` more steps against `image`."""

    def parameters(self) -> Parameters:
        """Return every weight and bias as it is now, by name."""


def initial_parameters(shapes: Mapping[str, tuple[int, ...]], seed: int) -> Parameters:
    """Return parameters to start from, hidden weights drawn at random and the rest 0.

    The order of their names counts, not that in which a graph lists them.
    """
    parameters = {}
    for place, (name, shape) in enumerate(sorted(shapes.items())):
        deviation = hidden_deviation(name, shapes)
        if deviation is None:
            parameters[name] = np.zeros(shape, np.float32)
        else:
            parameters[name] = np.float32(deviation) * standard_normal(shape, seed, place)
    return parameters


def drawn_by(source: GraphSource, seed: int) -> Parameters | None:
    """Return parameters to start from as the source's own graph draws them, if it has one."""
    graph = source.host_graph("discriminators")
    return None if graph is None else HostGraph(graph)(seed=[seed % PRIME])


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
        The parameters, if there are some already.
    seed
        Of those that are drawn otherwise.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        provider: str,
        size: Size,
        targets: Mapping[str, NDArray[np.float32]],
        start: Parameters | None,
        seed: int,
    ) -> None:
        inputs = {value.name: tuple(value.shape) for value in session.get_inputs()}
        shapes = {name: shape for name, shape in inputs.items() if is_parameter(name)}
        parameters = start or initial_parameters(shapes, seed)
        self._names = list(parameters)
        moments = {
            f"{order}_moment.{name}": np.zeros_like(value)
            for name, value in parameters.items()
            for order in ("first", "second")
        }
        step = {"step": np.ones(1, np.float32)}
        fixed = {name: targets[name] for name in inputs if name in targets}
        fixed["learning_rate"] = np.array([LEARNING_RATE], np.float32)
        fixed[IMAGE] = np.zeros((1, 3, *size), np.float32)
        self._stepping = Stepping(session, provider, parameters | moments | step, fixed)

    def train(self, image: Image, steps: int) -> None:
        """Take `steps` more steps against `image`."""
        self._stepping.put(IMAGE, image)
        for _ in range(steps):
            self._stepping.run()

    def parameters(self) -> Parameters:
        """Return every weight and bias as it is now, by name."""
        return {name: self._stepping.state(name) for name in self._names}


class TrainingDiscriminators:
    """Trains by ONNX Runtime's own gradient builder and AdamW.

    Parameters
    ----------
    folder
        The discriminators' training artifacts.
    device
        ``cpu`` or ``cuda``.
    options
        ONNX Runtime's session options.
    targets, start, seed
        As in :class:`AnalyticDiscriminators`.
    """

    def __init__(
        self,
        folder: Path,
        device: str,
        options: ort.SessionOptions,
        targets: Mapping[str, NDArray[np.float32]],
        start: Parameters | None,
        seed: int,
    ) -> None:
        api = import_training().api
        self._state: Any = api.CheckpointState.load_checkpoint(folder / CHECKPOINT)
        self._module: Any = api.Module(
            folder / TRAINING_MODEL,
            self._state,
            folder / EVAL_MODEL,
            device=device,
            session_options=options,
        )
        self._module.train()
        self._optimizer: Any = api.Optimizer(folder / ADAM.training_model, self._module)
        self._optimizer.set_learning_rate(LEARNING_RATE)
        shapes = {name: tuple(value.data.shape) for name, value in self._state.parameters}
        for name, value in (start or initial_parameters(shapes, seed)).items():
            self._state.parameters[name].data = value
        self._names = list(shapes)
        self._device = device
        self._fixed = {
            name: ort.OrtValue.ortvalue_from_numpy(targets[name], device, 0)
            for name in self._module.input_names()
            if name != IMAGE
        }

    def train(self, image: Image, steps: int) -> None:
        """Take `steps` more steps against `image`."""
        shown = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(image), self._device, 0)
        feeds = {**self._fixed, IMAGE: shown}
        for _ in range(steps):
            self._module.lazy_reset_grad()
            self._module(*(feeds[name] for name in self._module.input_names()))
            self._optimizer.step()

    def parameters(self) -> Parameters:
        """Return every weight and bias as it is now, by name."""
        return {name: np.array(self._state.parameters[name].data) for name in self._names}
