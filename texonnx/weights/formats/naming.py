"""The ways in which published files name the tensors of a VGG network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from texonnx.weights.conventions import Convention


@dataclass(frozen=True)
class Naming:
    """One way of naming; the groups of `pattern` are the layer's position in the network."""

    pattern: re.Pattern[str]
    convention: Convention
    may_omit_norms: bool = False
    """Whether batch normalisation under a foreign name might lie between the convolutions."""


NAMINGS = (
    # Keras applications: block1_conv1/block1_conv1_W_1:0, block1_conv1/kernel:0
    Naming(re.compile(r"block(\d)_conv(\d)(?!\d)"), "caffe"),
    # Caffe and its descendants: conv1_1/0, conv1_1_W, conv1_1.weight
    Naming(re.compile(r"conv(\d)_(\d)(?!\d)"), "caffe", may_omit_norms=True),
    # torchvision: features.0.weight, module.features.1.running_mean, or 0.weight
    Naming(re.compile(r"(?:^|\.)features\.(\d+)\."), "torch"),
    Naming(re.compile(r"^(\d+)\.(?=weight|bias|running)"), "torch"),
    # The ONNX model zoo's, from Gluon: vgg0_conv0_weight, vgg0_batchnorm0_gamma
    Naming(re.compile(r"vgg\d+_(?:conv|batchnorm)(\d+)_"), "torch"),
    # Keras layers without names of their own: conv2d/kernel:0, layers/conv2d_1/vars/0
    Naming(re.compile(r"(?:^|/)conv2d(?:_(\d+))?/"), "caffe", may_omit_norms=True),
)

# What a vector is for, by what follows the position in its name. Lists without names hold kernel,
# bias and, where made from batch-norm networks, gamma, beta, mean, variance.
_ROLES = (
    ("mean", re.compile(r"(running|moving)_?mean|^\W?(mean|4)$")),
    ("variance", re.compile(r"(running|moving)_?var|^\W?(var|variance|5)$")),
    ("gamma", re.compile(r"gamma|scale|weight|^\W?2$")),
    ("beta", re.compile(r"beta|offset|^\W?3$")),
)
_WRAPPED = "module."
"""What PyTorch puts into names, anywhere, for a network that ran on several devices."""
_NORMALISATION = re.compile(r"(running|moving)_?(mean|var)|gamma")


def position_and_role(name: str, naming: Naming) -> tuple[tuple[int, ...], str] | None:
    """Return where in the network the vector `name` belongs and what it is for, if known.

    Examples
    --------
    >>> position_and_role("block1_conv2/bias:0", NAMINGS[0])
    ((1, 2), 'bias')
    >>> position_and_role("features.1.running_mean", NAMINGS[2])
    ((1,), 'mean')
    """
    name = name.replace(_WRAPPED, "")
    matches = list(naming.pattern.finditer(name))
    if not matches:
        return None
    position = tuple(int(part or 0) for part in matches[-1].groups())
    rest = name[matches[-1].end() :]
    role = next((role for role, pattern in _ROLES if pattern.search(rest)), "bias")
    return position, role


def is_normalisation(name: str) -> bool:
    """Whether `name` is that of a batch normalisation's tensor."""
    return _NORMALISATION.search(name) is not None
