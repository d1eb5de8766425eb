"""Which scales are tried out, and the line through what they took."""

from __future__ import annotations

import math
from typing import Any

import pytest

from texonnx.objective.source import Traits
from texonnx.optim.pyramid import pyramid
from texonnx.planning.probes import MOST_PIXELS, Probe, extrapolate, pixels_of, scales_to_try
from texonnx.sizes import Size


def tried(size: int, scales: int | None, **traits: Any) -> list[int]:
    run = pyramid(Size(size, size), Size(size, size), scales, 16)
    return [scale.output[0] for scale in scales_to_try(run, Traits((), 16, **traits))]


def test_a_small_run_is_tried_at_its_own_scales() -> None:
    assert tried(256, None) == [64, 128, 256]
    assert tried(256, 1) == [256]


def test_a_large_run_is_tried_at_its_small_scales_and_at_smaller_ones() -> None:
    assert tried(1024, None) == [64, 128, 256, 512]
    assert tried(768, None) == [96, 192, 384]
    assert tried(1024, 1) == [128, 256, 512]


def test_a_large_run_in_parts_is_tried_at_its_own_scales_but_for_the_largest() -> None:
    def tried_in_parts(size: int, scales: int | None) -> list[int]:
        run = pyramid(Size(256, 256), Size(size, size), scales, 16)
        found = scales_to_try(run, Traits((), 16), lambda size: size.pixels > 512**2)
        return [scale.output[0] for scale in found]

    assert tried_in_parts(1024, 3) == [256, 512, 1024]
    assert tried_in_parts(4096, 3) == [1024, 2048, 4096]
    assert tried_in_parts(8192, 3) == [2048, 4096]


def test_no_scale_that_is_tried_is_large_or_too_small_for_the_layers() -> None:
    exemplar, output = Size(600, 600), Size(40, 4000)
    run = pyramid(exemplar, output, 1, 16)
    found = scales_to_try(run, Traits((), 16))
    assert found
    assert all(pixels_of(scale) <= MOST_PIXELS for scale in found)
    assert all(min(*scale.exemplar, *scale.output) >= 16 for scale in found)


def test_graphs_for_given_sizes_are_tried_at_these() -> None:
    assert tried(1024, 1, fixed_size=(1024, 1024)) == [1024]
    assert tried(1024, 2, training_sizes=[(512, 512), (1024, 1024)]) == [512, 1024]


def probes(*figures: float) -> list[Probe]:
    """A figure at 100, 400, 1600 pixels and so on."""
    return [Probe(Size(1, 1), 100 * 4**k, 0.0, one) for k, one in enumerate(figures)]


def step_seconds(probe: Probe) -> float:
    return probe.step_seconds


@pytest.mark.parametrize(
    ("figures", "pixels", "expected"),
    [
        ((1.0, 2.0, 3.0), 400, 2.0),
        ((9.0, 1.0, 4.0), 6400, 4 + 3 * 4),
        ((2.0,), 300, 6.0),
        ((9.0, 3.0, 2.0), 6400, 2.0),
    ],
    ids=["as measured", "line of the last two", "one probe: in proportion", "never falls"],
)
def test_a_figure_is_measured_or_on_the_line(
    figures: tuple[float, ...], pixels: int, expected: float
) -> None:
    assert math.isclose(extrapolate(probes(*figures), pixels, step_seconds), expected)
