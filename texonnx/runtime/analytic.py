"""The analytic engine: graphs with their gradient written in standard ops, on any provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort

from texonnx.artifacts.objective import Size
from texonnx.artifacts.source import GraphSource
from texonnx.images import Image
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.providers import open_session
from texonnx.runtime.target_statistics import target_statistics


class AnalyticEngine:
    """Runs ``objective.onnx`` and ``adam_step.onnx``."""

    name = "analytic"

    def __init__(self, source: GraphSource, provider: str, threads: int = 0) -> None:
        self.provider = provider
        self._source = source
        self._threads = threads
        self._targets: Mapping[str, Any] = {}
        self._size: Size = (0, 0)
        self._objective: ort.InferenceSession | None = None

    def aim(self, exemplar: Image, size: Size) -> None:
        """Take the targets from `exemplar`, for images of `size`."""
        statistics = target_statistics(self._source, exemplar, size, self.provider, self._threads)
        self._targets = {name: _ort_value(value) for name, value in statistics.items()}
        self._size = size
        self._objective = None

    def loss_and_gradient(self, image: Image) -> Evaluation:
        """Evaluate the objective and its gradient at `image`, [1, 3, H, W] in [0, 1]."""
        if self._objective is None:
            model = self._source.objective(self._size)
            self._objective = open_session(model, self.provider, self._threads)
        loss, layers, gradient = self._objective.run_with_ort_values(
            ["loss", "layer_losses", "gradient"], {"image": _ort_value(image), **self._targets}
        )
        return Evaluation(_losses(loss, layers), gradient.numpy())

    def stepper(self, optimizer: str, image: Image) -> AdamStepper | None:
        """Return Adam inside the runtime, starting at `image`; ``None`` for other optimisers."""
        if optimizer != "adam":
            return None
        model = self._source.adam_step(self._size)
        return AdamStepper(open_session(model, self.provider, self._threads), self._targets, image)


class AdamStepper:
    """Loops ``adam_step.onnx``: what comes out of one step goes into the next."""

    _STATE = ("image", "first_moment", "second_moment", "step")

    def __init__(
        self, session: ort.InferenceSession, targets: Mapping[str, Any], image: Image
    ) -> None:
        self._session = session
        self._targets = targets
        zeros = np.zeros_like(image)
        start = (image, zeros, zeros, np.ones(1, np.float32))
        self._state = {
            name: _ort_value(value) for name, value in zip(self._STATE, start, strict=True)
        }

    def step(self, learning_rate: float) -> Losses:
        """Move the image by one step; return the losses of the image as it was before."""
        rate = _ort_value(np.array([learning_rate], np.float32))
        outputs = [f"next_{name}" for name in self._STATE] + ["loss", "layer_losses"]
        *state, loss, layers = self._session.run_with_ort_values(
            outputs, {**self._state, **self._targets, "learning_rate": rate}
        )
        self._state = dict(zip(self._STATE, state, strict=True))
        return _losses(loss, layers)

    def image(self) -> Image:
        """Return a copy of the image as it is now, [1, 3, H, W]."""
        return np.array(self._state["image"].numpy())


def _ort_value(array: Any) -> Any:
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def _losses(loss: Any, layers: Any) -> Losses:
    return Losses(float(loss.numpy()), layers.numpy())
