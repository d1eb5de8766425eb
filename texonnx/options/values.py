"""What options accept: checks of values, each with the sentence that refuses one."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from texonnx.errors import OptionError, unknown
from texonnx.options.declaration import Check
from texonnx.sizes import Size

LARGEST_FLOAT32 = 3.4028234e38

BENCH_SIZES = tuple(Size(side, side) for side in (64, 128, 256, 512))

_MOST_HIDDEN_LAYERS = 4
_MOST_CHANNELS = 4096


def at_least(least: int) -> Check:
    """Return a check for whole numbers from `least` up."""

    def check(what: str, value: int) -> None:
        if value < least:
            raise OptionError(f"the {what} must be {least} or more, not {value}")

    return check


def above_0_up_to(most: float) -> Check:
    """Return a check for numbers above 0 and at most `most`."""

    def check(what: str, value: float) -> None:
        if not 0 < value <= most:
            raise OptionError(f"the {what} must be above 0 and at most {most}, not {value}")

    return check


def each_of(known: Sequence[str]) -> Check:
    """Return a check for several words, each of them known."""

    def check(what: str, value: Iterable[str]) -> None:
        for word in value:
            if word not in known:
                raise OptionError(unknown(what, word, known))

    return check


def float32_from_0(what: str, value: float) -> None:
    """Refuse what is no float32 of 0 or more."""
    if not 0 <= value <= LARGEST_FLOAT32:
        raise OptionError(f"the {what} must be a number from 0 up, not {value}")


def float32_above_0(what: str, value: float) -> None:
    """Refuse what is no float32 above 0."""
    if not 0 < value <= LARGEST_FLOAT32:
        raise OptionError(f"the {what} must be a float32 above 0, not {value}")


def share(what: str, value: float) -> None:
    """Refuse what does not lie between 0 and 1."""
    if not 0 < value < 1:
        raise OptionError(f"the {what} lies between 0 and 1, not at {value}")


def from_0_to_1(what: str, value: float) -> None:
    """Refuse what is below 0 or above 1."""
    if not 0 <= value <= 1:
        raise OptionError(f"the {what} goes from 0 to 1, and {value} does not lie there")


def number_of_steps(what: str, value: int | tuple[int, ...]) -> None:
    """Refuse steps for no scale, and fewer than 1."""
    if value == ():
        raise OptionError("there are steps for no scale at all; leave them out, or give some")
    for number in (value,) if isinstance(value, int) else value:
        at_least(1)(what, number)


def height_and_width(what: str, value: Size) -> None:
    """Refuse sides of less than a pixel."""
    for side, pixels in value._asdict().items():
        at_least(1)(side, pixels)


def hidden_layers(what: str, value: tuple[int, ...]) -> None:
    """Refuse more hidden layers than a discriminator may have, or other widths."""
    if len(value) > _MOST_HIDDEN_LAYERS:
        raise OptionError(
            f"a discriminator has at most {_MOST_HIDDEN_LAYERS} hidden layers, not {len(value)}"
        )
    for width in value:
        if not 1 <= width <= _MOST_CHANNELS:
            raise OptionError(
                f"a discriminator's layer has from 1 to {_MOST_CHANNELS} channels, not {width}"
            )


def as_size(given: Any) -> Size | None:
    """Return height and width as a :class:`Size`; refuse what is not two numbers."""
    return None if given is None else _size(given)


def as_sizes(given: Iterable[Any] | None) -> tuple[Size, ...]:
    """Return sizes, each as a :class:`Size`; those that are measured if there are none."""
    return BENCH_SIZES if given is None else tuple(map(_size, given))


def _size(given: Any) -> Size:
    try:
        height, width = map(operator.index, given)
    except (TypeError, ValueError):
        raise OptionError(f"a size is height and width in pixels, not {given!r}") from None
    return Size(height, width)


def whole_numbers(steps: int | Iterable[int] | None) -> int | tuple[int, ...] | None:
    """Return steps as Python's integers, whether one number or several; refuse all else."""
    if steps is None:
        return None
    try:
        if isinstance(steps, Iterable):
            return tuple(map(operator.index, steps))
        return operator.index(steps)
    except TypeError:
        raise OptionError(f"steps are whole numbers, not {steps!r}") from None


def channels(widths: int | Iterable[int]) -> tuple[int, ...]:
    """Return the widths of a discriminator's hidden layers as Python's integers, nothing else."""
    try:
        return tuple(map(operator.index, widths if isinstance(widths, Iterable) else (widths,)))
    except TypeError:
        raise OptionError(
            f"the widths of a discriminator's layers are whole numbers, not {widths!r}"
        ) from None
