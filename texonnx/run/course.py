"""The loop that every verb runs: scale by scale, each starting from the one before."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image, MaterialMap, load_image, resize
from texonnx.losses import Arrays
from texonnx.optim.initial import blended, initial_image
from texonnx.optim.keeping import Place
from texonnx.optim.metric import ImageMetric
from texonnx.optim.run import optimise, refresh_interval
from texonnx.optim.schedule import Plateau, steps_by_scale
from texonnx.options import INITS
from texonnx.run.checkpoint import Checkpoint, Kept
from texonnx.run.given import in_grey
from texonnx.run.preparation import Prepared
from texonnx.run.provenance import Recipe, versions
from texonnx.run.result import (
    Beginning,
    NotFiniteError,
    OutOfMemoryError,
    Step,
    SynthesisInterrupted,
    SynthesisResult,
    WorkerLostError,
)
from texonnx.run.watch import Watch
from texonnx.runtime.choose import choose_route, open_engine
from texonnx.runtime.engine import Losses
from texonnx.runtime.goal import Goal
from texonnx.runtime.memory import WHAT_HELPS, is_out_of_memory
from texonnx.runtime.spread import WorkerFailedError
from texonnx.sizes import Size, size_of

NOTHING_TO_SHARE = (
    "the workers were not used: what is shared are images of more than 512x512 pixels, or of more "
    "than 256x256 with low memory, and losses of gram, mean and cov alone"
)


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
        self.notes = tuple(note for given in prepared.given for note in given.told)
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
        return Goal(self.prepared.textures_at(scale), self.shares)

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return where the scale starts: the result of the one before it, enlarged, if any."""
        return self.first_image(scale) if coarser is None else self.scaled(coarser, scale)

    def free(self, scale: int) -> NDArray[np.bool_] | None:
        """Return which pixels may move, [H, W]; None for all."""
        return None

    def metric(self, scale: int) -> ImageMetric | None:
        """Return the metric of L-BFGS; none here."""
        return None

    @property
    def grey(self) -> bool:
        """Whether the result has no colours, since there are none in what it is made from."""
        return self.prepared.grey

    def beside(self, image: Image) -> tuple[tuple[MaterialMap, ...], NDArray[np.float32] | None]:
        """Return the maps, and the alpha, of an image that the user shall see."""
        return (), self.alpha

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


def run_course(course: Course, watch: Watch, started: float) -> SynthesisResult:
    """Optimise at every scale; raise what :func:`texonnx.synthesize` does.

    `started` is when the run began, by :func:`time.perf_counter`.
    """
    schedule = course.schedule()
    checkpoint = None
    if watch.keep is not None:
        checkpoint = Checkpoint(watch.keep, identity_of(course, watch))
    try:
        result = _Run(course, watch, started, checkpoint).through(schedule)
    except BaseException:
        if checkpoint is not None:
            checkpoint.close()
        raise
    if checkpoint is not None:
        checkpoint.remove()
    return result


def identity_of(course: Course, watch: Watch) -> Recipe:
    """Return the recipe of a run, and what else its last digits depend on."""
    weights = course.prepared.source.weights_digest
    return {**watch.recipe, "weights_digest": weights, "versions": versions()}


class _PlateauReached(Exception):  # noqa: N818
    """The scale may end: not an error."""


