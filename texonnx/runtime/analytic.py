"""The analytic engine: graphs with their gradient written in standard ops, on any provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import onnxruntime as ort

from texonnx.artifacts.objective import Size
from texonnx.artifacts.source import GraphSource
from texonnx.images import Image
from texonnx.runtime.binding import BoundSession, on_device
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.providers import check_precision_is_real, open_session
from texonnx.runtime.split import HOST_PROVIDERS, SplitObjective
from texonnx.runtime.target_statistics import target_statistics


class AnalyticEngine:
    """Runs ``objective.onnx`` and ``adam_step.onnx``, or the two halves of a split objective."""

    name = "analytic"

    def __init__(
        self, source: GraphSource, provider: str, threads: int = 0, precision: str = "fp32"
    ) -> None:
        check_precision_is_real(provider, precision)
        self.provider = provider
        self._source = source
        self._open = partial(open_session, provider=provider, threads=threads, precision=precision)

    def aim(self, exemplar: Image, size: Size) -> None:
        """Take the targets from `exemplar`, for images of `size`."""
        targets = target_statistics(self._open(self._source.targets()), exemplar, size)
        self._size = size
        self._targets: dict[str, ort.OrtValue] | None = None
        self._evaluate: Callable[[Image], Evaluation] | None = None
        split = self._source.split(size) if self.provider in HOST_PROVIDERS else None
        if split is not None:
            self._evaluate = SplitObjective(split, targets, self._open)
        else:
            self._targets = {
                name: on_device(value, self.provider) for name, value in targets.items()
            }

    def loss_and_gradient(self, image: Image) -> Evaluation:
        """Evaluate the objective and its gradient at `image`, [1, 3, H, W] in [0, 1]."""
        if self._evaluate is None:
            assert self._targets is not None
            session = self._open(self._source.objective(self._size))
            self._evaluate = WholeObjective(session, self.provider, self._targets, self._size)
        return self._evaluate(image)

    def stepper(self, optimizer: str, image: Image) -> AdamStepper | None:
        """Return Adam inside the runtime, starting at `image`.

        ``None`` for other optimisers, and where the objective is split.
        """
        if optimizer != "adam" or self._targets is None:
            return None
        session = self._open(self._source.adam_step(self._size))
        return AdamStepper(session, self.provider, self._targets, image)


class WholeObjective:
    """Loss and gradient by ``objective.onnx``; the targets stay on the device."""

    def __init__(
        self,
        session: ort.InferenceSession,
        provider: str,
        targets: Mapping[str, ort.OrtValue],
        size: Size,
    ) -> None:
        shape = (1, 3, *size)
        self._image = on_device(np.zeros(shape, np.float32), provider)
        self._losses = _LossArrays(session)
        self._gradient = np.zeros(shape, np.float32)
        outputs = {"gradient": on_device(self._gradient, "cpu"), **self._losses.values}
        self._bound = BoundSession(session, {"image": self._image, **targets}, outputs)

    def __call__(self, image: Image) -> Evaluation:
        """Evaluate at `image`, [1, 3, H, W] in [0, 1]."""
        self._image.update_inplace(np.ascontiguousarray(image))
        self._bound.run()
        return Evaluation(self._losses.read(), self._gradient.copy())


class AdamStepper:
    """Loops ``adam_step.onnx`` on the device, between two places for image and moments."""

    _STATE = ("image", "first_moment", "second_moment", "step")

    def __init__(
        self,
        session: ort.InferenceSession,
        provider: str,
        targets: Mapping[str, ort.OrtValue],
        image: Image,
    ) -> None:
        self._rate = on_device(np.zeros(1, np.float32), provider)
        self._losses = _LossArrays(session)
        zeros = np.zeros_like(image)
        start = (image.copy(), zeros, zeros, np.ones(1, np.float32))
        here, there = (
            {
                name: on_device(value.copy(), provider)
                for name, value in zip(self._STATE, start, strict=True)
            }
            for _ in range(2)
        )
        self._images = [here["image"], there["image"]]
        self._bound = [
            BoundSession(
                session,
                {**before, "learning_rate": self._rate, **targets},
                {f"next_{name}": value for name, value in after.items()} | self._losses.values,
            )
            for before, after in ((here, there), (there, here))
        ]

    def step(self, learning_rate: float) -> Losses:
        """Move the image by one step; return the losses of the image as it was before."""
        self._rate.update_inplace(np.array([learning_rate], np.float32))
        self._bound[0].run()
        self._bound.reverse()
        self._images.reverse()
        return self._losses.read()

    def image(self) -> Image:
        """Return a copy of the image as it is now, [1, 3, H, W]."""
        return np.array(self._images[0].numpy())


class _LossArrays:
    """Where a session leaves its losses, in the host's memory."""

    def __init__(self, session: ort.InferenceSession) -> None:
        [layers] = [value for value in session.get_outputs() if value.name == "layer_losses"]
        self._total = np.zeros((), np.float32)
        self._layers = np.zeros([int(n) for n in layers.shape], np.float32)
        self.values = {
            "loss": ort.OrtValue.ortvalue_from_numpy(self._total),
            "layer_losses": ort.OrtValue.ortvalue_from_numpy(self._layers),
        }

    def read(self) -> Losses:
        """Return the losses of the last run."""
        return Losses(float(self._total), self._layers.copy())
