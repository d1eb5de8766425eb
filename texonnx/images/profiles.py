"""Colours of a file brought to sRGB: by its profile, or by what a PNG says in place of one.

Profiles go through Little CMS. Where a PNG has none, its cICP or its gAMA and cHRM chunks say what
its numbers mean (Portable Network Graphics, Third Edition, 2023, sections 4.3 and 11.3.2), and the
formulas are those of IEC 61966-2-1 and ITU-R BT.709; white points are adapted as Bradford does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import ImageError

Values = NDArray[np.float32]
"""[H, W, 1 or 3], in [0, 1]."""

_LEVEL = 1 / 255
_SPACES = {1: "gray", 3: "rgb", 4: "cmyk"}
_RELATIVE_COLORIMETRIC = 1
_BLACK_POINT_COMPENSATION = 0x2000
_NO_TABLES = 0x0100
"""Little CMS would interpolate 16 bits in tables that are off by a level of 8 bits in the dark."""

Point = tuple[float, float]
"""x and y of a colour (CIE 1931)."""

_BT709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_D65 = (0.3127, 0.3290)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)

# ITU-T H.273, tables 2 and 3.
_PRIMARIES = {1: _BT709, 9: _BT2020, 12: _P3}
_BT709_CURVES = (1, 6, 14, 15)
_LINEAR, _SRGB = 8, 13
_HIGH_DYNAMIC_RANGE = {16: "PQ", 18: "HLG"}

_GAMMA_OF_SRGB = 1 / 2.2
_NEARLY = 0.01


@dataclass(frozen=True)
class Encoding:
    """What the numbers of a PNG without a profile mean.

    Attributes
    ----------
    name
        In words.
    primaries
        x and y of red, green and blue.
    white
        x and y.
    curve
        A transfer function of H.273, or the power that light is raised to.
    """

    name: str
    primaries: tuple[Point, ...] = _BT709
    white: Point = _D65
    curve: int | float = _SRGB

    def to_srgb(self, values: Values) -> Values:
        """Return the values in sRGB; what that cannot hold is clipped."""
        light = _light(values.astype(np.float64), self.curve)
        if light.shape[-1] == 3:
            light = light @ (np.linalg.inv(_to_xyz(_BT709, _D65)) @ self._matrix()).T
        return _srgb_of_light(light).astype(np.float32)

    def _matrix(self) -> NDArray[np.float64]:
        """Return what takes its light to XYZ under D65."""
        return _adaptation(self.white, _D65) @ _to_xyz(self.primaries, self.white)


LINEAR = Encoding("linear light", curve=_LINEAR)


def through_profile(pixels: NDArray[np.unsignedinteger], profile: bytes) -> Values | None:
    """Return pixels in sRGB by an ICC profile, relative colorimetric.

    Parameters
    ----------
    pixels
        uint8 or uint16, [H, W, 1] grey, [H, W, 3] RGB or [H, W, 4] CMYK (0 is no ink).
    profile
        Of that kind of pixels.

    Returns
    -------
    ndarray or None
        [H, W, 3], or [H, W, 1] of grey; None where the profile is sRGB's own, or as good as that.

    Raises
    ------
    ImageError
        When the profile is damaged, or of another kind of pixels.
    """
    if pixels.shape[-1] != 4 and _is_srgb(profile, pixels.shape[-1]):
        return None
    return _transformed(pixels, profile)


@cache
def srgb_profile(*, grey: bool) -> bytes:
    """Return the profile that says sRGB of what is written; the same bytes on every day."""
    import imagecodecs

    if not grey:
        made = bytes(imagecodecs.cms_profile("srgb"))
    else:
        levels = np.linspace(0, 1, 4096)
        curve = (65535 * _light(levels, _SRGB)).round().astype(np.uint16)
        made = bytes(
            imagecodecs.cms_profile("gray", whitepoint=[*_D65, 1.0], transferfunction=curve)
        )
    # The date of its making (ICC.1, 7.2.8), and Little CMS notes no checksum.
    return made[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + made[36:]


def name_of(profile: bytes) -> str:
    """Return what a profile calls itself; an empty text where it does not say."""
    import io

    from PIL import ImageCms

    try:
        return ImageCms.getProfileDescription(ImageCms.getOpenProfile(io.BytesIO(profile))).strip()
    except Exception:  # Pillow has errors of several types for damaged ones
        return ""


def encoding_of_png(head: bytes) -> Encoding | None:
    """Return what the chunks before the pixels say; None for sRGB, or where they say nothing.

    Raises
    ------
    ImageError
        When they name a transfer function that has no place in an image from 0 to 1.
    """
    chunks = dict(_chunks(head))
    if b"cICP" in chunks and len(chunks[b"cICP"]) == 4:
        return _of_code_points(chunks[b"cICP"])
    if b"sRGB" in chunks or b"iCCP" in chunks or b"gAMA" not in chunks:
        return None
    gamma = struct.unpack(">I", chunks[b"gAMA"][:4])[0] / 1e5
    primaries: tuple[Point, ...] = _BT709
    white: Point = _D65
    if len(chunks.get(b"cHRM", b"")) == 32:
        numbers = np.array(struct.unpack(">8I", chunks[b"cHRM"])) / 1e5
        white, *colours = ((x, y) for x, y in numbers.reshape(4, 2).tolist())
        primaries = tuple(colours)
    usual = np.allclose([*primaries, white], [*_BT709, _D65], atol=_NEARLY)
    if gamma <= 0 or (usual and abs(gamma - _GAMMA_OF_SRGB) < _NEARLY):
        return None
    if usual:
        return Encoding(f"gamma {gamma:.4g}", curve=1 / gamma)
    return Encoding(f"gamma {gamma:.4g} and primaries of its own", primaries, white, 1 / gamma)


def _of_code_points(points: bytes) -> Encoding | None:
    primaries, curve, matrix, full_range = points
    if curve in _HIGH_DYNAMIC_RANGE:
        raise ImageError(
            f"its brightness is encoded as {_HIGH_DYNAMIC_RANGE[curve]}, for displays of a high "
            "dynamic range; convert it to sRGB"
        )
    known = curve in (*_BT709_CURVES, _LINEAR, _SRGB) and primaries in _PRIMARIES
    if not known or matrix != 0 or full_range != 1:
        raise ImageError(
            f"its colours are encoded as cICP {primaries}, {curve}, {matrix}, {full_range}, which "
            "is not known here; convert it to sRGB"
        )
    if (primaries, curve) == (1, _SRGB):
        return None
    name = f"cICP {primaries}, {curve}"
    return Encoding(name, _PRIMARIES[primaries], curve=1 if curve in _BT709_CURVES else curve)


def _chunks(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place + 8 <= len(head):
        length, kind = struct.unpack_from(">I4s", head, place)
        if kind in (b"IDAT", b"IEND"):
            return
        yield kind, head[place + 8 : place + 8 + length]
        place += 12 + length


def _light(values: NDArray[np.float64], curve: float) -> NDArray[np.float64]:
    if isinstance(curve, float):
        return np.asarray(values**curve)
    if curve == _LINEAR:
        return values
    if curve == _SRGB:
        return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.where(values < 0.081, values / 4.5, ((values + 0.099) / 1.099) ** (1 / 0.45))


def _srgb_of_light(light: NDArray[np.float64]) -> NDArray[np.float64]:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _to_xyz(primaries: tuple[Point, ...], white: Point) -> NDArray[np.float64]:
    """Return the matrix from linear RGB to XYZ (SMPTE RP 177)."""
    columns = np.array([_xyz(point) for point in primaries]).T
    return columns * np.linalg.solve(columns, _xyz(white))


def _xyz(point: Point) -> NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])


def _adaptation(source: Point, destination: Point) -> NDArray[np.float64]:
    gains = (_BRADFORD @ _xyz(destination)) / (_BRADFORD @ _xyz(source))
    return np.asarray(np.linalg.inv(_BRADFORD) @ (gains[:, None] * _BRADFORD))


@cache
def _is_srgb(profile: bytes, channels: int) -> bool:
    """Whether it changes no colour by half a level of 8 bits."""
    steps = np.linspace(0, 65535, 9).round().astype(np.uint16)
    if channels == 1:
        probe = steps.reshape(-1, 1, 1)
    else:
        probe = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 1, 3)
    changed = _transformed(probe, profile) - probe.astype(np.float32) / 65535
    return float(np.abs(changed).max()) < _LEVEL / 2


def _transformed(pixels: NDArray[np.unsignedinteger], profile: bytes) -> Values:
    import imagecodecs

    space = _SPACES[pixels.shape[-1]]
    grey = space == "gray"
    try:
        converted = imagecodecs.cms_transform(
            pixels[..., 0] if grey else pixels,
            profile,
            imagecodecs.cms_profile("srgb"),
            colorspace=space,
            outcolorspace="rgb",
            outdtype=np.uint16,
            intent=_RELATIVE_COLORIMETRIC,
            flags=_BLACK_POINT_COMPENSATION | _NO_TABLES,
        )
    except Exception as error:  # of a type that the package keeps to itself
        raise ImageError("its colour profile cannot be applied") from error
    values = np.asarray(converted, np.float32) / np.float32(65535)
    return values[..., 1:2] if grey else values
