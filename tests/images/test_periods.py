"""Periods of drawn lattices, which are known, and of what has none."""

from __future__ import annotations

import numpy as np
import pytest

from texonnx.images import Image
from texonnx.images.periods import Period, find_period, whole_periods
from texonnx.sizes import Size


def as_image(grey: np.ndarray) -> Image:
    return np.repeat(grey.clip(0, 1)[np.newaxis, np.newaxis], 3, axis=1).astype(np.float32)


def running_bond(height: int, width: int, across: float, down: float, noise: float) -> Image:
    """Two rows of bricks a period, the second half a brick off, with joints of three pixels."""
    rows, columns = np.mgrid[:height, :width].astype(float)
    moved = columns + np.floor(rows / (down / 2)) % 2 * across / 2
    joints = (moved % across < 3) | (rows % (down / 2) < 3)
    grain = np.random.default_rng(0).normal(0, noise, (height, width))
    return as_image(np.where(joints, 0.9, 0.4) + grain)


@pytest.mark.parametrize("noise", [0.05, 0.15])
@pytest.mark.parametrize(
    ("across", "down"), [(63.5, 31.8), (40, 20), (50.3, 61.2), (21.3, 17), (80, 40)]
)
def test_bricks_repeat_after_a_brick_and_two_rows(across: float, down: float, noise: float) -> None:
    found = find_period(running_bond(256, 300, across, down, noise))
    assert found.x == pytest.approx(across, abs=0.2)
    assert found.y == pytest.approx(down, abs=0.2)


def test_tiles_of_many_colours_repeat_by_their_joints() -> None:
    """Or after a few of them, where colours happen to."""
    colours = np.random.default_rng(2).random((8, 8))
    grey = np.kron(colours, np.ones((32, 32)))
    grey[::32] = grey[1::32] = 1
    grey[:, ::32] = grey[:, 1::32] = 1
    found = find_period(as_image(grey))
    for length in found:
        assert length is not None
        assert length / 32 == pytest.approx(round(length / 32), abs=0.02)


def test_stripes_that_lean_repeat_both_ways_and_upright_ones_across() -> None:
    rows, columns = np.mgrid[:256, :256]
    angle = np.deg2rad(30)
    phase = columns * np.cos(angle) + rows * np.sin(angle)
    found = find_period(as_image(0.5 + 0.4 * np.sign(np.sin(2 * np.pi * phase / 20))))
    assert found.x == pytest.approx(20 / np.cos(angle), abs=0.2)
    assert found.y == pytest.approx(20 / np.sin(angle), abs=0.2)
    upright = find_period(as_image(0.5 + 0.4 * np.sin(2 * np.pi * (columns + 0.5) / 20)))
    assert upright.x == pytest.approx(20, abs=0.2)
    assert upright.y is None


@pytest.mark.parametrize("kind", ["white noise", "soft noise", "flat", "a gradient"])
def test_what_does_not_repeat_has_no_period(kind: str) -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:200, :240]
    spectrum = np.fft.rfft2(rng.normal(size=(200, 240)))
    frequency = np.hypot(np.fft.fftfreq(200)[:, None], np.fft.rfftfreq(240)) + 0.01
    soft = np.fft.irfft2(spectrum / frequency, (200, 240))
    grey = {
        "white noise": rng.random((200, 240)),
        "soft noise": 0.5 + 0.15 * soft / soft.std(),
        "flat": np.full((200, 240), 0.5),
        "a gradient": (rows + columns) / 440,
    }[kind]
    assert find_period(as_image(grey)) == (None, None)


def test_what_fits_once_and_a_half_is_not_seen_to_repeat() -> None:
    assert find_period(running_bond(96, 96, 64, 64, 0.05)).x is None


@pytest.mark.parametrize(
    ("size", "period", "expected"),
    [
        (Size(256, 512), Period(63.5, 31.8), Size(254, 508)),
        (Size(256, 256), Period(None, 100.0), Size(300, 256)),
        (Size(20, 20), Period(63.5, None), Size(20, 64)),
    ],
)
def test_a_size_becomes_whole_periods(size: Size, period: Period, expected: Size) -> None:
    assert whole_periods(size, period) == expected


def test_a_period_says_itself() -> None:
    assert str(Period(63.5, 31.8)) == "every 63.5 pixels across and every 31.8 pixels down"
    assert str(Period(None, 20.0)) == "every 20.0 pixels down"
