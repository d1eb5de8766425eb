"""``texonnx score``: how far images are from an exemplar's texture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from texonnx.options import RUN

if TYPE_CHECKING:
    from texonnx.scoring import Score


def score(
    exemplar: Annotated[Path, typer.Argument(help="The image of a texture.")],
    image: Annotated[list[Path], typer.Argument(help="The images to score, of any size.")],
    exemplar_size: Annotated[
        int,
        typer.Option(help="Pixels of the exemplar's shorter side after scaling, as in synth."),
    ] = RUN.exemplar_size,
    seed: Annotated[int, typer.Option(help="Of the directions and patches drawn.")] = RUN.seed,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the scores here too.")
    ] = None,
) -> None:
    """Measure how far IMAGE is from EXEMPLAR's texture, by a distance that no loss optimises.

    Smaller is closer. A row has the mean of the levels, each level from the
    finest (1/1) to the coarsest, and the difference of the power spectra.
    The row 'floor' is half of the exemplar against the other half.
    """
    from texonnx.scoring import score_all
    from texonnx.system.files import check_target, write_text

    if json_file is not None:
        check_target(json_file)
    scores = score_all(exemplar, image, exemplar_size=exemplar_size, seed=seed)
    if json_file is not None:
        about = {"exemplar": str(exemplar), "exemplar_size": exemplar_size, "seed": seed}
        write_text(json_file, json.dumps(about | _as_json(image, scores), indent=1) + "\n")
    print(_as_table(image, scores))


def _as_table(images: Sequence[Path], scores: Sequence[Score]) -> str:
    """Return one line for the names of the columns, the floor, and each image."""
    floor = scores[0]
    rows = [
        ("floor", floor.floor, floor.floor_levels, floor.spectrum_floor),
        *(
            (str(image), one.mean, one.levels, one.spectrum)
            for image, one in zip(images, scores, strict=True)
        ),
    ]
    width = max(len(name) for name, *_ in rows)
    heads = ["mean", *(f"1/{2**level}" for level in range(len(floor.levels))), "spectrum"]
    lines = [" ".join([" " * width, *(f"{head:>8}" for head in heads)])]
    for name, mean, levels, spectrum in rows:
        numbers = (f"{number:8.4f}" for number in (mean, *levels, spectrum))
        lines.append(" ".join([f"{name:<{width}}", *numbers]))
    return "\n".join(lines)


def _as_json(images: Sequence[Path], scores: Sequence[Score]) -> dict[str, Any]:
    floor = scores[0]
    return {
        "floor": {
            "mean": floor.floor,
            "levels": floor.floor_levels,
            "spectrum": floor.spectrum_floor,
        },
        "images": [
            {
                "image": str(image),
                "mean": one.mean,
                "levels": one.levels,
                "spectrum": one.spectrum,
            }
            for image, one in zip(images, scores, strict=True)
        ],
    }
