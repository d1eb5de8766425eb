"""The graph files of an exported folder: each the one that the manifest describes, and safe.

A digest says that a file is the one that was listed; who alters a file can alter its digest too.
These checks hold for the files themselves: what a graph takes and gives, its versions, and that
whatever it reads beside itself lies in the folder, listed and long enough.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError, Message
from numpy.typing import NDArray

from texonnx.errors import ArtifactError
from texonnx.exported.signatures import (
    GraphDescription,
    Shape,
    Values,
    check_has,
    check_signatures,
    taken_in_training,
)
from texonnx.objective.built import WEIGHTS
from texonnx.objective.source import Graph, Model
from texonnx.objective.training import EVAL_MODEL, TRAINING_MODEL


def described_graphs(entries: Any) -> dict[str, GraphDescription]:
    """Return the graphs that a manifest's entries describe, by name.

    Raises what Python does, ``KeyError`` and the like, where an entry is missing or malformed.
    """
    return {
        str(name): GraphDescription(
            str(graph["file"]), _described(graph["inputs"]), _described(graph["outputs"])
        )
        for name, graph in entries.items()
    }


def declared(value: onnx.ValueInfoProto) -> tuple[str, Shape]:
    """Return data type and shape of a graph's input or output, as the manifest writes them."""
    tensor = value.type.tensor_type
    shape = tuple(dim.dim_param or dim.dim_value for dim in tensor.shape.dim)
    try:
        return onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name, shape
    except KeyError:
        return "undefined", shape


def check_graph_files(
    folder: Path,
    graphs: Mapping[str, GraphDescription],
    files: Iterable[str],
    training: Iterable[str],
    versions: tuple[int, int],
) -> None:
    """Check every graph file of a folder.

    Parameters
    ----------
    folder
        The exported folder.
    graphs
        What the manifest says of the portable graphs.
    files
        The files that the manifest lists, all of them there.
    training
        The folders of training artifacts, relative to `folder`.
    versions
        Opset and IR version of the portable graphs.

    Raises
    ------
    ArtifactError
        When a graph is not the one described, or reads what it must not.
    """
    check_signatures(folder, graphs)
    described = {graph.file: graph for graph in graphs.values()}
    listed = set(files)
    names = {*described, *(name for name in listed if name.endswith(".onnx"))}
    models = {name: _parsed(folder / name) for name in sorted(names)}
    for name, model in models.items():
        _check_versions(folder / name, model, versions, portable=name in described)
        for tensor in _outside_tensors(model):
            _check_reference(folder, name, tensor, listed)
        if name in described:
            _check_signature(folder / name, model.graph, described[name])
    for place in training:
        _check_training(folder, place, models, graphs)


def _described(values: Any) -> Values:
    return {
        str(value["name"]): (
            str(value["dtype"]),
            tuple(n if isinstance(n, int) else str(n) for n in value["shape"]),
        )
        for value in values
    }


def _parsed(path: Path) -> onnx.ModelProto:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError:
        raise ArtifactError(f"'{path}' is damaged: it is not an ONNX model") from None
    return model


def _check_versions(
    path: Path, model: onnx.ModelProto, versions: tuple[int, int], portable: bool
) -> None:
    """Check opset and IR version; training artifacts hold other domains' ops beside."""
    opset, ir_version = versions
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    if model.ir_version != ir_version:
        raise ArtifactError(
            f"'{path}' is of IR version {model.ir_version}, and the manifest says {ir_version}"
        )
    if opsets.get("") != opset:
        raise ArtifactError(f"'{path}' is of opset {opsets.get('')}, and the manifest says {opset}")
    if portable and (others := sorted(set(opsets) - {""})):
        raise ArtifactError(f"'{path}' uses ops of '{others[0]}', which are not standard")


