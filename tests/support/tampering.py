"""Altering exported folders, as damage and malice would."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def edit_manifest(folder: Path, edit: Callable[[Any], None]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    edit(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def relist(folder: Path, name: str) -> None:
    """Give a file the digest and the length that it has now."""
    content = (folder / name).read_bytes()
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    edit_manifest(folder, lambda manifest: manifest["files"].update({name: entry}))


def edit_graph(folder: Path, name: str, edit: Callable[[onnx.ModelProto], None]) -> None:
    """Alter a graph, and its digest in the manifest with it."""
    model = onnx.load(folder / name, load_external_data=False)
    edit(model)
    (folder / name).write_bytes(model.SerializeToString())
    relist(folder, name)


def rename_input(before: str, after: str) -> Callable[[onnx.ModelProto], None]:
    def rename(model: onnx.ModelProto) -> None:
        for value in model.graph.input:
            if value.name == before:
                value.name = after
        for node in model.graph.node:
            node.input[:] = [after if name == before else name for name in node.input]

    return rename


def drop_input(name: str) -> Callable[[onnx.ModelProto], None]:
    """Make a constant of an input."""

    def drop(model: onnx.ModelProto) -> None:
        [value] = [one for one in model.graph.input if one.name == name]
        model.graph.input.remove(value)
        shape = [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]
        count = 1
        for extent in shape:
            count *= extent
        tensor = onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, shape, [0.0] * count)
        model.graph.initializer.append(tensor)

    return drop


def external(model: onnx.ModelProto) -> onnx.TensorProto:
    """Return the first tensor whose data lie in a file."""
    return next(tensor for tensor in model.graph.initializer if tensor.external_data)


def set_external(key: str, value: str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        tensor = external(model)
        entries = {entry.key: entry for entry in tensor.external_data}
        entry = entries.get(key) or tensor.external_data.add(key=key)
        entry.value = value

    return change