class _Run:
    """One run through the scales: has the history and the best image so far."""

    def __init__(
        self, course: Course, watch: Watch, started: float, checkpoint: Checkpoint | None
    ) -> None:
        self._course = course
        self._watch = watch
        self._checkpoint = checkpoint
        self._prepared = prepared = course.prepared
        self._traits = prepared.source.traits
        sizes = [scale.output for scale in prepared.scales]
        self._route = choose_route(self._traits, prepared.options, sizes, course.schedule())
        self._engine = open_engine(
            self._route, prepared.source, prepared.host, prepared.options, prepared.crew
        )
        if prepared.crew is not None:
            shared = any(self._route.in_parts(self._traits, size) for size in sizes)
            told = f"{len(prepared.crew)} workers shared what is evaluated in parts"
            course.notes += (told if shared else NOTHING_TO_SHARE,)
        self._started = started
        self._history: list[Step] = []

    def through(self, schedule: Sequence[int]) -> SynthesisResult:
        """Optimise at every scale, each starting from the one before."""
        kept = None if self._checkpoint is None else self._checkpoint.kept
        if kept is None:
            image = self._course.start(0, None)
            self._begin(0, image)
        else:
            image = self._go_on(kept)
        if self._watch.on_begin is not None:
            self._watch.on_begin(
                Beginning(
                    size=self._prepared.scales[-1].output,
                    engine=self._engine.name,
                    provider=self._engine.provider,
                    why=self._route.why,
                    notes=self._route.notes,
                )
            )
        try:
            for number in range(self._scale, len(schedule)):
                if number != self._scale:
                    image = self._course.start(number, self._visible(image))
                    self._begin(number, image)
                image = self._optimised(image, number, schedule)
        except KeyboardInterrupt as interrupt:
            raise SynthesisInterrupted(self._result(self._best)) from interrupt
        except WorkerFailedError as error:
            if not self._history:
                raise
            raise WorkerLostError(str(error), self._result(self._best)) from error
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            # What the step and its frames hold is wanted to end well.
            traceback.clear_frames(error.__traceback__)
            self._engine.release()
            raise OutOfMemoryError(
                f"memory ran out at {self._prepared.scales[self._scale].output}; {WHAT_HELPS}",
                self._result(self._best, alone=True) if self._history else None,
            ) from error
        return self._result(image)

    def _optimised(self, image: Image, number: int, schedule: Sequence[int]) -> Image:
        """Return the image after the steps of a scale; those that were kept are not taken again."""
        course, optimizer = self._course, self._prepared.optimizer
        refresh_every = refresh_interval(self._traits, optimizer)
        self._engine.aim(course.goal(number), self._prepared.scales[number].output)
        if self._place is not None and refresh_every is not None:
            self._engine.inputs.skip(self._place.step // refresh_every)
        try:
            image = optimise(
                self._engine,
                image,
                optimizer,
                schedule[number],
                course.learning_rate(number),
                partial(self._after_step, number + 1, schedule),
                course.metric(number),
                refresh_every,
                grey=course.grey,
                free=course.free(number),
                keeping=self,
            )
        except _PlateauReached:
            image = self._best
        self._check_finite(image, self._history[-1].loss)
        return image

    def _begin(self, scale: int, image: Image) -> None:
        self._scale, self._start = scale, image
        self._best, self._least = image, np.inf
        self._steps_here = 0
        self._place: Place | None = None
        self._parameters: Arrays = self._engine.inputs.parameters or {}
        until = self._prepared.options.until
        self._plateau = None if until is None else Plateau(until)
        if self._checkpoint is not None and (self._checkpoint.at_once or self._checkpoint.due):
            self._save(None)

    def _go_on(self, kept: Kept) -> Image:
        """Become the run that was kept; return the image where its scale began."""
        self._scale, self._start = kept.scale, kept.start
        self._best, self._least = kept.best, kept.least
        self._place = kept.place
        self._parameters = dict(kept.parameters)
        self._engine.inputs.parameters = self._parameters or None
        self._started -= kept.seconds
        self._history = list(kept.history)
        self._course.notes += (
            f"went on from a run that was stopped after {len(self._history)} steps",
        )
        here = [step for step in self._history if step.scale == kept.scale + 1]
        self._steps_here = len(here)
        until = self._prepared.options.until
        self._plateau = None if until is None else Plateau(until)
        for step in here:
            if self._plateau is not None:
                self._plateau.reached(step.loss)
        return kept.start

    # What keeps the place of the optimiser: see texonnx.optim.keeping.Keeping

    @property
    def place(self) -> Place | None:
        """Where to go on from."""
        return self._place

    @property
    def due(self) -> bool:
        """Whether it is time to keep a place; that of discriminators is not told."""
        if self._checkpoint is None or self._traits.adversarial:
            return False
        return self._steps_here > 0 and self._checkpoint.due

    def keep(self, place: Place) -> None:
        """Keep a place of the optimiser."""
        self._save(place)

    def _save(self, place: Place | None) -> None:
        assert self._checkpoint is not None
        self._checkpoint.save(
            Kept(
                recipe=identity_of(self._course, self._watch),
                scale=self._scale,
                start=self._start,
                best=self._best,
                least=float(self._least),
                place=place,
                parameters=self._parameters,
                history=self._history,
                seconds=time.perf_counter() - self._started,
            )
        )

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
        if self._watch.on_step is not None:
            self._watch.on_step(step, self._course.finish(self._without_tint(image)))
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

    def _result(self, image: Image, *, alone: bool = False) -> SynthesisResult:
        finished = self._course.finish(self._visible(image))
        maps, alpha = ((), self._course.alpha) if alone else self._course.beside(finished)
        return SynthesisResult(
            image=finished,
            maps=maps,
            engine=self._engine.name,
            provider=self._engine.provider,
            random_weights=self._traits.random_weights,
            history=self._history,
            seconds=time.perf_counter() - self._started,
            why=self._route.why,
            notes=self._course.notes,
            alpha=alpha,
            recipe={
                **identity_of(self._course, self._watch),
                "engine": self._engine.name,
                "provider": self._engine.provider,
            },
        )

    def _visible(self, image: Image) -> Image:
        return np.clip(self._without_tint(image), 0, 1)

    def _without_tint(self, image: Image) -> Image:
        """Return a grey image's channels alike, which steps inside the runtime move apart."""
        return in_grey(image) if self._course.grey else image
