"""Print what schedules of --layer-weights give for every layer of a network, as Markdown.

Example: ``python tools/layer_weights_table.py linear geometric:0.7:descending --arch vgg19``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from peers.table import markdown_table

from texonnx.errors import OptionError
from texonnx.objective.layer_weights import parse_layer_weights
from texonnx.vgg import ARCHITECTURES, layer_names

SCHEDULES = (
    "equal",
    "linear",
    "linear:descending",
    "geometric:0.5",
    "quadratic",
    "inverse-height",
    "inverse-channels",
)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("schedules", nargs="*", default=SCHEDULES, help="as in --layer-weights")
    parser.add_argument("--arch", choices=ARCHITECTURES, default="vgg16")
    arguments = parser.parse_args(words)
    try:
        print(table(arguments.schedules, arguments.arch), end="")
    except OptionError as error:
        parser.error(str(error))
    return 0


def table(schedules: Sequence[str], arch: str) -> str:
    """Return the weights, to three digits: a row for each layer, a column for each schedule."""
    layers = layer_names(arch)
    columns = [parse_layer_weights(schedule, layers, arch) for schedule in schedules]
    rows = [
        [layer, *(f"{weight:.3g}" for weight in weights)]
        for layer, *weights in zip(layers, *columns, strict=True)
    ]
    return markdown_table(["layer", *schedules], rows)


if __name__ == "__main__":
    sys.exit(main())
