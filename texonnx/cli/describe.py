"""``texonnx describe``: what an exported folder is, on one screen."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from texonnx.options.text import parse_size

if TYPE_CHECKING:
    from texonnx.description import Cost, Description
    from texonnx.exported.signatures import Shape, Values

_WIDTH = 100
_INDENT = 12
_LINES_A_GRAPH = 4
"""Of the discriminators' step, which takes and gives every parameter, this shows the half."""


def describe(
    folder: Annotated[Path, typer.Argument(help="What texonnx export wrote.")],
    size: Annotated[
        str | None,
        typer.Option(
            help="Pixels to count arithmetic and memory for, N or WxH.", show_default="256"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all of it as JSON instead.")
    ] = False,
) -> None:
    """Say what an exported folder is: network, losses, graphs, recipe, and what a step costs."""
    from texonnx.description import describe as describe_folder

    description = describe_folder(folder, size=None if size is None else parse_size(size))
    print(json.dumps(_as_json(description), indent=1) if as_json else as_text(description))


def as_text(description: Description) -> str:
    """Return the description as paragraphs, each with a word before it; no empty ones."""
    paragraphs = {
        "network": _network(description),
        "weights": _weights(description),
        "layers": _weighted(description.layers),
        "losses": _losses(description),
        "content": _weighted(description.content),
        "size": _allowed_sizes(description),
        "recipe": _recipe(description.recipe),
        "training": ", ".join(description.training),
        "files": _files(description),
        "a step": _cost(description.cost),
    }
    lines = [
        f"{description.folder}, written by {description.producer}: schema version "
        f"{description.schema_version}, opset {description.opset}, IR version "
        f"{description.ir_version}"
    ]
    for head, text in paragraphs.items():
        first, others = f"{head:<{_INDENT}}", " " * _INDENT
        lines += textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=others)
    return "\n".join([*lines, "", *_graph_lines(description)])


def _network(description: Description) -> str:
    network = description.network
    scaled = network["activation_scale"] is not None
    units = "layers divided by their mean activation" if scaled else "raw units"
    return (
        f"{network['architecture']}, {network['pooling']} pooling, padding {network['padding']}, "
        f"{units}"
    )


def _weights(description: Description) -> str:
    network = description.network
    return (
        f"{network['weights']}; stored as {network['precision']}; SHA-256 "
        f"{network['weights_digest']}"
    )


def _weighted(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items())


def _losses(description: Description) -> str:
    norm = f" (norm {description.gram_norm})" if "gram" in description.losses else ""
    return _weighted(description.losses) + norm


def _allowed_sizes(description: Description) -> str:
    if description.size is not None:
        return f"{description.size} alone"
    return f"any from {description.minimum_size}x{description.minimum_size} pixels up"


def _recipe(recipe: Mapping[str, Any] | None) -> str:
    if recipe is None:
        return ""
    scales = ", ".join(map(_scale, recipe["scales"]))
    rates = "" if recipe["learning_rate_falls_from"] is None else " and learning rate"
    return (
        f"{recipe['optimizer']}, exemplar at {recipe['exemplar_size']} pixels, "
        f"seed {recipe['seed']}; steps{rates} by scale {scales}"
    )


def _scale(scale: Mapping[str, Any]) -> str:
    rate = scale["learning_rate"]
    return f"1/{scale['factor']}: {scale['steps']}" + ("" if rate is None else f" at {rate:g}")


def _cost(cost: Cost) -> str:
    return (
        f"at {cost.size}: {cost.flops / 1e9:.1f} GFLOP "
        f"(convolutions {cost.convolution_flops / 1e9:.1f}, matrix products "
        f"{cost.product_flops / 1e9:.1f}); about {cost.megabytes:.0f} MB "
        f"(weights {cost.weights_bytes / 1e6:.0f}, the rest {cost.activations_bytes / 1e6:.0f}), "
        "beside what the runtime takes itself"
    )


def _graph_lines(description: Description) -> Iterator[str]:
    for graph in description.graphs.values():
        yield from textwrap.wrap(
            f"{graph.file}: {_values(graph.inputs)} -> {_values(graph.outputs)}",
            _WIDTH,
            subsequent_indent="    ",
            break_on_hyphens=False,
            max_lines=_LINES_A_GRAPH,
            placeholder=" ...",
        )


def _values(values: Values) -> str:
    """Return names and shapes; those that differ in the layer alone are counted."""
    alike = Counter(_without_layer(name) for name in values)
    shown: dict[str, None] = {}
    for name, (_, shape) in values.items():
        number = alike[_without_layer(name)]
        text = f"{name}{_shape(shape)}" if number == 1 else f"{_without_layer(name)} ({number})"
        shown[text] = None
    return ", ".join(shown)


def _without_layer(name: str) -> str:
    """Return ``target.gram.<layer>`` for ``target.gram.conv1_1``; other names as they are."""
    from texonnx.losses.ports import Port

    port = Port.parse(name)
    return name if port is None else str(replace(port, layer="<layer>"))


def _shape(shape: Shape) -> str:
    names = {"height": "H", "width": "W"}
    extents = (names.get(str(n).rpartition("_")[2], str(n)) for n in shape)
    return f" [{','.join(extents)}]" if shape else ""


def _files(description: Description) -> str:
    return ", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in description.files.items())


def _as_json(description: Description) -> dict[str, Any]:
    cost = asdict(description.cost)
    height, width = cost.pop("size")
    return asdict(description) | {
        "folder": str(description.folder),
        "cost": {"height": height, "width": width, "flops": description.cost.flops, **cost},
    }
