r"""Run many textures; count what is not finite, flat, or coloured where there is no colour.

    python tools/try_runs.py images/stone.jpg images/brick_gray.png ... --seeds 0 1 2 3 4

Every exemplar with every seed, loss and size. Prints a row a loss; the exit code is 1 if one
failed.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from peers.table import markdown_table

import texonnx
from texonnx.errors import TexonnxError
from texonnx.images import scale_shorter_side

LEAST_CONTRAST = 0.5
"""A result's standard deviation, in that of its exemplar: less is flat."""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("exemplars", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--losses", nargs="+", default=["gram", "emd", "swd", "mean+cov", "gan"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--quality", default="draft")
    arguments = parser.parse_args(words)
    rows, failed = [], 0
    for loss in arguments.losses:
        ratios, tinted, refused = [], 0, 0
        for size, exemplar, seed in itertools.product(
            arguments.sizes, arguments.exemplars, arguments.seeds
        ):
            try:
                result = texonnx.synthesize(
                    exemplar, loss=loss, seed=seed, exemplar_size=size, quality=arguments.quality
                )
            except TexonnxError as error:
                print(f"{exemplar}, {loss}, seed {seed}, {size}: {error}", file=sys.stderr)
                refused += 1
                continue
            given = scale_shorter_side(texonnx.load_image(exemplar), size)
            ratios.append(float(result.image.std() / given.std()))
            grey = bool((given[:, :1] == given).all())
            tinted += grey and not bool((result.image[:, :1] == result.image).all())
        flat = sum(not ratio >= LEAST_CONTRAST for ratio in ratios)
        failed += refused + flat + tinted
        least, most = (f"{one:.2f}" for one in (np.min(ratios), np.max(ratios)))
        total = len(ratios) + refused
        rows.append([loss, *map(str, (total, refused, flat, tinted)), f"{least} to {most}"])
    head = ["loss", "runs", "not finite", "flat", "tinted", "contrast, in the exemplar's"]
    print(markdown_table(head, rows), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
