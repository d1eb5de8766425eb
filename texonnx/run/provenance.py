"""What a picture was made from and how, as JSON, so that it can be made again.

A recipe has the verb, its options by name, and of every file among them the place and the SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from texonnx.errors import OptionError
from texonnx.images.maps import BY_NAME, KINDS
from texonnx.options import INITS
from texonnx.system.files import sha256_of
from texonnx.version import __version__

Recipe = dict[str, Any]
_OF_THE_CALLER = ("on_step", "on_begin", "on_download", "checkpoint", "scheduler", "workers")
_FILE = "file"
_DIGEST = "sha256"
_ARRAY = "array"
_PATHS = ("exemplar", "content", "style", "image", "artifacts")
"""Parameters that are files, or have files in them."""


def described(verb: str, given: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a call: the function's name, and its arguments by name."""
    options = {
        name: _described(name, value) for name, value in given.items() if name not in _OF_THE_CALLER
    }
    return {"verb": verb, "options": options}


def without_folders(recipe: Mapping[str, Any]) -> Recipe:
    """Return a recipe for a file that goes out: of files it has the names alone."""

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: Path(one).name if key == _FILE else shown(one) for key, one in value.items()
            }
        return [shown(one) for one in value] if isinstance(value, list) else value

    stripped: Recipe = shown(dict(recipe))
    return stripped


def versions() -> dict[str, str]:
    """Return those of what a result's last digits depend on."""
    from texonnx.runtime.installed import the_runtime

    return {
        "texonnx": __version__,
        "runtime": str(the_runtime()),
        "numpy": np.__version__,
        "processor": platform.machine(),
    }


def arguments_of(recipe: Mapping[str, Any], places: Mapping[str, Path] | None = None) -> Recipe:
    """Return the arguments of the call that a recipe is of.

    Parameters
    ----------
    recipe
        As :func:`described` makes it.
    places
        Other files than those that it names, by the argument's name.

    Raises
    ------
    OptionError
        For what was no file, and has none in `places`.
    """
    return {
        name: (places or {}).get(name) or _named(name, value)
        for name, value in recipe["options"].items()
    }


def differences(recipe: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[str]:
    """Return what is another than when the recipe was written, a sentence each."""
    told = []
    for name, value in recipe["options"].items():
        now = _described(name, arguments[name])
        for before, after in zip(_files(value), _files(now), strict=False):
            if before[_DIGEST] != after[_DIGEST]:
                told.append(f"{name}: '{after[_FILE]}' is not the file that '{before[_FILE]}' was")
    then = recipe.get("versions", {})
    told += [
        f"{what}: {then[what]} then, {now} now"
        for what, now in versions().items()
        if what in then and then[what] != now
    ]
    return told


def key_of(recipe: Mapping[str, Any]) -> str:
    """Return a name for all runs of this recipe with these versions, in hexadecimal."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:32]


def _described(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {_ARRAY: list(value.shape), _DIGEST: hashlib.sha256(value.tobytes()).hexdigest()}
    if isinstance(value, Path) or (isinstance(value, str) and _is_file(name, value)):
        return {_FILE: str(Path(value).absolute()), _DIGEST: _digest(Path(value))}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_described(name, one) for one in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)


def _is_file(name: str, value: str) -> bool:
    if name == "init":
        return value not in INITS
    if name == "weights":
        return Path(value).is_file()
    return name in _PATHS or (name == "maps" and value not in (*KINDS, BY_NAME))


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the manifest in a folder; nothing where there is none."""
    target = path / "manifest.json" if path.is_dir() else path
    try:
        return sha256_of(target)
    except OSError:
        return ""  # whoever opens it says why it cannot be read


def _named(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        if _FILE not in value:
            raise OptionError(f"{name} was no file but an array; give the file that it is in")
        return Path(value[_FILE])
    if isinstance(value, list):
        return tuple(_named(name, one) for one in value)
    return value


def _files(value: Any) -> list[dict[str, str]]:
    """Return what is described as a file, in order."""
    if isinstance(value, dict):
        return [value] if _FILE in value else []
    return [one for part in value for one in _files(part)] if isinstance(value, list) else []
