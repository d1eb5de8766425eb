"""The VGG-16 and VGG-19 tables, and the parsing of layer sets.

Source of the tables: Simonyan and Zisserman, "Very Deep Convolutional Networks for
Large-Scale Image Recognition", 2015, configurations D (VGG-16) and E (VGG-19).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from texonnx.errors import OptionError, unknown

_BLOCK_CHANNELS = (64, 128, 256, 512, 512)
BLOCKS = len(_BLOCK_CHANNELS)
_CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}

ARCHITECTURES = tuple(_CONVOLUTIONS)
LAYER_SETS = ("all", "one-per-block", "shallow", "deep")


@dataclass(frozen=True)
class ConvLayer:
    """One 3x3 convolution and its ReLU."""

    name: str
    block: int
    in_channels: int
    out_channels: int

    @property
    def pools_before(self) -> int:
        """How many 2x2 poolings lie between the image and this layer."""
        return self.block - 1


def check_architecture(arch: str) -> str:
    """Return `arch` if it is known, else raise :class:`OptionError`."""
    if arch not in _CONVOLUTIONS:
        raise OptionError(unknown("architecture", arch, ARCHITECTURES))
    return arch


def conv_layers(arch: str) -> tuple[ConvLayer, ...]:
    """Return the convolutions of `arch` in network order: 13 for VGG-16, 16 for VGG-19."""
    check_architecture(arch)
    layers = []
    channels = 3
    for block, count in enumerate(_CONVOLUTIONS[arch], start=1):
        for index in range(1, count + 1):
            width = _BLOCK_CHANNELS[block - 1]
            layers.append(ConvLayer(f"conv{block}_{index}", block, channels, width))
            channels = width
    return tuple(layers)


def layer_names(arch: str) -> tuple[str, ...]:
    """Return the layer names of `arch` in network order.

    Examples
    --------
    >>> layer_names("vgg16")[:3]
    ('conv1_1', 'conv1_2', 'conv2_1')
    """
    return tuple(layer.name for layer in conv_layers(arch))


def parse_layers(text: str, arch: str) -> tuple[str, ...]:
    """Turn a layer set's name or a comma-separated list into layer names.

    Parameters
    ----------
    text
        ``all``; ``one-per-block`` (the first convolution of each block); ``shallow`` (blocks 1
        and 2); ``deep`` (blocks 4 and 5); or names such as ``conv1_1,conv2_1``, whose order is
        kept.
    arch
        ``vgg16`` or ``vgg19``.

    Raises
    ------
    OptionError
        For an unknown or repeated name, or an empty list.

    Examples
    --------
    >>> parse_layers("one-per-block", "vgg16")
    ('conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv5_1')
    """
    layers = conv_layers(arch)
    sets = {
        "all": layers,
        "one-per-block": [layer for layer in layers if layer.name.endswith("_1")],
        "shallow": [layer for layer in layers if layer.block <= 2],
        "deep": [layer for layer in layers if layer.block >= 4],
    }
    if text in sets:
        return tuple(layer.name for layer in sets[text])
    known = layer_names(arch)
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names:
        raise OptionError(f"no layer is named in '{text}'; name some of {', '.join(known)}")
    for name in names:
        if name not in known:
            raise OptionError(unknown(f"{arch} layer", name, [*LAYER_SETS, *known]))
        if names.count(name) > 1:
            raise OptionError(f"layer '{name}' is named more than once")
    return tuple(names)


def pools_before(layer: str) -> int:
    """How many 2x2 poolings lie between the image and the named layer.

    Examples
    --------
    >>> pools_before("conv3_2")
    2
    """
    return int(layer.removeprefix("conv").partition("_")[0]) - 1


def layer_channels(layer: str) -> int:
    """Return how many channels the named layer has.

    Examples
    --------
    >>> layer_channels("conv4_2")
    512
    """
    return _BLOCK_CHANNELS[pools_before(layer)]


def minimum_size(layers: Sequence[str]) -> int:
    """Return the least height and width in pixels that leave each of `layers` one position.

    That is 1 where there are none.

    Examples
    --------
    >>> minimum_size(["conv1_1", "conv5_3"])
    16
    """
    return 1 << max((pools_before(layer) for layer in layers), default=0)
