"""Images as arrays: float32, [1, 3, H, W], RGB, in [0, 1]."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from texonnx.errors import ImageError
from texonnx.sizes import MAX_PIXELS, Size, size_of

Image: TypeAlias = NDArray[np.float32]
"""What every function here takes and returns, unless it says otherwise."""


def resize(image: Image, height: int, width: int) -> Image:
    """Resample with an antialiased Lanczos filter, in float, and clip to [0, 1].

    The same size gives an equal copy. Raises as :func:`check_new_size` does.
    """
    check_new_size(height, width)
    if image.shape[2:] == (height, width):
        return image.copy()
    channels = [
        PIL.Image.fromarray(channel).resize((width, height), PIL.Image.Resampling.LANCZOS)
        for channel in image[0].astype(np.float32, copy=False)
    ]
    return np.stack([np.asarray(channel) for channel in channels])[np.newaxis].clip(0, 1)


def check_new_size(height: int, width: int) -> None:
    """Raise :class:`ImageError` for sides below 1 pixel or an area above `MAX_PIXELS`."""
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise ImageError(
            f"cannot resize an image to {width} x {height} pixels; "
            f"sides of at least 1 pixel and at most {MAX_PIXELS // 10**6} megapixels are accepted"
        )


def repeated(image: Image, times: int) -> Image:
    """Return an image so many times across and down."""
    return np.tile(image, (1, 1, times, times))


def scale_shorter_side(image: Image, pixels: int) -> Image:
    """Resize so that the shorter side has `pixels` pixels, with the aspect ratio kept.

    Raises :class:`ImageError` when that is below 1, or as :func:`check_new_size` does.
    """
    if pixels < 1:
        raise ImageError(f"the shorter side cannot be {pixels} pixels; at least 1 is accepted")
    return resize(image, *size_by_shorter_side(size_of(image), pixels))


def size_by_shorter_side(size: Size, pixels: int) -> Size:
    """Return height and width with the shorter one at `pixels`; halves round up.

    Examples
    --------
    >>> size_by_shorter_side(Size(300, 401), 256)
    Size(height=256, width=342)
    """
    shorter = min(size)
    return Size(*((2 * side * pixels + shorter) // (2 * shorter) for side in size))


def as_picture(image: Image) -> PIL.Image.Image:
    """Return the image in 8 bits a channel; values outside [0, 1] are clipped."""
    pixels = image[0].clip(0, 1).transpose(1, 2, 0)
    return PIL.Image.fromarray(np.rint(pixels * 255).astype(np.uint8))


def as_image(pixels: NDArray[np.float32]) -> Image:
    """Return pixels [H, W, 3] as an image."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])


def check_image(array: object) -> Image:
    """Validate an image handed over by a user of the library.

    Parameters
    ----------
    array
        Floats of shape [1, 3, H, W], RGB, in [0, 1] within 1e-6.

    Returns
    -------
    ndarray
        A contiguous float32 copy, clipped to [0, 1].

    Raises
    ------
    ImageError
        For another shape or type, or values that are not finite or out of range.
    """
    values = finite_image(array)
    low, high = float(values.min()), float(values.max())
    if low < -1e-6 or high > 1 + 1e-6:
        raise ImageError(f"the image's values run from {low:g} to {high:g}; 0 to 1 is accepted")
    return np.ascontiguousarray(values.clip(0, 1), dtype=np.float32)


def finite_image(array: object) -> NDArray[np.floating[Any]]:
    """Return `array` if it is an image of the right shape and type with finite values."""
    accepted = "floats of shape [1, 3, H, W] are accepted"
    try:
        values = np.asarray(array)
    except Exception:
        raise ImageError(f"an image cannot be made of {type(array).__name__}; {accepted}") from None
    if values.ndim != 4 or values.shape[:2] != (1, 3) or values.size == 0:
        raise ImageError(f"the image has the shape {list(values.shape)}; {accepted}")
    if values.dtype.kind != "f":
        raise ImageError(f"the image has values of type {values.dtype}; {accepted}, in 0 to 1")
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise ImageError(
            f"{bad} of the image's {values.size} values are not finite; 0 to 1 is accepted"
        )
    return values
