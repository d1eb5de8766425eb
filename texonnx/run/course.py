"""The loop that every verb runs: scale by scale, each starting from the one before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image, load_image, resize
from texonnx.optim.initial import blended, initial_image
from texonnx.optim.metric import ImageMetric
from texonnx.optim.run import optimise, refresh_interval
from texonnx.optim.schedule import Plateau, steps_by_scale
from texonnx.options import INITS
from texonnx.run.given import in_grey
from texonnx.run.preparation import Prepared
from texonnx.run.result import NotFiniteError, OnStep, Step, SynthesisInterrupted, SynthesisResult
from texonnx.runtime.choose import choose_route, open_engine
from texonnx.runtime.engine import Losses
from texonnx.runtime.goal import Goal
from texonnx.sizes import Size, size_of


class Course:
    """What a verb does at each scale, counted from 0 at the coarsest; here as plainly as may be.

    Parameters
    ----------
    prepared
        Graphs, sizes and options.
    shares
        What each exemplar counts, in all 1.

    Attributes
    ----------
    effort
        What the numbers of steps are multiplied by where they are not given.
    notes
        What was done to what was given, a sentence each.
    alpha
        The result's, [H, W], if it is transparent in parts.
    """

    effort = 1
    alpha: NDArray[np.float32] | None = None

    def __init__(self, prepared: Prepared, shares: tuple[float, ...] = (1.0,)) -> None:
        self.notes = tuple(note for given in prepared.given for note in given.notes)
        self.prepared = prepared
        self.shares = shares

    @property
    def starts_near(self) -> bool:
        """Whether a finer scale is nearly right when it starts, so that few small steps will do."""
        traits = self.prepared.source.traits
        # Discriminators have to keep up with an image that moves slowly, patches or not.
        return traits.detail == "patches" and not traits.adversarial

    def schedule(self) -> tuple[int, ...]:
        """Return how many steps there are at each scale, coarsest first."""
        options = self.prepared.options
        return steps_by_scale(
            options.steps,
            self.prepared.optimizer,
            len(self.prepared.scales),
            options.quality,
            self.effort,
            "patches" if self.starts_near else "spectrum",
        )

    def learning_rate(self, scale: int) -> float:
        """Return the learning rate: the one given, or the optimiser's own there."""
        options = self.prepared.options
        rate = self.prepared.optimizer.rate_with_patches(len(self.prepared.scales) - 1 - scale)
        if options.lr is None and self.starts_near and rate is not None:
            return rate
        return options.learning_rate

    def goal(self, scale: int) -> Goal:
        """Return what the image is held against: the exemplars."""
        return Goal(self.prepared.exemplars_at(scale), self.shares)

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return where the scale starts: the result of the one before it, enlarged, if any."""
        return self.first_image(scale) if coarser is None else self.scaled(coarser, scale)

    def metric(self, scale: int) -> ImageMetric | None:
        """Return the metric of L-BFGS; none here."""
        return None

    @property
    def grey(self) -> bool:
        """Whether the result has no colours, since there are none in what it is made from."""
        return self.prepared.grey

    def finish(self, image: Image) -> Image:
        """Return what the user shall see of an image in [0, 1]."""
        return image

    def first_image(self, scale: int) -> Image:
        """Return what `init` says: noise of some kind, or a file's image."""
        options, exemplar = self.prepared.options, self.exemplar(scale)
        size, init = self.size(scale), str(options.init)
        if init == "spectrum":
            return self.prepared.host.first_image(exemplar, size, options.seed)
        if init in INITS:
            return initial_image(init, exemplar, size, options.seed)
        return self.scaled(load_image(options.init), scale)

    def finer(self, coarser: Image, scale: int) -> Image:
        """Return the result of the scale before, enlarged, with the detail of the exemplars."""
        prepared = self.prepared
        exemplars = zip(
            prepared.exemplars_at(scale), prepared.exemplars_at(scale - 1), self.shares, strict=True
        )
        detailed = [
            (
                prepared.host.finer_image(
                    coarser, here, size_of(before), self.size(scale), prepared.options.seed
                ),
                share,
            )
            for here, before, share in exemplars
            if share > 0
        ]
        return blended(detailed, size_of(coarser))

    def exemplar(self, scale: int) -> Image:
        """Return the exemplar that counts most."""
        return self.prepared.exemplars_at(scale)[self.shares.index(max(self.shares))]

    def size(self, scale: int) -> Size:
        """Return height and width of the result."""
        return self.prepared.scales[scale].output

    def scaled(self, image: Image, scale: int) -> Image:
        """Return any image at that size."""
        return resize(image, *self.size(scale))


def run_course(course: Course, on_step: OnStep | None, started: float) -> SynthesisResult:
    """Optimise at every scale; raise what :func:`texonnx.synthesize` does.

    `started` is when the run began, by :func:`time.perf_counter`.
    """
    schedule = course.schedule()
    return _Run(course, on_step, started).through(schedule)


class _PlateauReached(Exception):  # noqa: N818
    """The scale may end: not an error."""


class _Run:
    """One run through the scales: keeps the history and the best image so far."""

    def __init__(self, course: Course, on_step: OnStep | None, started: float) -> None:
        self._course = course
        self._prepared = prepared = course.prepared
        self._traits = prepared.source.traits
        sizes = [scale.output for scale in prepared.scales]
        self._route = choose_route(self._traits, prepared.options, sizes)
        self._engine = open_engine(self._route, prepared.source, prepared.host, prepared.options)
        self._on_step = on_step
        self._started = started
        self._history: list[Step] = []

    def through(self, schedule: Sequence[int]) -> SynthesisResult:
        """Optimise at every scale, each starting from the one before."""
        course, optimizer = self._course, self._prepared.optimizer
        image = course.start(0, None)
        self._begin(image)
        try:
            for number, scale in enumerate(self._prepared.scales):
                if number:
                    image = course.start(number, self._visible(image))
                    self._begin(image)
                self._engine.aim(course.goal(number), scale.output)
                try:
                    image = optimise(
                        self._engine,
                        image,
                        optimizer,
                        schedule[number],
                        course.learning_rate(number),
                        partial(self._after_step, number + 1, schedule),
                        course.metric(number),
                        refresh_interval(self._traits, optimizer),
                        grey=course.grey,
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
        until = self._prepared.options.until
        self._plateau = None if until is None else Plateau(until)

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
            self._on_step(step, self._course.finish(self._without_tint(image)))
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
            image=self._course.finish(self._visible(image)),
            engine=self._engine.name,
            provider=self._engine.provider,
            random_weights=self._traits.random_weights,
            history=self._history,
            seconds=time.perf_counter() - self._started,
            why=self._route.why,
            notes=self._course.notes,
            alpha=self._course.alpha,
        )

    def _visible(self, image: Image) -> Image:
        return np.clip(self._without_tint(image), 0, 1)

    def _without_tint(self, image: Image) -> Image:
        """Return a grey image's channels alike, which steps inside the runtime move apart."""
        return in_grey(image) if self._course.grey else image
