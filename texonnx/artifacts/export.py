"""Writing a folder that needs nothing of texonnx to run (design, section 5)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx_ir as ir

from texonnx.artifacts.adam_step import adam_step_model
from texonnx.artifacts.manifest import GRAPHS, MANIFEST, WEIGHTS, write_manifest
from texonnx.artifacts.objective import Size, objective_model
from texonnx.artifacts.parameters import in_memory, trunk_parameters, trunk_tensors
from texonnx.artifacts.specification import Specification
from texonnx.artifacts.targets import targets_model
from texonnx.artifacts.training import Extent, ExternalData, write_training_artifacts
from texonnx.errors import ArtifactError
from texonnx.weights.network import VggWeights

TRAINING_FOLDER = "training"

_PAGE = 4096
"""Tensors begin at multiples of this, so that a runtime can map them from the file."""


def export_folder(
    folder: Path,
    specification: Specification,
    weights: VggWeights,
    *,
    fp16: bool = False,
    activation_scale: bool = True,
    size: Size | None = None,
    training_sizes: Sequence[Size] = (),
    replace: bool = False,
) -> None:
    """Write graphs, weights, training artifacts and manifest; the folder appears whole or not.

    Parameters
    ----------
    folder
        Must not exist, unless `replace`; the folder that it lies in must.
    specification, weights
        What the graphs are built from.
    fp16
        Store the weights in 16 bits; the graphs compute in 32.
    activation_scale
        Whether every layer is divided by its mean activation.
    size
        Height and width, to fix them in the graphs; symbolic if not given.
    training_sizes
        Sizes to write training artifacts for, which needs onnxruntime-training; those of the last
        lie in ``training`` itself, the others' in folders below it.
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
            tensors = trunk_tensors(
                weights, specification.layers, activation_scale=activation_scale
            )
            stored = in_memory(tensors, np.float16 if fp16 else np.float32)
            extents = _write_weights(new / WEIGHTS, stored)
            _write_graphs(new, specification, stored, extents, weights.mean, size)
            training = _write_training(
                new, specification, stored, extents, weights.mean, training_sizes
            )
            write_manifest(
                new,
                specification,
                weights,
                precision="float16" if fp16 else "float32",
                activation_scale=activation_scale,
                size=size,
                training=training,
            )
            _put_in_place(new, folder, Path(workplace, "old"))
    except OSError as error:
        raise ArtifactError(f"'{folder}' cannot be written: {error.strerror}") from error


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


def _write_weights(path: Path, tensors: Mapping[str, ir.TensorProtocol]) -> dict[str, Extent]:
    extents = {}
    with path.open("wb") as file:
        for name, tensor in tensors.items():
            file.write(bytes(-file.tell() % _PAGE))
            data = tensor.tobytes()
            extents[name] = Extent(file.tell(), len(data))
            file.write(data)
    return extents


def _write_graphs(
    folder: Path,
    specification: Specification,
    tensors: Mapping[str, ir.TensorProtocol],
    extents: Mapping[str, Extent],
    mean: tuple[float, float, float],
    size: Size | None,
) -> None:
    outside = {
        name: ir.ExternalTensor(
            WEIGHTS,
            *extents[name],
            dtype=tensor.dtype,
            shape=ir.Shape(tensor.shape.numpy()),
            name=name,
            base_dir=folder,
        )
        for name, tensor in tensors.items()
    }
    parameters = trunk_parameters(outside, mean)
    models = {
        "targets": targets_model(specification, parameters),
        "objective": objective_model(specification, parameters, size),
        "adam_step": adam_step_model(specification, parameters, size),
    }
    for name, model in models.items():
        (folder / GRAPHS[name]).write_bytes(ir.to_proto(model).SerializeToString())


def _write_training(
    folder: Path,
    specification: Specification,
    tensors: Mapping[str, ir.TensorProtocol],
    extents: Mapping[str, Extent],
    mean: tuple[float, float, float],
    sizes: Sequence[Size],
) -> dict[str, Size]:
    """Write training artifacts for every size; return their folders, relative to `folder`."""
    parameters = trunk_parameters(tensors, mean)
    written = {}
    for size in sizes:
        height, width = size
        below = "" if size == sizes[-1] else f"/{width}x{height}"
        place = folder / f"{TRAINING_FOLDER}{below}"
        place.mkdir(parents=True, exist_ok=True)
        location = os.path.relpath(folder / WEIGHTS, place)
        write_training_artifacts(
            place, specification, parameters, size, ExternalData(location, extents)
        )
        written[place.relative_to(folder).as_posix()] = size
    return written
