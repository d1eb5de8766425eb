"""Writing a folder that needs nothing of texonnx to run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from texonnx.errors import ArtifactError, reason
from texonnx.exported.manifest import MANIFEST, write_manifest
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import KINDS
from texonnx.objective.specification import Specification
from texonnx.sizes import Size
from texonnx.weights.network import VggWeights

TRAINING_FOLDER = "training"


def export_folder(
    folder: Path,
    specification: Specification,
    weights: VggWeights,
    *,
    fp16: bool = False,
    activation_scale: bool = True,
    size: Size | None = None,
    training_sizes: Sequence[Size] = (),
    recipe: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> None:
    """Write graphs, weights, training artifacts and manifest; the folder appears whole or not.

    Parameters
    ----------
    folder
        Must not exist, unless `replace`; the folder that it lies in must.
    specification, weights, fp16, activation_scale
        As :class:`texonnx.objective.built.BuiltGraphs` takes them.
    size
        Height and width, to fix them in the graphs; symbolic if not given.
    training_sizes
        Sizes to write training artifacts for, which needs onnxruntime-training; those of the last
        lie in ``training`` itself, the others' in folders below it.
    recipe
        Of a whole run, for the manifest.
    replace
        Replace an exported folder of that name.

    Raises
    ------
    ArtifactError
        When the folder exists, or cannot be written.
    """
    check_destination(folder, replace=replace)
    try:
        with tempfile.TemporaryDirectory(prefix=".texonnx-", dir=folder.parent) as workplace:
            new = Path(workplace, "new")
            new.mkdir()
            built = BuiltGraphs(
                specification, weights, activation_scale=activation_scale, fp16=fp16, folder=new
            )
            graphs = {kind.name: kind.file for kind in KINDS.values() if kind.when(specification)}
            for name in graphs:
                built.graph(KINDS[name], size)
            training = {_training_folder(one, training_sizes): one for one in training_sizes}
            for name, training_size in training.items():
                built.training(training_size, name)
            write_manifest(
                new,
                specification,
                weights,
                graphs=graphs,
                precision="float16" if fp16 else "float32",
                activation_scale=activation_scale,
                size=size,
                training=training,
                recipe=recipe,
            )
            _put_in_place(new, folder, Path(workplace, "old"))
    except OSError as error:
        raise ArtifactError(f"'{folder}' cannot be written: {reason(error)}") from error


def check_destination(folder: Path, *, replace: bool) -> None:
    """Raise :class:`ArtifactError` where :func:`export_folder` could not put its folder."""
    if not folder.parent.is_dir():
        raise ArtifactError(f"'{folder}' cannot be written: there is no folder '{folder.parent}'")
    if not folder.exists():
        return
    if not replace:
        raise ArtifactError(f"'{folder}' exists; take another name, or replace it with --force")
    if not (folder / MANIFEST).is_file():
        raise ArtifactError(f"'{folder}' is not an exported folder, so it is not replaced")


def _put_in_place(new: Path, folder: Path, old: Path) -> None:
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise


def _training_folder(size: Size, sizes: Sequence[Size]) -> str:
    """Return ``training`` for the last of `sizes`, for others a folder below it."""
    return TRAINING_FOLDER if size == sizes[-1] else f"{TRAINING_FOLDER}/{size}"
