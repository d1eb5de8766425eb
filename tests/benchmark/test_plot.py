"""The plot: a PNG file of two panels, or one sentence."""

from __future__ import annotations

import importlib.util
import io
from typing import Any

import PIL.Image
import pytest

from texonnx.benchmark.cases import Measurement, Series
from texonnx.benchmark.plot import plot
from texonnx.errors import OptionError
from texonnx.sizes import Size
from texonnx.system.plotting import check_can_plot

CPU, CUDA = Series("analytic", "cpu"), Series("analytic", "cuda")


def test_a_plot_is_a_png_file_twice_as_wide_as_high() -> None:
    measured = [Measurement(CPU, Size(n, n), 1, (n / 100,), n * 10) for n in (64, 128)]
    failed = Measurement(CUDA, Size(64, 64), failure="no card")
    picture = PIL.Image.open(io.BytesIO(plot([*measured, failed], "a machine")))
    assert picture.format == "PNG"
    assert 1.5 < picture.width / picture.height < 2.5


def test_what_failed_or_is_unknown_leaves_a_plot_without_its_line() -> None:
    assert plot([Measurement(CUDA, Size(64, 64), failure="no card")], "a machine")
    assert plot([Measurement(CPU, Size(64, 64), 1, (1,), None)], "a machine")


def test_a_plot_without_matplotlib_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_spec(name: str, *_: Any) -> None:
        assert name == "matplotlib"

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(OptionError, match=r"texonnx\[plot\]"):
        check_can_plot()
