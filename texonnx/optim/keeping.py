"""Where an optimiser is, kept from time to time, so that another process can go on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Place:
    """Where an optimiser is between two of its steps.

    Attributes
    ----------
    step
        How many it has taken at this scale.
    values
        All that it goes on from, by name.
    """

    step: int
    values: Values

    def number(self, name: str) -> float:
        """Return a value that is one number."""
        return float(self.values[name])


class Keeping(Protocol):
    """Keeps the places of one scale."""

    @property
    def place(self) -> Place | None:
        """Where to go on from; ``None`` at the start."""

    @property
    def due(self) -> bool:
        """Whether it is time to keep a place."""

    def keep(self, place: Place) -> None:
        """Keep a place."""


class NotKept:
    """Keeps nothing."""

    place = None
    due = False

    def keep(self, place: Place) -> None:
        """Do nothing."""


def numbers(**values: float) -> dict[str, NDArray[Any]]:
    """Return numbers as values of a place."""
    return {name: np.array(value) for name, value in values.items()}
