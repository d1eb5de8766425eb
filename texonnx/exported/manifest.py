"""The manifest of an exported folder: what it holds, and the digest of every file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from texonnx.errors import ArtifactError, OptionError
from texonnx.exported.graph_files import (
    check_graph_files,
    declared,
    described_graphs,
    stays_inside,
)
from texonnx.exported.signatures import GraphDescription
from texonnx.graph.tape import IR_VERSION, OPSET
from texonnx.losses.ports import is_drawn, is_trained
from texonnx.objective.built import WEIGHTS
from texonnx.objective.kinds import ALWAYS, DISCRIMINATOR_STEP, OBJECTIVE, meaning_of
from texonnx.objective.parameters import layer_units
from texonnx.objective.source import Traits
from texonnx.objective.specification import Specification
from texonnx.options import DETAILS
from texonnx.sizes import Size, check_size
from texonnx.system.files import sha256_of
from texonnx.version import __version__
from texonnx.weights.network import VggWeights

SCHEMA_VERSION = 4
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Contents:
    """What a reader needs of a manifest.

    Attributes
    ----------
    losses
        Their names, in order.
    traits
        What is true of the objective.
    graphs
        What each portable graph takes and gives, by name.
    training
        The folder of training artifacts for each size, relative to the exported folder.
    versions
        Opset and IR version of the portable graphs.
    entries
        All that ``manifest.json`` says.
    """

    losses: tuple[str, ...]
    traits: Traits
    graphs: Mapping[str, GraphDescription]
    training: Mapping[Size, str]
    versions: tuple[int, int]
    entries: Mapping[str, Any]

    def size_for(self, folder: Path, asked: tuple[int, int] | None, otherwise: int) -> Size:
        """Return the size asked for, or the one that the graphs are for, or a square.

        Raises
        ------
        OptionError
            For another than the graphs are for, or one that will not do.
        """
        fixed = self.traits.fixed_size
        size = Size(*asked) if asked else fixed or Size(otherwise, otherwise)
        if fixed not in (None, size):
            raise OptionError(f"the graphs of '{folder}' are for {fixed} alone, not for {size}")
        check_size("image", size, self.traits.minimum_size)
        return size


def write_manifest(
    folder: Path,
    specification: Specification,
    weights: VggWeights,
    *,
    graphs: Mapping[str, str],
    precision: str,
    activation_scale: bool,
    size: Size | None,
    training: Mapping[str, Size],
    recipe: Mapping[str, Any] | None,
) -> None:
    """Describe the files in `folder` in its ``manifest.json``.

    Parameters
    ----------
    folder
        Holds every other file already.
    specification, weights, activation_scale, size, recipe
        As :func:`texonnx.exported.writing.export_folder` takes them.
    graphs
        The file of each graph by name.
    precision
        Type of the numbers in ``weights.bin``: ``float32`` or ``float16``.
    training
        The folders of training artifacts, relative to `folder`, and the size each is for.
    """
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "producer": f"texonnx {__version__}",
        "network": _network(specification, weights, precision, activation_scale),
        "layers": [
            {"name": name, "weight": weight}
            for name, weight in zip(specification.layers, specification.layer_weights, strict=True)
        ],
        "losses": [
            {"name": term.loss.name, "weight": term.weight} for term in specification.all_terms
        ],
        "content": [
            {"layer": part.layer, "weight": term.weight}
            for part in specification.content_parts
            for term in part.terms
        ],
        "parts": list(specification.parts),
        "detail": specification.detail,
        "gram_norm": specification.loss_options.gram_norm,
        "discriminator": _discriminator(specification),
        "preprocessing": {
            "layout": "NCHW",
            "channels": "RGB",
            "range": [0.0, 1.0],
            "mean": [value / 255.0 for value in weights.mean],
            "where": "inside the graphs",
        },
        "recipe": recipe,
        "minimum_size": specification.minimum_size,
        "size": None if size is None else size._asdict(),
        "opset": OPSET,
        "ir_version": IR_VERSION,
        "graphs": {name: _describe_graph(folder, file) for name, file in graphs.items()},
        "training": [
            {"folder": name, **training_size._asdict()} for name, training_size in training.items()
        ],
        "files": {
            path.relative_to(folder).as_posix(): {
                "sha256": sha256_of(path),
                "bytes": path.stat().st_size,
            }
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _network(
    specification: Specification, weights: VggWeights, precision: str, activation_scale: bool
) -> dict[str, Any]:
    trunk = specification.trunk
    units = layer_units(weights, trunk.pooling)
    return {
        "architecture": trunk.arch,
        "pooling": trunk.pooling,
        "padding": trunk.padding,
        "weights": weights.source,
        "weights_digest": weights.digest,
        "weights_random": weights.random,
        "precision": precision,
        "activation_scale": {name: units[name] for name in specification.trunk_layers}
        if activation_scale
        else None,
    }


def _discriminator(specification: Specification) -> dict[str, Any] | None:
    if not specification.adversarial:
        return None
    options = specification.loss_options
    return {"widths": list(options.discriminator_widths), "penalty": options.discriminator_penalty}


def read_manifest(folder: Path) -> Contents:
    """Read ``manifest.json``, and check every file that it lists.

    Raises
    ------
    ArtifactError
        When there is no manifest, it is of another schema, a file is missing or altered, or a
        graph is not the one described.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ArtifactError(
            f"'{folder}' is not an exported folder: it has no readable {MANIFEST}"
        ) from None
    except ValueError:
        raise ArtifactError(f"'{path}' is damaged: it is not JSON") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version != SCHEMA_VERSION:
        raise ArtifactError(
            f"'{path}' is of schema version {version}, and this texonnx reads {SCHEMA_VERSION}"
        )
    try:
        contents = _contents(manifest)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ArtifactError(f"'{path}' is damaged: an entry is missing or malformed") from None
    files = manifest.get("files")
    needed = {WEIGHTS, *(graph.file for graph in contents.graphs.values())}
    complete = isinstance(files, dict) and needed <= set(files)
    if not complete or not {kind.name for kind in ALWAYS} <= set(contents.graphs):
        raise ArtifactError(f"'{path}' does not list the files that belong to the folder")
    for name, entry in files.items():
        _check_file(folder, name, entry)
    for name in contents.training.values():
        _check_inside(folder, name)
    check_graph_files(folder, contents.graphs, files, contents.training.values(), contents.versions)
    return contents


