"""Where an optimisation starts, and what a finer scale adds to the coarser one's result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image, resize
from texonnx.noise import standard_normal
from texonnx.optim.spot_noise import spot_noise
from texonnx.sizes import Size, size_of

_CONTRAST = {"noise": 0.05, "mean": 0.01}
"""Standard deviation of the noise; a flat image would keep what is symmetric symmetric."""
_MOST_GAIN = 2.0
"""Of the contrast of averaged details."""
_LEAST_CONTRAST = 1e-4
"""Where there is no detail, nothing is divided by 0."""


def initial_image(init: str, exemplar: Image, size: Size, seed: int) -> Image:
    """Return the exemplar's mean colour with seeded noise, [1, 3, H, W] in [0, 1].

    Parameters
    ----------
    init
        ``spectrum``, noise with the exemplar's colours and power spectrum; ``noise``, a little
        Gaussian noise; ``mean``, hardly any.
    exemplar
        [1, 3, H', W'], in [0, 1].
    size
        Height and width in pixels.
    seed
        The same seed gives the same image.
    """
    colour = exemplar.mean(axis=(2, 3), keepdims=True)
    if init == "spectrum":
        noise = spot_noise(exemplar, _white(size, seed))
    else:
        noise = np.float32(_CONTRAST[init]) * standard_normal((1, 3, *size), seed, 0)
    image: Image = colour + noise
    return image.clip(0, 1)


def with_detail(image: Image, exemplar: Image, coarser: Size, seed: int) -> Image:
    """Return `image`, enlarged from a coarser scale, with noise where it has no detail.

    The noise has the spectrum of what the exemplar has at this scale and not at the coarser one.

    Parameters
    ----------
    image
        [1, 3, H, W].
    exemplar
        The exemplar at this scale, [1, 3, H', W'].
    coarser
        The exemplar's height and width at the coarser scale.
    seed
        The same seed and size give the same noise.
    """
    return image + spot_noise(_detail(exemplar, coarser), _white(size_of(image), seed))


def blended(images: Sequence[tuple[Image, float]], coarser: Size) -> Image:
    """Return the average of images that differ in their detail, by what each counts, in all 1.

    Details that have nothing to do with each other average to less contrast than they have, so the
    detail of the average gets the contrast that theirs have in the mean.

    Parameters
    ----------
    images
        Each [1, 3, H, W], and its share.
    coarser
        Height and width at which they show no detail.
    """
    if len(images) == 1:
        return images[0][0]
    average = np.sum([np.float32(share) * image for image, share in images], axis=0)
    wanted = sum(share * _contrast(_detail(image, coarser)) for image, share in images)
    detail = _detail(average, coarser)
    gain = np.minimum(wanted / np.maximum(_contrast(detail), _LEAST_CONTRAST), _MOST_GAIN)
    finer: Image = average + (gain - 1).astype(np.float32) * detail
    return finer


def _detail(image: Image, coarser: Size) -> Image:
    """Return what an image shows and does not at a coarser size."""
    return image - resize(resize(image, *coarser), *size_of(image))


def _contrast(detail: Image) -> NDArray[np.float32]:
    return np.asarray(detail.std(axis=(2, 3), keepdims=True))


def _white(size: Size, seed: int) -> NDArray[np.float32]:
    """Return white noise, [H, W], another one for every number of pixels."""
    return standard_normal(size, seed, size[0] * size[1])
