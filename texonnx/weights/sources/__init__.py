"""The places that pretrained weights are fetched from: each downloads a file of its catalogue.

What cannot be had, or is not the expected file, is a :class:`SourceUnavailableError`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from texonnx.errors import WeightsError

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes that have come and the bytes that will."""


class SourceUnavailableError(WeightsError):
    """A source cannot be reached, or what it sent is not the expected file."""
