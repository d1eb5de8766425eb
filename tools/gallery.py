r"""Draw the README's gallery: twelve exemplars, each beside what `texonnx synth` makes of it.

    .venv-cpu/bin/python tools/gallery.py -o docs/images/gallery.jpg

Every picture is that of `texonnx synth IMAGE --seed 1`, with nothing else chosen. With `--made
FOLDER` pictures of these names that lie there already are taken, and the others are kept there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import texonnx
from texonnx.images import Image, contact_sheet, scale_shorter_side

IMAGES = Path(__file__).resolve().parents[1] / "images"
REGULAR = ("brick_gray.png", "tiles.jpg", "fence.jpg")
OTHERS = (
    *("stone.jpg", "coffee_beans.jpg", "maple_leaves.jpg"),
    *("hedgehog.jpg", "grass.jpg", "gravel_gray.png"),
    *("stone_wall.jpg", "rock_wall.jpg", "zebra.png"),
)
SEED, SIDE, PAIRS_A_ROW = 1, 256, 3


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="the picture to write")
    parser.add_argument("--made", type=Path, help="a folder of pictures, NAME.png")
    parser.add_argument("--cell", type=int, default=170, help="pixels of each picture's side")
    parser.add_argument("--images", type=Path, nargs="+", help="other exemplars than these twelve")
    arguments = parser.parse_args(words)
    images = arguments.images or [IMAGES / name for name in (*REGULAR, *OTHERS)]
    try:
        pairs = [_pair(image, arguments.made) for image in images]
        rows = _rows(pairs)
        columns = ["exemplar", "result"] * (len(rows[0]) // 2)
        sheet = contact_sheet(rows, [""] * len(rows), columns, cell=arguments.cell)
        texonnx.save_image(arguments.output, sheet)
    except texonnx.TexonnxError as error:
        parser.error(str(error))
    return 0


def _pair(image: Path, made: Path | None) -> tuple[Image, Image]:
    """Return an exemplar as it was compared with, and what came of it."""
    exemplar = scale_shorter_side(texonnx.load_image(image), SIDE)
    kept = None if made is None else made / f"{image.stem}.png"
    if kept is not None and kept.exists():
        return exemplar, texonnx.load_image(kept)
    result = texonnx.synthesize(image, seed=SEED).image
    if kept is not None:
        texonnx.save_image(kept, result)
    return exemplar, result


def _rows(pairs: Sequence[tuple[Image, Image]]) -> list[list[Image | None]]:
    rows: list[list[Image | None]] = []
    for first in range(0, len(pairs), PAIRS_A_ROW):
        row: list[Image | None] = [
            one for pair in pairs[first : first + PAIRS_A_ROW] for one in pair
        ]
        width = 2 * min(PAIRS_A_ROW, len(pairs))
        rows.append(row + [None] * (width - len(row)))
    return rows


if __name__ == "__main__":
    sys.exit(main())