def _outside_tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Yield the tensors whose data lie in another file, wherever they are in the model."""
    if isinstance(message, onnx.TensorProto):
        if message.external_data or message.data_location == onnx.TensorProto.EXTERNAL:
            yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in [value] if isinstance(value, Message) else value:
            yield from _outside_tensors(part)


def _check_reference(
    folder: Path, name: str, tensor: onnx.TensorProto, listed: Collection[str]
) -> None:
    """Check that a tensor's data lie in a listed file of the folder, all of them."""
    path = folder / name
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    what = f"'{path}' takes '{tensor.name}' from '{location}'"
    if not location or not stays_inside(posixpath.join(posixpath.dirname(name), location)):
        raise ArtifactError(f"{what}, outside the folder")
    if posixpath.normpath(posixpath.join(posixpath.dirname(name), location)) not in listed:
        raise ArtifactError(f"{what}, which the manifest does not list")
    try:
        offset = int(entries.get("offset", "0"))
        needed = _bytes_of(tensor)
        length = int(entries.get("length", needed))
    except (ValueError, KeyError):
        raise ArtifactError(f"'{path}' is damaged: where '{tensor.name}' lies is unclear") from None
    size = (path.parent / location).stat().st_size
    if length != needed or offset < 0 or offset + needed > size:
        raise ArtifactError(
            f"{what}, {length} bytes from {offset} on; it needs {needed}, and the file has {size}"
        )


def stays_inside(name: str) -> bool:
    """Whether a path relative to a folder stays in it by its words; links may lead anywhere.

    A folder of links, as caches of downloads lay them out, is as good as another: what they lead to
    has the digests that the manifest tells.
    """
    if not name or PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor:
        return False
    return PurePosixPath(posixpath.normpath(name)).parts[:1] != ("..",)


def graph_in(folder: Path, file: str) -> Graph:
    """Return a graph of a folder: its file, or it in memory where that or the weights are links.

    Runtimes refuse to read through a link that leads out of the folder.
    """
    path = folder / file
    if path.is_symlink() or (folder / WEIGHTS).is_symlink():
        return _in_memory(path)
    return path


def _in_memory(path: Path) -> Model:
    content = path.read_bytes()
    tensors: dict[str, NDArray[Any]] = {}
    for tensor in _outside_tensors(onnx.ModelProto.FromString(content)):
        entries = {entry.key: entry.value for entry in tensor.external_data}
        tensors[tensor.name] = np.memmap(
            path.parent / entries["location"],
            onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type),
            "r",
            int(entries.get("offset", "0")),
            tuple(tensor.dims),
        )
    return Model(path.name, content, tensors)


def _bytes_of(tensor: onnx.TensorProto) -> int:
    if any(extent < 0 for extent in tensor.dims):
        raise ValueError("a negative extent")
    dtype: np.dtype[Any] = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    return int(math.prod(tensor.dims)) * dtype.itemsize


def _check_signature(path: Path, graph: onnx.GraphProto, described: GraphDescription) -> None:
    differs = f"'{path}' is not what the manifest describes"
    for side, values, expected in (
        ("input", graph.input, described.inputs),
        ("output", graph.output, described.outputs),
    ):
        found = {value.name: declared(value) for value in values}
        missing = [name for name in expected if name not in found]
        others = [name for name in found if name not in expected]
        if missing:
            instead = f", but '{others[0]}'" if others else ""
            raise ArtifactError(f"{differs}: it has no {side} '{missing[0]}'{instead}")
        if others:
            raise ArtifactError(f"{differs}: its {side} '{others[0]}' is not in the manifest")
        for name, (dtype, shape) in expected.items():
            if found[name] != (dtype, shape):
                here, told = _text(*found[name]), _text(dtype, shape)
                raise ArtifactError(f"{differs}: its {side} '{name}' is {here}, not {told}")


def _text(dtype: str, shape: Sequence[int | str]) -> str:
    return f"{dtype} [{', '.join(map(str, shape))}]"


def _check_training(
    folder: Path,
    place: str,
    models: Mapping[str, onnx.ModelProto],
    graphs: Mapping[str, GraphDescription],
) -> None:
    """Check that training artifacts are there, and take what the portable graphs take."""
    for below, inputs in taken_in_training(graphs).items():
        for file in (TRAINING_MODEL, EVAL_MODEL):
            name = f"{place}/{below}{file}"
            if name not in models:
                raise ArtifactError(f"the manifest of '{folder}' does not list '{name}'")
            graph = models[name].graph
            check_has(folder / name, "input", inputs, [value.name for value in graph.input])
            outputs = [value.name for value in graph.output]
            check_has(folder / name, "output", ("loss", "layer_losses"), outputs)
