"""``texonnx reconstruct --all``: the sheet of all layers, content above and style below."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from texonnx.cli.ending import INTERRUPTED, RANDOM_WEIGHTS, complain
from texonnx.cli.outputs import Outputs
from texonnx.cli.progress import RunProgress
from texonnx.functions import reconstruct_layers
from texonnx.images import Image, contact_sheet, load_image, save_image, scale_shorter_side
from texonnx.vgg import layer_names

_OF_ONE_LAYER = ("layer", "style")


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
        Those of :func:`texonnx.reconstruct`; the layer among them counts for nothing.
    """
    outputs.check()
    layers = layer_names(options["arch"])
    original = scale_shorter_side(load_image(image), options["size"])
    rows: list[list[Image | None]] = [[original, *[None] * len(layers)] for _ in range(2)]
    wanted = {name: one for name, one in options.items() if name not in _OF_ONE_LAYER}
    what = [f"{words} {layer}" for words in ("content of", "style up to") for layer in layers]

    def tell_of(number: int) -> None:
        if number < len(what) and not outputs.quiet:
            print(f"{number + 1}/{len(what)} {what[number]}", file=sys.stderr, flush=True)

    interrupted = random_weights = False
    with closing(RunProgress(outputs.quiet)) as progress:
        try:
            to_come = reconstruct_layers(
                image, **wanted, on_step=progress.on_step, on_download=progress.download
            )
            tell_of(0)
            for number, made in enumerate(to_come):
                rows[made.style][1 + layers.index(made.layer)] = made.result.image
                random_weights = made.result.random_weights
                # A bar of its own for each run: the pace of one says nothing about the next.
                progress.close()
                tell_of(number + 1)
        except KeyboardInterrupt:
            if rows[0][1] is None:
                raise
            interrupted = True
    save_image(outputs.image, contact_sheet(rows, ["content", "style"], [image.name, *layers]))
    if interrupted:
        complain(f"interrupted; the sheet so far is in {outputs.image}")
        sys.exit(INTERRUPTED)
    if not outputs.quiet:
        print(outputs.image)
        if random_weights:
            complain(RANDOM_WEIGHTS)
