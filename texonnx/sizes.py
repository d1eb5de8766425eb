"""Sizes in pixels, and which of them are accepted."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from texonnx.errors import OptionError

MAX_PIXELS = 100_000_000
"""More is refused, read or made: at 12 bytes a pixel, over a gigabyte."""


class Size(NamedTuple):
    """Height and width in pixels, in the order of arrays; written as people say it, WxH.

    Examples
    --------
    >>> print(Size(height=256, width=512))
    512x256
    """

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def pixels(self) -> int:
        """Height times width."""
        return self.height * self.width


class _Planes(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...


def size_of(image: _Planes) -> Size:
    """Return the size of an image, [1, 3, H, W]."""
    return Size(image.shape[2], image.shape[3])


def check_size(what: str, size: tuple[int, int], minimum_size: int) -> None:
    """Raise :class:`OptionError` for a size that the layers or the memory cannot take."""
    size = Size(*size)
    for side, pixels in size._asdict().items():
        if pixels < 1:
            raise OptionError(f"the {side} of the {what} must be 1 or more, not {pixels}")
    if min(size) < minimum_size:
        least = Size(minimum_size, minimum_size)
        raise OptionError(
            f"the {what} would have {size} pixels, and the chosen layers need at least {least}"
        )
    if size.pixels > MAX_PIXELS:
        raise OptionError(
            f"the {what} would have {size} pixels; at most {MAX_PIXELS // 10**6} megapixels are "
            "accepted"
        )
