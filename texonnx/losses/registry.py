"""What a texture loss is, and the register of those there are.

A loss is two forward functions over one layer's features, the matrix F [N, M] of N channels by M
positions: a statistic, and the distance between the image's statistic and the exemplar's. The
gradient, the graphs, the command line and the tests follow from these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import onnx_ir as ir

from texonnx.errors import OptionError, unknown
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape

GRAM_NORMS = ("gatys", "no-n2", "no-m2", "no-n2-m2", "chw")


@dataclass(frozen=True)
class LossOptions:
    """What can be chosen inside a loss.

    Attributes
    ----------
    gram_norm
        What divides the Gram loss: see :mod:`texonnx.losses.gram`.
    """

    gram_norm: str = "gatys"

    def __post_init__(self) -> None:
        if self.gram_norm not in GRAM_NORMS:
            raise OptionError(unknown("Gram normalisation", self.gram_norm, GRAM_NORMS))


@dataclass(frozen=True)
class Comparison:
    """One layer of the image, and the exemplar's statistic that it is held against.

    Attributes
    ----------
    tape
        Where the distance is written.
    features
        F of the image, [N, M].
    statistic, target
        The loss's statistic of the image and of the exemplar, in one shape.
    options
        What the user chose.
    """

    tape: Tape
    features: ir.Value
    statistic: ir.Value
    target: ir.Value
    options: LossOptions

    @property
    def channels(self) -> int:
        """N, the number of feature maps."""
        count = dims(self.features)[0]
        assert count is not None
        return count

    @property
    def positions(self) -> ir.Value:
        """M, the number of positions, as a scalar on the tape."""
        return self.tape.count(self.features, [1])

    @property
    def difference(self) -> ir.Value:
        """The statistic minus the target."""
        return self.tape.sub(self.statistic, self.target)


@dataclass(frozen=True)
class TextureLoss:
    """A texture statistic and the distance in it.

    Attributes
    ----------
    name
        What the user types.
    summary
        One line for help texts.
    source
        The paper or section that it comes from.
    statistic
        Writes the statistic of F [N, M] on a tape.
    distance
        Writes the scalar distance of a :class:`Comparison`.
    columns
        How many columns the statistic has beside its N rows: ``N``, ``1``, or ``M``, one for
        each position. A statistic over positions is resampled to the output's number of them.
    sorts
        Whether the statistic is F with sorted rows, and the distance the mean of squares: a host
        that sorts faster than the runtime can then do it by itself.
    """

    name: str
    summary: str
    source: str
    statistic: Callable[[Tape, ir.Value], ir.Value]
    distance: Callable[[Comparison], ir.Value]
    columns: Literal["N", "1", "M"]
    sorts: bool = False


_LOSSES: dict[str, TextureLoss] = {}


def register(loss: TextureLoss) -> TextureLoss:
    """Make `loss` known under its name, to the command line and to every route."""
    _LOSSES[loss.name] = loss
    return loss


def loss_names() -> tuple[str, ...]:
    """Return the names of all losses, sorted."""
    return tuple(sorted(_LOSSES))


def find_loss(name: str) -> TextureLoss:
    """Return the loss called `name`, else raise :class:`OptionError`."""
    if name not in _LOSSES:
        raise OptionError(unknown("loss", name, loss_names()))
    return _LOSSES[name]
