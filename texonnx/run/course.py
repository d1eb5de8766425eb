"""The loop that every verb runs: scale by scale, each starting from the one before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np

from texonnx.images import Image
from texonnx.optim.metric import ImageMetric
from texonnx.optim.run import optimise, refresh_interval
from texonnx.optim.schedule import Plateau
from texonnx.run.preparation import Prepared
from texonnx.run.result import NotFiniteError, OnStep, Step, SynthesisInterrupted, SynthesisResult
from texonnx.runtime.choose import choose_route, open_engine
from texonnx.runtime.engine import Engine, Losses
from texonnx.runtime.goal import Goal
from texonnx.sizes import size_of


class Course(Protocol):
    """What a verb does at each scale, counted from 0 at the coarsest."""

    def goal(self, scale: int) -> Goal:
        """Return what the image is held against."""

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return where the scale starts, given the result of the one before it, if any."""

    def metric(self, scale: int) -> ImageMetric | None:
        """Return the metric of L-BFGS."""

    def finish(self, image: Image) -> Image:
        """Return what the user shall see of an image in [0, 1]."""


def run_course(
    prepared: Prepared,
    course: Course,
    schedule: Sequence[int],
    on_step: OnStep | None,
    started: float,
) -> SynthesisResult:
    """Optimise at every scale.

    Parameters
    ----------
    prepared
        Graphs, sizes and options.
    course
        What is done at each scale.
    schedule
        Steps at each scale, coarsest first.
    on_step
        Called after every step with the step and the image.
    started
        When the run began, by :func:`time.perf_counter`.

    Raises
    ------
    RuntimeUnavailableError
        When the engine or the provider cannot be had.
    NotFiniteError
        When the loss is not finite; it carries the last good image.
    SynthesisInterrupted
        On Ctrl-C; it carries the image so far.
    """
    sizes = [scale.output for scale in prepared.scales]
    route = choose_route(prepared.source.traits, prepared.options, sizes)
    engine = open_engine(route, prepared.source, prepared.host, prepared.options)
    run = _Run(engine, route.why, prepared, course, on_step, started)
    return run.through(schedule)


class _PlateauReached(Exception):  # noqa: N818
    """The scale may end: not an error."""


class _Run:
    """One run through the scales: keeps the history and the best image so far."""

    def __init__(
        self,
        engine: Engine,
        why: str,
        prepared: Prepared,
        course: Course,
        on_step: OnStep | None,
        started: float,
    ) -> None:
        self._engine = engine
        self._why = why
        self._traits = prepared.source.traits
        self._scales = prepared.scales
        self._options = prepared.options
        self._optimizer = prepared.optimizer
        self._course = course
        self._on_step = on_step
        self._started = started
        self._history: list[Step] = []

    def through(self, schedule: Sequence[int]) -> SynthesisResult:
        """Optimise at every scale, each starting from the one before."""
        options, course = self._options, self._course
        image = course.start(0, None)
        self._begin(image)
        try:
            for number, scale in enumerate(self._scales):
                if number:
                    image = course.start(number, _visible(image))
                    self._begin(image)
                self._engine.aim(course.goal(number), scale.output)
                try:
                    image = optimise(
                        self._engine,
                        image,
                        self._optimizer,
                        schedule[number],
                        options.learning_rate,
                        partial(self._after_step, number + 1, schedule),
                        course.metric(number),
                        refresh_interval(self._traits, self._optimizer),
                    )
                except _PlateauReached:
                    image = self._best
                self._check_finite(image, self._history[-1].loss)
        except KeyboardInterrupt as interrupt:
            raise SynthesisInterrupted(self._result(self._best)) from interrupt
        return self._result(image)

    def _begin(self, image: Image) -> None:
        self._best, self._least = image, np.inf
        self._steps_here = 0
        self._plateau = None if self._options.until is None else Plateau(self._options.until)

    def _after_step(
        self, scale: int, schedule: Sequence[int], losses: Losses, image: Image
    ) -> None:
        self._steps_here += 1
        self._check_finite(image, losses.total)
        # Where discriminators learn, a smaller loss is not a better image: the last one is.
        if losses.total < self._least or self._traits.adversarial:
            self._best, self._least = image, losses.total
        step = Step(
            scale=scale,
            scales=len(schedule),
            size=size_of(image),
            step=self._steps_here,
            steps=schedule[scale - 1],
            steps_to_come=tuple(schedule[scale:]),
            loss=losses.total,
            layer_losses=dict(zip(self._traits.parts, losses.layers.tolist(), strict=True)),
            seconds=time.perf_counter() - self._started,
        )
        self._history.append(step)
        if self._on_step is not None:
            self._on_step(step, self._course.finish(image))
        if self._plateau is not None and self._plateau.reached(losses.total):
            raise _PlateauReached

    def _check_finite(self, image: Image, loss: float) -> None:
        if np.isfinite(loss) and np.isfinite(image).all():
            return
        what = "image" if np.isfinite(loss) else "loss"
        raise NotFiniteError(
            f"the {what} is not finite at step {self._steps_here} of size {size_of(image)}; "
            "a smaller learning rate or another optimizer may help",
            self._result(self._best),
        )

    def _result(self, image: Image) -> SynthesisResult:
        return SynthesisResult(
            image=self._course.finish(_visible(image)),
            engine=self._engine.name,
            provider=self._engine.provider,
            random_weights=self._traits.random_weights,
            history=self._history,
            seconds=time.perf_counter() - self._started,
            why=self._why,
        )


def _visible(image: Image) -> Image:
    return np.clip(image, 0, 1)