def _contents(manifest: Any) -> Contents:
    size, graphs = manifest["size"], described_graphs(manifest["graphs"])
    training = {_size(entry): str(entry["folder"]) for entry in manifest["training"]}
    return Contents(
        losses=tuple(str(loss["name"]) for loss in manifest["losses"]),
        traits=Traits(
            parts=_names(manifest["parts"]),
            minimum_size=int(manifest["minimum_size"]),
            random_weights=bool(manifest["network"]["weights_random"]),
            draws=any(is_drawn(name) or is_trained(name) for name in graphs[OBJECTIVE.name].inputs),
            adversarial=DISCRIMINATOR_STEP.name in graphs,
            detail=_detail(manifest["detail"]),
            wraps=manifest["network"]["padding"] == "circular",
            fixed_size=None if size is None else _size(size),
            training_sizes=tuple(training),
        ),
        graphs=graphs,
        training=training,
        versions=(int(manifest["opset"]), int(manifest["ir_version"])),
        entries=manifest,
    )


def _detail(entry: Any) -> str:
    if entry not in DETAILS:
        raise ValueError(f"'{entry}' is no detail")
    return str(entry)


def _names(entry: Any) -> tuple[str, ...]:
    if not isinstance(entry, list):
        raise TypeError("a list of names is accepted")
    return tuple(str(name) for name in entry)


def _size(entry: Any) -> Size:
    return Size(int(entry["height"]), int(entry["width"]))


def _check_inside(folder: Path, name: str) -> None:
    if not stays_inside(name):
        raise ArtifactError(f"the manifest of '{folder}' names '{name}', outside the folder")


def _check_file(folder: Path, name: str, entry: Any) -> None:
    _check_inside(folder, name)
    path = folder / name
    if not path.is_file():
        raise ArtifactError(f"'{folder}' is incomplete: '{name}' is missing; export it again")
    told = entry if isinstance(entry, dict) else {}
    size, expected = path.stat().st_size, told.get("bytes")
    if isinstance(expected, int) and size < expected:
        raise ArtifactError(f"'{path}' is cut short: {size} bytes instead of {expected}")
    if sha256_of(path) != told.get("sha256"):
        raise ArtifactError(
            f"'{path}' is not the file that was exported: its SHA-256 differs from the manifest's"
        )


def _describe_graph(folder: Path, file: str) -> dict[str, Any]:
    graph = onnx.load(folder / file, load_external_data=False).graph
    return {
        "file": file,
        "inputs": [_describe_value(value) for value in graph.input],
        "outputs": [_describe_value(value) for value in graph.output],
    }


def _describe_value(value: onnx.ValueInfoProto) -> dict[str, Any]:
    dtype, shape = declared(value)
    meaning = meaning_of(value.name)
    return {"name": value.name, "dtype": dtype, "shape": list(shape), "meaning": meaning}
