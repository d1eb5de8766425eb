"""Weights by name: the pretrained, the random, those imported before, and files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace as with_changes
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.errors import WeightsError, unknown
from texonnx.vgg import check_architecture
from texonnx.weights import cache
from texonnx.weights.catalogue import DIGESTS, KERAS_FILES, PRETRAINED, SOURCES
from texonnx.weights.fetch import fetch
from texonnx.weights.importing import read_weights
from texonnx.weights.random import random_weights

if TYPE_CHECKING:
    from texonnx.weights.network import VggWeights
    from texonnx.weights.sources import Progress

RANDOM = "random"
AUTO = "auto"


def load_weights(
    spec: str | os.PathLike[str] = PRETRAINED,
    arch: str = "vgg16",
    progress: Progress | None = None,
    convention: str = AUTO,
) -> VggWeights:
    """Return the weights that `spec` asks for.

    Parameters
    ----------
    spec
        ``pretrained``, from the cache or fetched into it; ``random`` or ``random:SEED``; the name
        of weights imported before; or the path of a file that :func:`read_weights` accepts.
    arch
        ``vgg16`` or ``vgg19``.
    progress
        Called with the bytes that have come and the bytes that will, should there be a download.
    convention
        How a file wants its pixels, as in :func:`read_weights`, or ``auto``.

    Raises
    ------
    WeightsError
        When `spec` is unknown, the weights are of another architecture, or they cannot be had.
    OptionError
        For an unknown architecture.
    """
    check_architecture(arch)
    text = os.fspath(spec)
    asked = None if convention == AUTO else convention
    if asked is not None and not _is_file(text, arch):
        raise WeightsError(f"a pixel convention is of a weights file, and '{text}' is none")
    if text == PRETRAINED:
        if not cache.path_of(PRETRAINED, arch).exists():
            fetch(arch, progress=progress)
        return cache.load(PRETRAINED, arch)
    kind, colon, seed = text.partition(":")
    if kind == RANDOM:
        if colon and not (seed.isascii() and seed.isdigit()):
            raise WeightsError(f"the seed of '{text}' must be a whole number of 0 or more")
        return random_weights(arch, int(seed or 0))
    names = [entry.name for entry in cache.list_cached() if entry.arch == arch]
    if text in names:
        return cache.load(text, arch)
    path = Path(text).expanduser()
    if path.exists() or path.suffix or path.name != text:
        return read_weights(path, arch, asked)
    known = dict.fromkeys([PRETRAINED, RANDOM, *names])
    raise WeightsError(f"{unknown(f'{arch} weights', text, known)}, or the path of a file")


def _is_file(text: str, arch: str) -> bool:
    names = [entry.name for entry in cache.list_cached() if entry.arch == arch]
    other = text in (PRETRAINED, *names) or text.partition(":")[0] == RANDOM
    return not other


def import_weights(
    path: str | os.PathLike[str],
    name: str | None = None,
    arch: str | None = None,
    convention: str | None = None,
    replace: bool = False,
) -> Path:
    """Read weights from a file, put them in the cache and return where they are.

    Parameters
    ----------
    path, arch, convention
        As in :func:`read_weights`.
    name
        What the weights are to be called; by default the file's stem, and ``pretrained`` for the
        weights that the catalogue knows.
    replace
        Whether to replace other weights that have this name.

    Raises
    ------
    WeightsError
        When the file cannot be read, the name is unfit or taken, or nothing can be written.
    OptionError
        For an unknown architecture.
    """
    path = Path(path)
    weights = read_weights(path, arch, convention)
    known = _is_catalogued(weights, path)
    if known:
        weights = with_changes(weights, source=SOURCES[weights.arch])
    if name is None:
        name = PRETRAINED if known else path.stem
    if name == PRETRAINED and not known:
        raise WeightsError(
            f"'{path}' does not hold the pretrained weights of {weights.arch}; give it another name"
        )
    if name.partition(":")[0] == RANDOM:
        raise WeightsError(f"weights cannot be called '{name}', which asks for random weights")

    target = cache.path_of(name, weights.arch)
    if target.exists() and not replace:
        if cache.digest_of(name, weights.arch) == weights.digest:
            return target
        raise WeightsError(
            f"other weights of {weights.arch} are called '{name}'; give another name, or replace "
            "them with --force"
        )
    return cache.save(weights, name)


def _is_catalogued(weights: VggWeights, path: Path) -> bool:
    """Whether these are the weights that :func:`fetch` would bring."""
    if weights.arch in DIGESTS:
        return weights.digest == DIGESTS[weights.arch]
    file = KERAS_FILES[weights.arch]
    if path.stat().st_size > 4 * file.size:
        return False
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == file.md5
