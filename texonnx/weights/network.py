"""The weights of a VGG network in texonnx's one convention, and their digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from texonnx.vgg import layer_names

if TYPE_CHECKING:
    from collections.abc import Mapping

FloatArray: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class VggWeights:
    """The convolutions of a VGG network, for pixels in 0..255 minus `mean`, channels in BGR.

    Attributes
    ----------
    arch
        ``vgg16`` or ``vgg19``.
    kernels
        For each layer, in network order, float32 ``[out, in, 3, 3]``. The three input channels
        of ``conv1_1`` are blue, green, red.
    biases
        For each layer, float32 ``[out]``.
    mean
        What is subtracted from the pixels, in the order red, green, blue, in units of 0..255.
    activation_scale
        The mean activation of each layer after ReLU, with average pooling, on natural images.
        Dividing a layer by it changes the units of its features and nothing else.
    source
        Where the numbers come from, in a phrase.
    random
        Whether the numbers were drawn at random instead of trained.
    """

    arch: str
    kernels: Mapping[str, FloatArray]
    biases: Mapping[str, FloatArray]
    mean: tuple[float, float, float]
    activation_scale: Mapping[str, float]
    source: str
    random: bool

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the tensors: see :func:`tensor_digest`."""
        return tensor_digest(self.arch, self.kernels, self.biases)


def tensor_digest(
    arch: str, kernels: Mapping[str, FloatArray], biases: Mapping[str, FloatArray]
) -> str:
    """Return the SHA-256, in hexadecimal, of the tensors of a network.

    The bytes are float32, little-endian, in the order ``conv1_1`` kernel, ``conv1_1`` bias,
    ``conv1_2`` kernel and so on; each kernel is ``[out, in, 3, 3]`` with BGR input channels.
    """
    sha = hashlib.sha256()
    for layer in layer_names(arch):
        for tensor in (kernels[layer], biases[layer]):
            sha.update(np.ascontiguousarray(tensor, dtype="<f4").data)
    return sha.hexdigest()
