"""``texonnx reconstruct --all``: the sheet of all layers, content above and style below."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from texonnx.cli.progress import RunProgress
from texonnx.cli.running import Outputs
from texonnx.images import Image, contact_sheet, load_image, save_image, scale_shorter_side
from texonnx.objective.specification import specify
from texonnx.options import ObjectiveOptions
from texonnx.run.result import SynthesisResult
from texonnx.verbs.reconstruction import reconstruct
from texonnx.vgg import layer_names

_INTERRUPTED = 130
_OF_STYLE = ("loss", "layer_weights", "gram_norm")
"""The options that a content reconstruction does not take."""


def write_sheet(image: Path, outputs: Outputs, options: Mapping[str, Any]) -> None:
    """Reconstruct content and style from every layer, and write the sheet.

    On Ctrl-C, it is written with what is there by then, and the process ends with 130.

    Parameters
    ----------
    image
        What is reconstructed.
    outputs
        Where the sheet goes.
    options
        Those of :func:`texonnx.reconstruct`, but for the layer.
    """
    outputs.check()
    layers = layer_names(options["arch"])
    _check_style(layers, options)
    of_content = {name: value for name, value in options.items() if name not in _OF_STYLE}
    original = scale_shorter_side(load_image(image), options["size"])
    rows: list[list[Image | None]] = [[original, *[None] * len(layers)] for _ in range(2)]
    interrupted = random_weights = False
    try:
        for style, row in enumerate(rows):
            for number, layer in enumerate(layers, start=1):
                if not outputs.quiet:
                    what = "style up to" if style else "content of"
                    print(f"{number + style * len(layers)}/{2 * len(layers)} {what} {layer}")
                chosen = {"layer": layer, "style": bool(style)}
                chosen |= options if style else of_content
                result = _reconstruct(image, outputs.quiet, chosen)
                row[number], random_weights = result.image, result.random_weights
    except KeyboardInterrupt:
        if rows[0][1] is None:
            raise
        interrupted = True
    save_image(outputs.image, contact_sheet(rows, ["content", "style"], [image.name, *layers]))
    if interrupted:
        print(f"texonnx: interrupted; the sheet so far is in {outputs.image}", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    if not outputs.quiet:
        print(outputs.image)
        if random_weights:
            print("texonnx: NOTE: random weights, not the pretrained ones", file=sys.stderr)


def _check_style(layers: Sequence[str], options: Mapping[str, Any]) -> None:
    """Refuse what would only be refused after all the content reconstructions."""
    words = {name: options[name] for name in (*_OF_STYLE, "arch", "pool", "padding")}
    for count in range(1, len(layers) + 1):
        specify(ObjectiveOptions(layers=",".join(layers[:count]), **words))


def _reconstruct(image: Path, quiet: bool, options: Mapping[str, Any]) -> SynthesisResult:
    # A bar of its own for each run: the pace of one says nothing about the next.
    with closing(RunProgress(quiet)) as progress:
        return reconstruct(
            image,
            **options,
            on_step=lambda step, _: progress.show(step),
            on_download=progress.download,
        )
