"""The pixel conventions of published VGG files, and the exact folding of one into the other."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import WeightsError, unknown
from texonnx.weights.activation_scale import mean_activation
from texonnx.weights.catalogue import CANONICAL_MEAN, FIRST_ACTIVATION, FIRST_FILTERS

if TYPE_CHECKING:
    from texonnx.weights.network import FloatArray

Convention: TypeAlias = Literal["caffe", "torch", "caffe-rgb"]
"""``caffe``: BGR, 0..255 minus the mean. ``torch``: RGB, 0..1, minus a mean, over a deviation.
``caffe-rgb``: as ``caffe``, but RGB."""

CONVENTIONS: tuple[str, ...] = get_args(Convention)

TORCH_MEAN = (0.485, 0.456, 0.406)
TORCH_DEVIATION = (0.229, 0.224, 0.225)


def check_convention(convention: str) -> Convention:
    """Return `convention` if it is known, else raise :class:`WeightsError`."""
    if convention not in CONVENTIONS:
        raise WeightsError(unknown("pixel convention", convention, CONVENTIONS))
    return cast("Convention", convention)


def fold_convention(
    first_kernel: FloatArray, convention: Convention
) -> tuple[FloatArray, tuple[float, float, float]]:
    """Return the kernel of conv1_1 for BGR pixels in 0..255 minus a mean, and that mean in RGB.

    `first_kernel` is ``[64, 3, 3, 3]``, its input channels in the order of `convention`.
    With the torch convention the network sees ``(x / 255 - m) / s`` for each of red, green and
    blue, padded with zeros after that. Dividing the kernel by ``255 s`` and subtracting
    ``255 m`` from the pixels gives the same sums, so the bias stays.
    """
    if convention == "caffe":
        return first_kernel, CANONICAL_MEAN
    if convention == "caffe-rgb":
        return np.ascontiguousarray(first_kernel[:, ::-1]), CANONICAL_MEAN
    deviation = 255.0 * np.asarray(TORCH_DEVIATION, dtype=np.float64)
    folded = first_kernel.astype(np.float64) / deviation[None, :, None, None]
    red, green, blue = (255.0 * value for value in TORCH_MEAN)
    return np.ascontiguousarray(folded[:, ::-1], dtype=np.float32), (red, green, blue)


def fold_pixels(
    first_kernel: FloatArray, pixels: FloatArray, bias: FloatArray
) -> tuple[FloatArray, tuple[float, float, float]]:
    """Return what :func:`fold_convention` does, for a 1x1 convolution that prepares the pixels.

    It makes ``A x + c`` of RGB pixels x in 0..1, which is ``A (x - m)`` with ``m = -A^-1 c``:
    `pixels` is A as ``[3, 3, 1, 1]``, `bias` is c.

    Raises
    ------
    WeightsError
        When A has no inverse.
    """
    matrix = pixels[:, :, 0, 0].astype(np.float64)
    try:
        mean = 255.0 * np.linalg.solve(matrix, -bias.astype(np.float64))
    except np.linalg.LinAlgError:
        raise WeightsError("its 1x1 convolution loses a colour") from None
    folded = np.einsum("ocyx,ci->oiyx", first_kernel.astype(np.float64), matrix / 255.0)
    red, green, blue = mean.tolist()
    return np.ascontiguousarray(folded[:, ::-1], dtype=np.float32), (red, green, blue)


_ALIKE = 0.9
"""The cosine from which on biases, or kernels, are those of the same filters."""
_FACTOR = 4.0
"""By which the first activation of a network made from the canonical one may differ from that."""
_PLAUSIBLE = (0.02, 1000.0)
"""Within these lies the mean first activation of any network that sees its pixels as it should."""


@dataclass(frozen=True)
class Choice:
    """A convention, and why it was taken."""

    convention: Convention
    why: str


def choose_convention(
    kernel: FloatArray, bias: FloatArray, arch: str, named: Convention, asked: Convention | None
) -> Choice:
    """Return the convention of a network, of which these are the kernel and bias of conv1_1.

    What the user asks for is taken. Else the numbers tell, where they can: the filters of a network
    that was made from the canonical one are still alike, and their activation on the calibration
    image must be too. Of any other network the names of its tensors tell, unless the activation is
    one that no network has.

    Raises
    ------
    WeightsError
        Where none gives activations as they should be.
    """
    if asked is not None:
        return Choice(asked, "as was asked for")
    found = {
        convention: mean_activation(*fold_convention(kernel, convention), bias)
        for convention in cast("tuple[Convention, ...]", CONVENTIONS)
    }
    if (known := FIRST_FILTERS.get(arch)) is not None:
        filters = _decoded(known)
        if _cosine(filters[:, 0], bias) > _ALIKE:
            return _by_filters(kernel, filters[:, 1:], found, FIRST_ACTIVATION[arch])
    least, most = _PLAUSIBLE
    if least <= found[named] <= most:
        return Choice(named, "by the names of its tensors")
    others: tuple[Convention, ...] = ("caffe", "torch")
    for convention in others:
        if least <= found[convention] <= most:
            why = f"the names say {named}, which would give activations of {found[named]:.3g}"
            return Choice(convention, why)
    told = ", ".join(f"{value:.3g} as {convention}" for convention, value in found.items())
    raise WeightsError(
        f"its first layer has mean activations of {told}: none is plausible; if one is right, name "
        "it with --convention"
    )


def _by_filters(
    kernel: FloatArray,
    filters: NDArray[np.float64],
    found: dict[Convention, float],
    expected: float,
) -> Choice:
    """Return the convention in which a network made from the canonical one is still alike."""
    in_order = _cosine(kernel.sum(axis=(2, 3)), filters) >= _cosine(
        kernel[:, ::-1].sum(axis=(2, 3)), filters
    )
    fits: list[Convention] = ["caffe"] if in_order else ["torch", "caffe-rgb"]
    nearest = min(fits, key=lambda one: abs(np.log(max(found[one], 1e-9) / expected)))
    if not expected / _FACTOR <= found[nearest] <= expected * _FACTOR:
        raise WeightsError(
            f"its first filters are those of the canonical network, and their mean activation is "
            f"{found[nearest]:.3g} where it is {expected:.3g} there; name a convention with "
            "--convention"
        )
    return Choice(nearest, f"by its numbers: a mean first activation of {found[nearest]:.3g}")


def _decoded(text: str) -> NDArray[np.float64]:
    """Return bias, blue, green and red of each filter, [filters, 4]."""
    return np.frombuffer(base64.b64decode(text), np.float16).reshape(-1, 4).astype(np.float64)


def _cosine(a: NDArray[Any], b: NDArray[Any]) -> float:
    if a.size != b.size:
        return 0.0
    one, other = (np.asarray(x, np.float64).ravel() for x in (a, b))
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / length if np.isfinite(length) and length > 0 else 0.0
