"""From a file in any format to the weights of a VGG network in the one convention."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from texonnx.errors import WeightsError
from texonnx.vgg import ARCHITECTURES, check_architecture, conv_layers, layer_names
from texonnx.weights import cache
from texonnx.weights.activation_scale import measure
from texonnx.weights.catalogue import ACTIVATION_SCALES, CANONICAL_MEAN, DIGESTS, SOURCES
from texonnx.weights.conventions import (
    Convention,
    check_convention,
    choose_convention,
    fold_convention,
    fold_pixels,
)
from texonnx.weights.formats import StoredNetwork, read_network
from texonnx.weights.network import FloatArray, VggWeights, tensor_digest

if TYPE_CHECKING:
    import os


def read_weights(
    path: str | os.PathLike[str], arch: str | None = None, convention: str | None = None
) -> VggWeights:
    """Read VGG weights from a file.

    Parameters
    ----------
    path
        A Keras ``.h5`` or ``.keras``, PyTorch ``.pth``, ``.safetensors``, ``.onnx``, MatConvNet
        ``.mat``, ``.npy`` or ``.npz`` file.
        It is recognised by its content before its suffix, and no code in it runs.
    arch
        ``vgg16`` or ``vgg19``, to insist on one; otherwise the convolutions tell.
    convention
        How the network wants its pixels: ``caffe`` (BGR, 0..255 minus the mean), ``caffe-rgb``
        (RGB so) or ``torch`` (RGB, 0..1, minus a mean, over a deviation). By default the numbers
        tell, where its first filters are those of the canonical network; else the names in the
        file: ``features.0`` is torch, ``conv1_1`` and ``block1_conv1`` are caffe, networks with
        batch normalisation and other ONNX models are torch, MatConvNet's caffe-rgb. Tensors equal
        to the canonical ones are known by their digest, and then `convention` does not matter. A
        1x1 convolution of the pixels in front, as of AdaIN's encoder, is folded in.

    Returns
    -------
    VggWeights
        Batch normalisation and pixel deviation folded in.

    Raises
    ------
    WeightsError
        When the file cannot be read, holds another network, or has weights that are not finite.
    OptionError
        For an unknown architecture.
    """
    path = Path(path)
    if arch is not None:
        check_architecture(arch)
    chosen = None if convention is None else check_convention(convention)
    if cache.is_saved(path):
        weights = cache.read(path)
        if chosen == "torch":
            raise WeightsError(f"'{path}' was saved by texonnx in the convention 'caffe'")
        _insist(path, weights.arch, arch)
        return weights
    stored = read_network(path)
    found = _architecture(stored, path)
    _insist(path, found, arch)
    try:
        return _canonicalised(stored, found, chosen, path.name)
    except WeightsError as error:
        raise WeightsError(f"'{path}' cannot be used: {error}") from None


def _canonicalised(
    stored: StoredNetwork, arch: str, asked: Convention | None, file: str
) -> VggWeights:
    """Bring the convolutions of `arch` read from `file`, all finite, into the one convention."""
    kernels, biases = {}, {}
    for name, item in zip(layer_names(arch), stored.convolutions, strict=True):
        if not (np.isfinite(item.kernel).all() and np.isfinite(item.bias).all()):
            raise WeightsError(f"it has weights in {name} that are not finite")
        kernels[name], biases[name] = item.kernel, item.bias

    canonical = _canonical_kernel(arch, kernels, biases)
    if canonical is not None:
        kernels["conv1_1"], mean, source = canonical, CANONICAL_MEAN, SOURCES[arch]
        scale = dict(ACTIVATION_SCALES[arch])
    else:
        first, bias = kernels["conv1_1"], biases["conv1_1"]
        if stored.pixels is not None and asked is None:
            kernels["conv1_1"], mean = fold_pixels(first, stored.pixels.kernel, stored.pixels.bias)
            told = "pixels as its 1x1 convolution prepares them"
        else:
            choice = choose_convention(first, bias, arch, stored.convention, asked)
            kernels["conv1_1"], mean = fold_convention(first, choice.convention)
            if stored.mean is not None and choice.convention == stored.convention:
                mean = stored.mean
            told = f"{choice.convention} convention, {choice.why}"
        source = f"imported from {file} ({told})"
        scale = measure(kernels, biases, mean, arch)
    return VggWeights(arch, kernels, biases, mean, scale, source, random=False)


def _canonical_kernel(
    arch: str, kernels: dict[str, FloatArray], biases: dict[str, FloatArray]
) -> FloatArray | None:
    """The first kernel in BGR if the tensors are the canonical ones, stored in BGR or RGB."""
    if arch not in DIGESTS:
        return None
    first = kernels["conv1_1"]
    for candidate in (first, np.ascontiguousarray(first[:, ::-1])):
        if tensor_digest(arch, {**kernels, "conv1_1": candidate}, biases) == DIGESTS[arch]:
            return candidate
    return None


def _architecture(stored: StoredNetwork, path: Path) -> str:
    shapes = [(*item.kernel.shape, *item.bias.shape) for item in stored.convolutions]
    for arch in ARCHITECTURES:
        expected = [
            (layer.out_channels, layer.in_channels, 3, 3, layer.out_channels)
            for layer in conv_layers(arch)
        ]
        if shapes == expected:
            return arch
    accepted = " or ".join(f"{len(conv_layers(arch))} of {arch}" for arch in ARCHITECTURES)
    widths = ", ".join(str(shape[0]) for shape in shapes[:20])
    raise WeightsError(
        f"'{path}' cannot be used: its {len(shapes)} convolutions with {widths} channels are not "
        f"the {accepted}"
    )


def _insist(path: Path, found: str, arch: str | None) -> None:
    if arch is not None and found != arch:
        raise WeightsError(f"'{path}' holds {found}, not {arch}; ask for {found} or another file")
