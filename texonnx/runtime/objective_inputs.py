"""What an objective takes beside the image: computed from the goal, drawn at random, trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from texonnx.images import Image
from texonnx.losses import Arrays
from texonnx.objective.banding import Banding
from texonnx.objective.source import GraphSource
from texonnx.runtime.discriminators import Begin, Discriminators
from texonnx.runtime.goal import Goal
from texonnx.runtime.sessions import Opener
from texonnx.runtime.target_statistics import TargetStatistics
from texonnx.sizes import Size

Shapes = Mapping[str, tuple[int, ...]]


class Draws(Protocol):
    """Draws at random what the losses take, all of it by the names of the graphs' inputs."""

    def directions(self, shapes: Shapes, seed: int, draw: int) -> Arrays:
        """Return what is drawn anew every few steps."""

    def discriminators(self, shapes: Shapes, seed: int) -> Arrays:
        """Return the parameters that discriminators start from."""


@dataclass(frozen=True)
class Sampling:
    """How what the losses draw and train is drawn and trained.

    Attributes
    ----------
    seed
        Of random directions and of discriminators at first.
    discriminator_steps
        How many steps the discriminators take for each of the image.
    """

    seed: int = 0
    discriminator_steps: int = 1


class ObjectiveInputs:
    """Keeps, from scale to scale, what is drawn and trained; both engines are given one.

    Parameters
    ----------
    source
        Has the graphs.
    draws
        Draws at random.
    sampling
        How.
    """

    def __init__(self, source: GraphSource, draws: Draws, sampling: Sampling) -> None:
        self._source = source
        self._draws = draws
        self._sampling = sampling
        self._drawn = 0
        self._statistics: TargetStatistics | None = None
        self._discriminators: Discriminators | None = None
        self.parameters: Arrays | None = None

    def aim(
        self,
        goal: Goal,
        size: Size,
        open_session: Opener,
        banding: Callable[[Size], Banding | None],
        begin: Begin,
    ) -> Arrays:
        """Return all inputs beside the image, by name.

        Parameters
        ----------
        goal, size, open_session, banding
            As :class:`TargetStatistics` takes them.
        begin
            Starts the engine's training of discriminators.
        """
        # What was loaded for the scale before goes first, not when the new is there.
        self._statistics = self._discriminators = None
        self._drawn = 0
        statistics = TargetStatistics(self._source, goal, size, open_session, banding)
        values = statistics.computed(self._directions(statistics))
        self._statistics = statistics if statistics.directions else None
        if self._source.traits.adversarial:
            self._discriminators = begin(values, self._parameters)
            self.parameters = self._discriminators.parameters()
            values |= self.parameters
        return values

    def refresh(self, image: Image, steps: int) -> Arrays:
        """Draw anew, and train the discriminators on for `steps` steps of the image.

        Returns the inputs that are others now.
        """
        values: Arrays = {}
        if self._statistics is not None:
            values = self._statistics.computed(self._directions(self._statistics))
        if self._discriminators is not None:
            self._discriminators.train(image, steps * self._sampling.discriminator_steps)
            self.parameters = self._discriminators.parameters()
            values |= self.parameters
        return values

    def skip(self, refreshes: int) -> None:
        """Draw next what there would be after so many refreshes."""
        self._drawn += refreshes

    def _directions(self, statistics: TargetStatistics) -> Arrays:
        if not statistics.directions:
            return {}
        self._drawn += 1
        return self._draws.directions(statistics.directions, self._sampling.seed, self._drawn - 1)

    def _parameters(self, shapes: Shapes) -> Arrays:
        """Return the discriminators' parameters as they are by now, or those to start from."""
        return self.parameters or self._draws.discriminators(shapes, self._sampling.seed)
