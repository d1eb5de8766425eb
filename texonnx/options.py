"""What can be chosen, and the defaults: one place, cheap to import.

The public functions and the command line read their defaults here, so they cannot drift apart.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from texonnx.errors import OptionError, unknown
from texonnx.optimizers import OPTIMIZERS
from texonnx.sizes import Size

_LARGEST_FLOAT32 = 3.4028234e38

_LARGEST_STYLE_SCALE = 16

MEMORY_USES = ("auto", "low", "high")


@dataclass(frozen=True)
class ObjectiveOptions:
    """What decides the graphs: network, layers and losses, in the user's words.

    See :func:`texonnx.synthesize` and :func:`texonnx.transfer` for what each accepts. Without
    content layers there is no content loss; a `style_weight` of 0 leaves out the texture losses.

    Raises
    ------
    OptionError
        When a weight is negative or not finite.
    """

    loss: str = "gram"
    layers: str = "all"
    layer_weights: str = "auto"
    gram_norm: str = "gatys"
    pool: str = "avg"
    padding: str = "zeros"
    arch: str = "vgg16"
    weights: str = "pretrained"
    activation_scale: bool = True
    disc_widths: tuple[int, ...] = (32,)
    content_layers: str = ""
    content_weight: float = 1.0
    style_weight: float = 1.0
    tv: float = 0.0

    def __post_init__(self) -> None:
        weights = {
            "content weight": self.content_weight,
            "style weight": self.style_weight,
            "weight of tv": self.tv,
        }
        for what, weight in weights.items():
            if not 0 <= weight <= _LARGEST_FLOAT32:
                raise OptionError(f"the {what} must be a number from 0 up, not {weight}")


@dataclass(frozen=True)
class RunOptions:
    """What decides a run over given graphs; see :func:`texonnx.synthesize`.

    Raises
    ------
    OptionError
        When a number is out of range, a memory use unknown, or a learning rate given to L-BFGS.
    """

    exemplar_size: int = 256
    size: Size | None = None
    scales: int | None = None
    steps: int | tuple[int, ...] | None = None
    until: float | None = None
    optimizer: str = "auto"
    lr: float | None = None
    init: str | Path = "spectrum"
    seed: int = 0
    engine: str = "auto"
    provider: str = "auto"
    precision: str = "fp32"
    memory: str = "auto"
    threads: int = 0
    disc_steps: int = 1

    def __post_init__(self) -> None:
        at_least_one = {
            "exemplar size": self.exemplar_size,
            "number of scales": self.scales,
            "number of the discriminators' steps": self.disc_steps,
            "height": self.size[0] if self.size else None,
            "width": self.size[1] if self.size else None,
        }
        for what, number in at_least_one.items():
            if number is not None and number < 1:
                raise OptionError(f"the {what} must be 1 or more, not {number}")
        self._check_steps()
        if self.memory not in MEMORY_USES:
            raise OptionError(unknown("memory use", self.memory, MEMORY_USES))
        if self.until is not None and not 0 < self.until < 1:
            raise OptionError(
                f"the share by which the loss must still fall lies between 0 and 1, not at "
                f"{self.until}"
            )
        if self.optimizer not in ("auto", *OPTIMIZERS):
            raise OptionError(unknown("optimizer", self.optimizer, ("auto", *OPTIMIZERS)))
        for what, number in {"seed": self.seed, "number of threads": self.threads}.items():
            if number < 0:
                raise OptionError(f"the {what} must be 0 or more, not {number}")
        named = OPTIMIZERS.get(self.optimizer)
        if self.lr is not None and named is not None and named.learning_rate is None:
            raise OptionError(f"{self.optimizer} takes no learning rate; leave it out")
        if self.lr is not None and not 0 < self.lr <= _LARGEST_FLOAT32:
            raise OptionError(f"the learning rate must be a float32 above 0, not {self.lr}")

    def _check_steps(self) -> None:
        if self.steps == ():
            raise OptionError("there are steps for no scale at all; leave them out, or give some")
        for number in (self.steps,) if isinstance(self.steps, int) else self.steps or ():
            if number < 1:
                raise OptionError(f"the number of steps must be 1 or more, not {number}")

    @property
    def learning_rate(self) -> float:
        """The learning rate given, or the optimiser's own; 0 where there is none."""
        if self.lr is not None:
            return self.lr
        named = OPTIMIZERS.get(self.optimizer)
        return (named.learning_rate if named else None) or 0.0


def whole_numbers(steps: int | Iterable[int] | None) -> int | tuple[int, ...] | None:
    """Return `steps` in the form that :class:`RunOptions` takes, NumPy's integers as Python's.

    Raises
    ------
    OptionError
        For what is not a whole number.
    """
    try:
        if steps is None:
            return None
        if isinstance(steps, Iterable):
            return tuple(operator.index(number) for number in steps)
        return operator.index(steps)
    except TypeError:
        raise OptionError(f"steps are whole numbers, not {steps!r}") from None


@dataclass(frozen=True)
class TransferOptions:
    """What only a style transfer has; see :func:`texonnx.transfer`."""

    content_layers: str = "conv4_2"
    content_weight: float = 0.1
    style_weight: float = 1.0
    tv: float = 0.0
    padding: str = "circular"
    preserve_colour: str = "none"
    style_scale: float = 1.0
    size: int | None = None
    init: str | Path = "content"

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 1:
            raise OptionError(f"the size must be 1 or more, not {self.size}")
        if not 0 < self.style_scale <= _LARGEST_STYLE_SCALE:
            raise OptionError(
                f"the style's scale must be above 0 and at most {_LARGEST_STYLE_SCALE}, not "
                f"{self.style_scale}"
            )


@dataclass(frozen=True)
class ReconstructionOptions:
    """What only a reconstruction has; see :func:`texonnx.reconstruct`."""

    layer: str = "conv4_2"
    style: bool = False
    layer_weights: str = "equal"
    size: int = 256
    init: str | Path = "noise"


def channels(widths: int | Iterable[int]) -> tuple[int, ...]:
    """Return the widths of a discriminator's hidden layers as :class:`ObjectiveOptions` takes them.

    Raises
    ------
    OptionError
        For what is not a whole number.
    """
    try:
        several = widths if isinstance(widths, Iterable) else (widths,)
        return tuple(operator.index(width) for width in several)
    except TypeError:
        raise OptionError(
            f"the widths of a discriminator's layers are whole numbers, not {widths!r}"
        ) from None


OBJECTIVE = ObjectiveOptions()
RUN = RunOptions()
TRANSFER = TransferOptions()
RECONSTRUCTION = ReconstructionOptions()
TRANSFER_SIZE = 512
"""Pixels to which a larger content image is scaled down where no size is given."""
EXPORT_SIZE = 256
"""Pixels of the side for which ``texonnx export`` writes training artifacts by default."""
