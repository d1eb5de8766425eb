"""Whether there is matplotlib, which draws the plots."""

from __future__ import annotations

import importlib.util

from texonnx.errors import OptionError


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def check_can_plot() -> None:
    """Raise :class:`OptionError` where matplotlib is not installed."""
    if not can_plot():
        raise OptionError("a plot needs matplotlib; pip install 'texonnx[plot]'")
