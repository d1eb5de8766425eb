"""``texonnx score``: how far images are from an exemplar's texture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from texonnx.options import RUN


def score(
    exemplar: Annotated[Path, typer.Argument(help="The image of a texture.")],
    image: Annotated[list[Path], typer.Argument(help="The images to score, of any size.")],
    exemplar_size: Annotated[
        int, typer.Option(help="Pixels of the exemplar's shorter side after scaling, as in synth.")
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
    floor = _figures(scores[0].floor, scores[0].floor_levels, scores[0].spectrum_floor)
    figures = [_figures(one.mean, one.levels, one.spectrum) for one in scores]
    if json_file is not None:
        about = {"exemplar": str(exemplar), "exemplar_size": exemplar_size, "seed": seed}
        images = [{"image": str(path)} | one for path, one in zip(image, figures, strict=True)]
        content = about | {"floor": floor, "images": images}
        write_text(json_file, json.dumps(content, indent=1) + "\n")
    print(_as_table([("floor", floor), *zip(map(str, image), figures, strict=True)]))


def _figures(mean: float, levels: Sequence[float], spectrum: float) -> dict[str, Any]:
    return {"mean": mean, "levels": levels, "spectrum": spectrum}


def _as_table(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Return one line for the names of the columns, and one for the figures of each name."""
    width = max(len(name) for name, _ in rows)
    levels = range(len(rows[0][1]["levels"]))
    heads = ["mean", *(f"1/{2**level}" for level in levels), "spectrum"]
    lines = [" ".join([" " * width, *(f"{head:>8}" for head in heads)])]
    for name, figures in rows:
        numbers = (figures["mean"], *figures["levels"], figures["spectrum"])
        lines.append(" ".join([f"{name:<{width}}", *(f"{number:8.4f}" for number in numbers)]))
    return "\n".join(lines)
