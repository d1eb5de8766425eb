r"""Tell how far the colours along the edges of syntheses are from those of the middle, by padding.

    python tools/edge_colours.py images/maple_leaves.jpg images/stone.jpg --seeds 5

With circular padding an image has no edges, so over many seeds its difference averages to nothing;
what another padding adds to it, from the same seed, is that padding's doing. Printed is the mean of
that over the seeds and the four edges, red, green and blue in hundredths of the range from black to
white, and what the mean is uncertain by (the standard error of the worst channel); in bold where a
channel is beyond five times its own. Beside the defaults there are two settings of the kind in
which colours were seen to drift: one scale from white noise, in the network's own units, with
layer weights that rise or fall by 3.5 from layer to layer.

Before that comes a table of why: how large the gradient is in the outermost rows and columns of
white noise, against the middle half (root mean squares).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers.arguments import at_least_one
from peers.table import markdown_table

import texonnx
from texonnx.images import Image, resize
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.specification import specify
from texonnx.options import ObjectiveOptions, RunOptions
from texonnx.run.hosting import Host
from texonnx.runtime.choose import choose_route, open_engine
from texonnx.runtime.goal import texture_of
from texonnx.sizes import size_of
from texonnx.weights import load_weights

EDGELESS = "circular"
PADDINGS = ("zeros", "reflect")
_STEEP: dict[str, Any] = {
    "activation_scale": False,
    "init": "noise",
    "optimizer": "scipy-lbfgs",
    "scales": 1,
    "steps": 60,
}
SETTINGS: Mapping[str, dict[str, Any]] = {
    "defaults": {},
    "steep, rising": {**_STEEP, "layer_weights": "geometric:3.5"},
    "steep, falling": {**_STEEP, "layer_weights": "geometric:3.5:descending"},
}
_EDGE = 1 / 16
"""The share of the side that counts as edge: six pixels of 96."""
_BEYOND_CHANCE = 5
"""Standard errors: of a few seeds, three come about once in twenty."""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("exemplars", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--seeds", type=at_least_one, default=5)
    parser.add_argument("--size", type=at_least_one, default=96, help="of the side, in pixels")
    parser.add_argument("--weights", default="pretrained", help="as in texonnx synth")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    arguments = parser.parse_args(words)
    if arguments.seeds < 2:
        parser.error("one seed says nothing of what the mean is uncertain by; take two or more")
    rows, shares = [], []
    try:
        for path in arguments.exemplars:
            exemplar = resize(texonnx.load_image(path), arguments.size, arguments.size)
            for schedule in ("equal", "geometric:0.5"):
                found = [
                    gradient_share(
                        exemplar, padding=padding, layer_weights=schedule, weights=arguments.weights
                    )
                    for padding in (*PADDINGS, EDGELESS)
                ]
                shares.append([path.stem, schedule, *(f"{share:.2f}" for share in found)])
            for name in arguments.settings:
                options = {**SETTINGS[name], "weights": arguments.weights}
                drifted = {
                    padding: drifts(exemplar, arguments.seeds, padding=padding, **options)
                    for padding in (EDGELESS, *PADDINGS)
                }
                added = [drifted[padding] - drifted[EDGELESS] for padding in PADDINGS]
                rows.append([path.stem, name, *map(summary, (drifted[EDGELESS], *added))])
                print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    except texonnx.TexonnxError as error:
        parser.error(str(error))
    print(markdown_table(["gradient", "layer weights", *PADDINGS, EDGELESS], shares))
    print(markdown_table(["exemplar", "setting", EDGELESS, *_added()], rows), end="")
    return 0


def gradient_share(exemplar: Image, **objective: Any) -> float:
    """Return the root mean square gradient at the edge of white noise over that of its middle."""
    specification = specify(ObjectiveOptions(**objective))
    source = BuiltGraphs(specification, load_weights(objective["weights"]))
    options, size = RunOptions(engine="analytic", provider="cpu"), size_of(exemplar)
    route = choose_route(source.traits, options, [size])
    engine = open_engine(route, source, Host(), options)
    engine.aim(texture_of(exemplar), size)
    noise = np.random.default_rng(0).random(exemplar.shape, dtype=np.float32)
    squares = np.square(engine.loss_and_gradient(noise).gradient[0]).mean(0)
    quarter = squares.shape[0] // 4
    edges = np.concatenate([squares[0], squares[-1], squares[:, 0], squares[:, -1]])
    middle = squares[quarter:-quarter, quarter:-quarter]
    return float(np.sqrt(edges.mean() / middle.mean()))


def _added() -> list[str]:
    return [f"{padding} adds" for padding in PADDINGS]


def drifts(exemplar: Image, seeds: int, **options: Any) -> NDArray[np.float64]:
    """Return edge minus middle of a synthesis from each seed, [seeds, 3]."""
    size = exemplar.shape[2]
    found = []
    for seed in range(seeds):
        result = texonnx.synthesize(exemplar, exemplar_size=size, seed=seed, **options)
        found.append(drift(result.image))
    return np.array(found)


def drift(image: Image) -> NDArray[np.float64]:
    """Return the mean colour along the four edges minus that of the middle half, [3]."""
    size = min(image.shape[2:])
    width, quarter = max(1, round(_EDGE * size)), size // 4
    pixels = image[0].astype(np.float64)
    edges = [
        pixels[:, :width], pixels[:, -width:], pixels[:, :, :width], pixels[:, :, -width:]
    ]  # fmt: skip
    middle = pixels[:, quarter:-quarter, quarter:-quarter].mean((1, 2))
    return np.mean([edge.mean((1, 2)) for edge in edges], axis=0) - middle


def summary(found: NDArray[np.float64]) -> str:
    """Return mean and standard error of drifts [seeds, 3], in hundredths."""
    mean = 100 * found.mean(0)
    error = 100 * found.std(0, ddof=1) / np.sqrt(len(found))
    text = f"{mean[0]:+.1f} {mean[1]:+.1f} {mean[2]:+.1f} (±{error.max():.1f})"
    return f"**{text}**" if (np.abs(mean) > _BEYOND_CHANCE * error).any() else text


if __name__ == "__main__":
    sys.exit(main())
