"""The cache of weights: one verified .safetensors file for each network."""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.errors import OptionError, WeightsError, reason
from texonnx.vgg import ARCHITECTURES, check_architecture, layer_names
from texonnx.weights.catalogue import DIGESTS, PRETRAINED
from texonnx.weights.network import VggWeights

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "1"
_SCHEMA_KEY = "texonnx_weights_schema"
_SUFFIX = ".safetensors"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LONGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class CachedWeights:
    """An entry of the cache; `source` and `digest` are as the file says, unverified."""

    arch: str
    name: str
    path: Path
    size: int
    source: str | None
    digest: str | None


def cache_folder() -> Path:
    """Return the folder of cached weights: ``weights`` in TEXONNX_CACHE or in the user's cache."""
    root = os.environ.get("TEXONNX_CACHE")
    if root:
        return Path(root).expanduser() / "weights"
    import platformdirs

    return Path(platformdirs.user_cache_dir("texonnx", appauthor=False)) / "weights"


def path_of(name: str, arch: str) -> Path:
    """Return where the weights called `name` of `arch` are kept, whether they exist or not."""
    check_architecture(arch)
    if not _NAME.fullmatch(name):
        raise WeightsError(
            f"weights cannot be called '{name}': letters, digits, '.', '_' and '-' are accepted"
        )
    return cache_folder() / f"{arch}-{name}{_SUFFIX}"


def save(weights: VggWeights, name: str) -> Path:
    """Write `weights` to the cache under `name`, replacing what has that name, and return where.

    The file is written beside and renamed, so no half-written one is ever seen.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    path = path_of(name, weights.arch)
    tensors = {}
    for layer in weights.kernels:
        tensors[f"{layer}.weight"] = weights.kernels[layer]
        tensors[f"{layer}.bias"] = weights.biases[layer]
    metadata = {
        _SCHEMA_KEY: SCHEMA,
        "arch": weights.arch,
        "digest": weights.digest,
        "mean": json.dumps(weights.mean),
        "activation_scale": json.dumps(dict(weights.activation_scale)),
        "source": weights.source,
        "random": json.dumps(weights.random),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent) as folder:
            beside = Path(folder) / path.name
            beside.touch()
            usual = stat.S_IMODE(beside.stat().st_mode)
            save_file(tensors, beside, metadata)  # its file is its owner's alone (safetensors#782)
            beside.chmod(usual)
            beside.replace(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"the weights cannot be written to '{path}': {error}") from None
    return path


def load(name: str, arch: str) -> VggWeights:
    """Read the weights called `name` from the cache and verify their digest."""
    path = path_of(name, arch)
    if not path.is_file():
        raise WeightsError(f"there are no cached weights '{name}' for {arch}")
    weights = read(path)
    pinned = DIGESTS.get(arch) if name == PRETRAINED else None
    if weights.arch != arch or (pinned is not None and weights.digest != pinned):
        raise WeightsError(f"'{path}' does not hold the {name} weights of {arch}; {_remedy(path)}")
    return weights


def digest_of(name: str, arch: str) -> str | None:
    """The verified digest of cached weights; ``None`` if there are none, or they are damaged."""
    try:
        return load(name, arch).digest
    except WeightsError:
        return None


def read(path: Path) -> VggWeights:
    """Read a file that :func:`save` wrote, wherever it is, and verify its digest."""
    from safetensors import SafetensorError, safe_open

    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise WeightsError(f"cannot read '{path}': {reason(error)}") from None
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata[_SCHEMA_KEY] != SCHEMA:
            raise WeightsError(
                f"'{path}' has the schema version {metadata[_SCHEMA_KEY]}, where {SCHEMA} is "
                f"accepted; {_remedy(path)}"
            )
        names = layer_names(metadata["arch"])
        red, green, blue = (float(value) for value in json.loads(metadata["mean"]))
        scale = json.loads(metadata["activation_scale"])
        weights = VggWeights(
            arch=metadata["arch"],
            kernels={name: tensors[f"{name}.weight"] for name in names},
            biases={name: tensors[f"{name}.bias"] for name in names},
            mean=(red, green, blue),
            activation_scale={name: float(scale[name]) for name in names},
            source=metadata["source"],
            random=bool(json.loads(metadata["random"])),
        )
    except (SafetensorError, OSError, OptionError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"'{path}' is damaged ({error}); {_remedy(path)}") from None
    if weights.digest != metadata["digest"]:
        raise WeightsError(f"'{path}' is damaged (its digest differs); {_remedy(path)}")
    return weights


def list_cached() -> list[CachedWeights]:
    """Return what is in the cache, by architecture and name, without verifying it."""
    found = []
    for arch in ARCHITECTURES:
        for path in sorted(cache_folder().glob(f"{arch}-*{_SUFFIX}")):
            metadata = _metadata(path)
            found.append(
                CachedWeights(
                    arch=arch,
                    name=path.name.removeprefix(f"{arch}-").removesuffix(_SUFFIX),
                    path=path,
                    size=path.stat().st_size,
                    source=metadata.get("source"),
                    digest=metadata.get("digest"),
                )
            )
    return found


def is_saved(path: Path) -> bool:
    """Whether the file at `path` was written by :func:`save`."""
    return _SCHEMA_KEY in _metadata(path)


def _metadata(path: Path) -> Mapping[str, str]:
    """The metadata of a safetensors file, read alone; empty for anything else."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if 2 <= length < _LONGEST_HEADER else {}
        metadata = header["__metadata__"]
        return {str(key): str(value) for key, value in metadata.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _remedy(path: Path) -> str:
    if path.name in {path_of(PRETRAINED, arch).name for arch in ARCHITECTURES}:
        return "run `texonnx weights fetch` again"
    return "run `texonnx weights import` or `texonnx weights fetch` again"
