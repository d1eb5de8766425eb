"""Keeping the content's colours in a style transfer: by luminance, or by the style's histogram.

Both ways are those of Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic
Style Transfer" (2016). With ``luminance``, content and style are transferred in grey and the
content's chrominance comes back at the end; with ``histogram``, the style first takes on the
content's colours and the transfer is an ordinary one. Style and content may differ in size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import ImageError
from texonnx.images.arrays import Image

_LUMA = np.array([0.299, 0.587, 0.114])
"""BT.601's weights of red, green and blue, which are those of YIQ's Y."""

_LEVEL = 1 / 255
"""Colours that vary by less than one level of 8 bits are noise, not to be stretched."""


def luminance(image: Image) -> Image:
    """Return the image in grey: Y = 0.299 R + 0.587 G + 0.114 B in each channel (BT.601, YIQ)."""
    return np.repeat(_luma(image), 3, axis=1).clip(0, 1)


def match_luminance(style: Image, content: Image) -> Image:
    """Give the style's luminance the mean and the standard deviation of the content's.

    This is Y' = (Y - mean Y) std(Y_content) / std(Y) + mean Y_content, the luminance-only transfer
    of the paper. A style without contrast, less than one level of 8 bits, is only shifted.

    The result is in grey, its three channels equal. It is clipped to [0, 1], so that mean and
    deviation are the content's up to what was cut off.
    """
    own, wanted = _luma(style).astype(np.float64), _luma(content).astype(np.float64)
    deviation = own.std()
    factor = wanted.std() / deviation if deviation >= _LEVEL else 1.0
    matched = (own - own.mean()) * factor + wanted.mean()
    return np.repeat(matched, 3, axis=1).clip(0, 1).astype(np.float32)


def with_colour_of(image: Image, content: Image) -> Image:
    """Return the luminance of `image` with the chrominance, YIQ's I and Q, of `content`.

    From YIQ to RGB, Y counts fully in each of the three channels; so with I and Q kept, the
    difference in luminance is added to each channel of the content.

    It is clipped to [0, 1]: where a colour cannot be that light or dark, it fades. Raises
    :class:`ImageError` when the two differ in size.
    """
    if image.shape != content.shape:
        sizes = " and ".join(f"{one.shape[3]}x{one.shape[2]}" for one in (image, content))
        raise ImageError(f"the colours of an image go to one of the same size, not {sizes}")
    return (content + (_luma(image) - _luma(content))).clip(0, 1).astype(np.float32, copy=False)


def match_colours(style: Image, content: Image) -> Image:
    """Map the style's colours linearly so that their mean and covariance are the content's.

    A pixel p becomes A (p - mean) + mean_content with A = C_content^1/2 C^-1/2, the square roots
    being the symmetric ones: of the paper's linear histogram matches that of image analogies
    (Hertzmann 2001). A direction in which the style's colours hardly vary, by a standard deviation
    under one level of 8 bits, is stretched as if it were one level.

    The result is clipped to [0, 1], so that mean and covariance are the content's up to what was
    cut off.
    """
    mean, covariance = _moments(style)
    wanted_mean, wanted_covariance = _moments(content)
    matrix = _power(wanted_covariance, 0.5, floor=0) @ _power(covariance, -0.5, floor=_LEVEL**2)
    offset = wanted_mean - matrix @ mean
    pixels = style[0].reshape(3, -1)
    matched: Image = matrix.astype(np.float32) @ pixels + offset.astype(np.float32)[:, np.newaxis]
    return matched.clip(0, 1).reshape(style.shape)


def _luma(image: Image) -> Image:
    """Return Y, [1, 1, H, W]."""
    luma: Image = np.tensordot(_LUMA.astype(np.float32), image[0], axes=1)
    return luma[np.newaxis, np.newaxis]


def _moments(image: Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean [3] and covariance [3, 3] of the colours."""
    pixels = image[0].reshape(3, -1).astype(np.float64)
    mean = pixels.mean(axis=1)
    pixels -= mean[:, np.newaxis]
    return mean, pixels @ pixels.T / pixels.shape[1]


def _power(covariance: NDArray[np.float64], exponent: float, floor: float) -> NDArray[np.float64]:
    """Return a power of a symmetric matrix, its eigenvalues raised to `floor` first."""
    values, vectors = np.linalg.eigh(covariance)
    powers = np.maximum(values, floor) ** exponent
    return np.asarray((vectors * powers) @ vectors.T)
