"""The analytic engine: graphs with their gradient written in standard ops, on any provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.objective.kinds import DISCRIMINATOR_STEP, KINDS, OBJECTIVE
from texonnx.objective.source import GraphSource
from texonnx.optimizers import Optimizer
from texonnx.providers import Provider
from texonnx.runtime.banded import BandedObjective
from texonnx.runtime.binding import BoundSession, Stepping, arrays_for, on_device
from texonnx.runtime.discriminators import AnalyticDiscriminators, Parameters
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.goal import Goal
from texonnx.runtime.objective_inputs import ObjectiveInputs
from texonnx.runtime.route import Route
from texonnx.runtime.sessions import check_precision_is_real, open_session
from texonnx.runtime.split import SplitObjective
from texonnx.runtime.spread import Crew, SpreadObjective, Where
from texonnx.sizes import Size


class AnalyticEngine:
    """Runs ``objective.onnx`` and ``adam_step.onnx``, or what stands in for them on the host.

    That is a split objective, where a loss sorts, or one in bands, for large images, which a crew
    may share.
    """

    name = "analytic"

    def __init__(
        self,
        source: GraphSource,
        route: Route,
        inputs: ObjectiveInputs,
        crew: Crew | None = None,
    ) -> None:
        self.provider = route.provider.name
        self._crew = crew
        check_precision_is_real(self.provider, route.precision)
        self._source = source
        self._route = route
        self.inputs = inputs

    def _opener(self, provider: str, precision: str) -> Callable[..., ort.InferenceSession]:
        threads = self._route.threads
        return partial(open_session, provider=provider, threads=threads, precision=precision)

    def release(self) -> None:
        """Let go of the memory of the scale that was aimed at last."""
        self._evaluate: Callable[[Image], Evaluation] | None = None
        self._values: dict[str, ort.OrtValue] = {}

    def aim(self, goal: Goal, size: Size) -> None:
        """Take the targets from `goal`, for images of `size`."""
        self.release()  # before what is new is there
        self._size = size
        self._provider, precision = self._route.at(size)
        self._open = self._opener(self._provider.name, precision)
        banding = self._route.banding(size)
        # What is large for a moment alone must not stay.
        arena = banding is None
        frugal = self._open if arena else partial(self._open, arena=False)
        # What is computed once is not worth a slow start.
        once = self._opener("cpu", "fp32") if self._provider.on_host else self._open
        arrays = self.inputs.aim(
            goal, size, partial(once, arena=arena), self._route.banding, self._begin
        )
        self._values = {name: on_device(value, self._provider) for name, value in arrays.items()}
        split = self._source.split(size) if self._route.cut else None
        if banding is not None and self._crew is not None:
            banding = replace(banding, multiple=len(self._crew))
        banded = None if banding is None else self._source.banded(size, banding)
        if split is not None:
            self._evaluate = SplitObjective(split, arrays, self._open)
        elif banded is not None and self._crew is not None:
            where = Where(self._provider.name, precision)
            self._evaluate = SpreadObjective(banded, arrays, frugal, where, self._crew)
        elif banded is not None:
            self._evaluate = BandedObjective(banded, arrays, frugal)
        self._whole = self._evaluate is None

    def _begin(
        self, targets: Mapping[str, NDArray[np.float32]], start: Parameters
    ) -> AnalyticDiscriminators:
        session = self._open(self._source.graph(DISCRIMINATOR_STEP, self._size))
        return AnalyticDiscriminators(session, self._provider, self._size, targets, start)

    def refresh(self, image: Image, steps: int) -> None:
        """Draw new directions, and train the discriminators on for `steps` steps of the image."""
        for name, value in self.inputs.refresh(image, steps).items():
            self._values[name].update_inplace(value)

    def loss_and_gradient(self, image: Image) -> Evaluation:
        """Evaluate the objective and its gradient at `image`, [1, 3, H, W] in [0, 1]."""
        if self._evaluate is None:
            session = self._open(self._source.graph(OBJECTIVE, self._size))
            self._evaluate = WholeObjective(session, self._provider, self._values, self._size)
        return self._evaluate(image)

    def sample(self, image: Image) -> float | None:
        """Evaluate some parts of a large image; return the seconds that all of them would take."""
        if not isinstance(self._evaluate, BandedObjective):
            return None
        return self._evaluate.sample(image)

    def stepper(self, optimizer: Optimizer, image: Image) -> GraphStepper | None:
        """Return Adam inside the runtime, starting at `image`.

        ``None`` for other optimisers, for one that searches, and where the host takes part in the
        objective.
        """
        if optimizer.searches or not optimizer.step_graph or not self._whole:
            return None
        session = self._open(self._source.graph(KINDS[optimizer.step_graph], self._size))
        return GraphStepper(session, self._provider, self._values, image)


class WholeObjective:
    """Loss and gradient by ``objective.onnx``; the targets stay on the device."""

    def __init__(
        self,
        session: ort.InferenceSession,
        provider: Provider,
        inputs: Mapping[str, ort.OrtValue],
        size: Size,
    ) -> None:
        self._image = on_device(np.zeros((1, 3, *size), np.float32), provider)
        gradient = np.zeros((1, 3, *size), np.float32)
        self._results = arrays_for(session.get_outputs(), {"gradient": gradient})
        outputs = {name: on_device(array) for name, array in self._results.items()}
        self._bound = BoundSession(session, {"image": self._image, **inputs}, outputs)

    def __call__(self, image: Image) -> Evaluation:
        """Evaluate at `image`, [1, 3, H, W] in [0, 1]."""
        self._image.update_inplace(np.ascontiguousarray(image))
        self._bound.run()
        return Evaluation(Losses.of(self._results), self._results["gradient"].copy())


class GraphStepper:
    """Loops ``adam_step.onnx`` on the device."""

    def __init__(
        self,
        session: ort.InferenceSession,
        provider: Provider,
        inputs: Mapping[str, ort.OrtValue],
        image: Image,
    ) -> None:
        zeros = np.zeros_like(image)
        state = {
            "image": image,
            "first_moment": zeros,
            "second_moment": zeros,
            "step": np.ones(1, np.float32),
        }
        fixed = {**inputs, "learning_rate": np.zeros(1, np.float32)}
        self._names = list(state)
        self._stepping = Stepping(session, provider, state, fixed)

    def step(self, learning_rate: float) -> Losses:
        """Move the image by one step; return the losses of the image as it was before."""
        self._stepping.put("learning_rate", np.array([learning_rate], np.float32))
        self._stepping.run()
        return Losses.of(self._stepping.results)

    def image(self) -> Image:
        """Return a copy of the image as it is now, [1, 3, H, W]."""
        return self._stepping.state("image")

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of all that it goes on from, by name."""
        return {name: self._stepping.state(name) for name in self._names}

    def restore(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Go on from what :meth:`state` returned."""
        self._stepping.restore(state)
