"""The power spectrum of an image by spatial frequency, and how two of them differ."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

RINGS = 24
"""Of equal width, from 0 to 1/2 cycle per pixel; the corners beyond are left out."""
_ROUNDING_POWER = (1 / 255) ** 2 / 12
"""Of rounding to 8 bits; added, so that a flat image has a logarithm too."""


def log_power(planes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the natural logarithm of the power in rings of equal spatial frequency.

    The image, its mean taken off, is faded out towards its borders by a Hann window. The power is
    that of a pixel: white noise has its variance in every ring, whatever the image's size.

    Parameters
    ----------
    planes
        Shape [3, H, W].

    Returns
    -------
    ndarray
        Shape [3, RINGS]; NaN where a small image has no frequency in a ring.
    """
    height, width = planes.shape[1:]
    window = np.outer(_hann(height), _hann(width))
    mean = (planes * window).sum(axis=(1, 2), keepdims=True) / window.sum()
    spectrum = scipy.fft.fft2((planes - mean) * window)
    power = np.square(np.abs(spectrum)) / np.square(window).sum()
    frequency = np.hypot(scipy.fft.fftfreq(height)[:, np.newaxis], scipy.fft.fftfreq(width))
    ring = np.floor(frequency * 2 * RINGS).astype(int)
    # Frequency 0 is the mean, which is gone.
    inside = (ring < RINGS) & (frequency > 0)
    members = np.bincount(ring[inside], minlength=RINGS)
    sums = [np.bincount(ring[inside], plane[inside], minlength=RINGS) for plane in power]
    mean_power = np.stack(sums) / np.where(members, members, np.nan)
    return np.asarray(np.log(mean_power + _ROUNDING_POWER))


def spectrum_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the root mean square difference of two results of :func:`log_power`.

    In natural logarithms: 0.7 is a factor of 2 in power. Rings that either image lacks are left
    out.
    """
    return float(np.sqrt(np.nanmean(np.square(first - second))))


def _hann(length: int) -> NDArray[np.float64]:
    """Return the Hann window, without the zeros at its ends."""
    return np.asarray(np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2)
