"""From an exported folder to its description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from texonnx.description.cost import Cost, cost_of
from texonnx.exported.manifest import read_manifest
from texonnx.exported.signatures import GraphDescription
from texonnx.options import EXPORT_SIZE
from texonnx.sizes import Size


@dataclass(frozen=True)
class Description:
    """What an exported folder is.

    Attributes
    ----------
    folder
        The folder.
    producer, schema_version, opset, ir_version
        What wrote it, and the versions of manifest and graphs.
    network
        As the manifest has it: architecture, pooling, padding, where the weights come from, their
        digest and precision, and the mean activations that layers are divided by.
    layers, losses, content
        The weight of each, by its name.
    gram_norm
        What divides the Gram loss.
    minimum_size
        The least height and width in pixels that the layers can look at.
    size
        Height and width, if the graphs are for one size alone.
    recipe
        Of a whole run, as the manifest has it, if there is one.
    graphs
        Every portable graph by its name.
    training
        The folders of training artifacts, and the size that each is for.
    files
        The bytes of every file.
    cost
        What loss and gradient take at a size.
    """

    folder: Path
    producer: str
    schema_version: int
    opset: int
    ir_version: int
    network: Mapping[str, Any]
    layers: Mapping[str, float]
    losses: Mapping[str, float]
    content: Mapping[str, float]
    gram_norm: str
    minimum_size: int
    size: Size | None
    recipe: Mapping[str, Any] | None
    graphs: Mapping[str, GraphDescription]
    training: Mapping[str, Size]
    files: Mapping[str, int]
    cost: Cost


def describe(folder: str | Path, *, size: tuple[int, int] | None = None) -> Description:
    """Say what an exported folder is, and what a step with it takes.

    Nothing is run: arithmetic and memory are counted on the graph of loss and gradient. What the
    memory would be on this machine, :func:`texonnx.plan` measures.

    Parameters
    ----------
    folder
        What :func:`texonnx.export` wrote.
    size
        Height and width in pixels to count for; what the graphs are fixed to, or 256x256, if not
        given.

    Raises
    ------
    ArtifactError
        When the folder is refused, as :func:`texonnx.verify` does it.
    OptionError
        For a size that will not do.
    """
    folder = Path(folder)
    contents = read_manifest(folder)
    manifest = contents.entries
    counted = contents.size_for(folder, size, EXPORT_SIZE)
    return Description(
        folder=folder,
        producer=manifest["producer"],
        schema_version=manifest["schema_version"],
        opset=manifest["opset"],
        ir_version=manifest["ir_version"],
        network=manifest["network"],
        layers={layer["name"]: layer["weight"] for layer in manifest["layers"]},
        losses={loss["name"]: loss["weight"] for loss in manifest["losses"]},
        content={part["layer"]: part["weight"] for part in manifest["content"]},
        gram_norm=manifest["gram_norm"],
        minimum_size=contents.traits.minimum_size,
        size=contents.traits.fixed_size,
        recipe=manifest.get("recipe"),
        graphs=contents.graphs,
        training={place: size for size, place in contents.training.items()},
        files={name: entry["bytes"] for name, entry in manifest["files"].items()},
        cost=cost_of(folder / contents.graphs["objective"].file, counted),
    )
