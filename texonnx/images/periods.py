"""After how many pixels a regular texture repeats, across and down."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter1d, gaussian_gradient_magnitude, uniform_filter

from texonnx.images.arrays import Image
from texonnx.images.colour import luminance
from texonnx.sizes import Size

_LEAST_REPEATS = 2
"""So often a period fits into the image, at least; with less, nothing is seen to repeat."""
_LEAST_PERIOD = 6
"""Pixels: below are a weave's threads, which no seam is seen in, and the blur of photographs."""
_LEAST_CORRELATION, _LEAST_RISE = 0.22, 0.3
"""Of a peak, and over the lowest place before it."""
_ALIKE = 0.92
"""Of the peaks at even multiples, those at odd ones have at least so much."""
_NEIGHBOURHOOD, _FLAT = 15, 0.02
"""Pixels over which edges are taken alike, and how weak an edge still counts for little."""
_STRONGEST = 4.0
_BLUR = 1.5
"""Pixels, so that joints half a pixel apart still correlate."""


class Period(NamedTuple):
    """Pixels after which an image repeats; None where it does not, or not twice.

    Attributes
    ----------
    x, y
        Across and down.
    """

    x: float | None
    y: float | None

    def __str__(self) -> str:
        found = {"across": self.x, "down": self.y}
        return " and ".join(f"every {one:.1f} pixels {way}" for way, one in found.items() if one)


def find_period(image: Image) -> Period:
    """Return after how many pixels an image [1, 3, H, W] repeats.

    That is the first peak of the autocorrelation along each axis whose multiples are peaks as well,
    of edges, each in units of those around it: tiles of many colours have joints alike. Where
    every other multiple is lower, as with bricks that are laid half a brick off, or light and dark
    change places, it is twice that.
    """
    grey = luminance(image)[0, 0].astype(np.float64)
    edges = gaussian_gradient_magnitude(grey, _BLUR, mode="nearest")
    around = uniform_filter(edges, _NEIGHBOURHOOD, mode="nearest") + _FLAT
    joints = np.minimum(edges / around, _STRONGEST)
    found = []
    for axis in (1, 0):
        length = _repeats(_autocorrelation(joints, axis))
        if length is not None and _alternates(_autocorrelation(grey, axis), length):
            length *= 2
        fits = length is not None and _LEAST_REPEATS * length <= grey.shape[axis]
        found.append(length if fits else None)
    return Period(*found)


def whole_periods(size: Size, period: Period) -> Size:
    """Return the size nearest to `size` in which every period fits a whole number of times.

    Examples
    --------
    >>> str(whole_periods(Size(256, 512), Period(63.5, 31.8)))
    '508x254'
    """
    height, width = (
        side if length is None else max(1, round(max(1, round(side / length)) * length))
        for side, length in zip(size, (period.y, period.x), strict=True)
    )
    return Size(height, width)


def _autocorrelation(grey: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the correlation with itself, moved by 0, 1, 2 and so on pixels along an axis."""
    extent = grey.shape[axis]
    # What varies over the whole image is light, not texture.
    flat = grey - gaussian_filter1d(grey, extent / 6, axis=axis, mode="reflect")
    flat = flat - flat.mean()
    lags = extent * 2 // 3
    spectrum = fft.rfft(flat, 2 * extent, axis=axis)
    products = fft.irfft(np.abs(spectrum) ** 2, axis=axis).sum(axis=1 - axis)[:lags]
    squares = (flat**2).sum(axis=1 - axis)
    # Of the two parts that overlap at a lag, each has its own energy.
    ahead, behind = np.cumsum(squares)[::-1][:lags], np.cumsum(squares[::-1])[::-1][:lags]
    energy = np.sqrt(ahead * behind)
    found: NDArray[np.float64] = products / np.maximum(energy, 1e-12)
    return found


def _repeats(correlation: NDArray[np.float64]) -> float | None:
    peaks = [lag for lag in range(1, len(correlation) - 1) if _is_peak(correlation, lag)]
    for first in peaks:
        length, heights = _multiples(correlation, first)
        if len(heights) < len(correlation) // first - 1:
            continue  # not all of its multiples are
        odd, even = heights[::2], heights[1::2]
        while len(even) > 1 and np.mean(odd) < _ALIKE * np.mean(even):
            length, heights = _multiples(correlation, 2 * length)
            odd, even = heights[::2], heights[1::2]
        return length
    return None


def _alternates(correlation: NDArray[np.float64], length: float) -> bool:
    """Whether light and dark change places after a length, as in stripes, whose edges are alike."""
    once, twice = np.interp([length, 2 * length], np.arange(len(correlation)), correlation)
    return bool(twice >= _LEAST_CORRELATION and once < -twice / 2)


def _multiples(correlation: NDArray[np.float64], length: float) -> tuple[float, list[float]]:
    """Return a length by the last of its multiples that is a peak, and the heights of all."""
    heights: list[float] = []
    for times in range(1, int((len(correlation) - 2) / length) + 1):
        reach = max(1, round(length / 8))
        about = round(times * length)
        near = np.arange(max(1, about - reach), min(len(correlation) - 1, about + reach + 1))
        if not len(near):
            break
        best = int(near[np.argmax(correlation[near])])
        if not _is_peak(correlation, best):
            break
        place, height = _between_pixels(correlation, best)
        heights.append(height)
        length = place / times
    return length, heights


def _is_peak(correlation: NDArray[np.float64], lag: int) -> bool:
    before, height, after = correlation[lag - 1 : lag + 2]
    return bool(
        lag >= _LEAST_PERIOD
        and height >= max(before, after, _LEAST_CORRELATION)
        and height - correlation[: lag + 1].min() >= _LEAST_RISE
    )


def _between_pixels(correlation: NDArray[np.float64], lag: int) -> tuple[float, float]:
    """Return where the parabola through a peak and its neighbours is highest, and how high."""
    before, here, after = correlation[lag - 1 : lag + 2]
    curvature = before - 2 * here + after
    if curvature >= 0:
        return float(lag), float(here)
    aside = 0.5 * (before - after) / curvature
    return float(lag + aside), float(here - 0.25 * (before - after) * aside)
