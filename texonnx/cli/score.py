"""``texonnx score``: how far images are from an exemplar's texture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from texonnx.cli.outputs import REPEATS
from texonnx.cli.places import check_kept
from texonnx.errors import OptionError
from texonnx.options import OBJECTIVE, RUN

if TYPE_CHECKING:
    from texonnx.scoring import Evenness, Score
    from texonnx.scoring.seams import Seams

Row = tuple[str, Sequence[float]]

_ANOTHER = "take another name"


def score(
    exemplar: Annotated[Path, typer.Argument(help="The image of a texture.")],
    image: Annotated[list[Path], typer.Argument(help="The images to score, of any size.")],
    exemplar_size: Annotated[
        int, typer.Option(help="Pixels of the exemplar's shorter side after scaling, as in synth.")
    ] = RUN.exemplar_size,
    seed: Annotated[int, typer.Option(help="Of the directions and patches drawn.")] = RUN.seed,
    weights: Annotated[
        str, typer.Option(help="Of the VGG-16 that judges structure; nothing is downloaded.")
    ] = OBJECTIVE.weights,
    copy_map: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw what IMAGE copies from EXEMPLAR, and whence."),
    ] = None,
    tile: Annotated[
        bool, typer.Option("--tile", help="Look across IMAGE's edges too: does it tile?")
    ] = False,
    preview: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write IMAGE repeated 3x3, to see whether it tiles."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the scores here too.")
    ] = None,
) -> None:
    """Measure how far IMAGE is from EXEMPLAR's texture, by distances that no loss optimises.

    Smaller is closer. Structure: 'plausible', is what IMAGE shows seen in
    EXEMPLAR, and 'covers', does it show all of EXEMPLAR, where 1 is as far
    as EXEMPLAR's halves are from each other; 'copied', the share of IMAGE
    that lies in large verbatim pieces; 'used', the share of EXEMPLAR whose
    patches are the nearest of some of IMAGE.

    Colour, contrast and fine grain: the mean of the levels, each level from
    the finest (1/1) to the coarsest, and the difference of the power
    spectra. The row 'floor' is half of the exemplar against the other half.

    Evenness, over 8x8 cells: contrast at the edge over that in the middle,
    and how much contrast and colour vary, beside the exemplar's.

    Seams, with --tile: structure and steps of pixels across the edges, where
    left meets right and top meets bottom, in units of the oddest twentieth
    of the places inside; up to 1 there is no seam to be found.
    """
    from texonnx.images import check_writable, load_image, repeated, save_image
    from texonnx.scoring import score_all
    from texonnx.system.files import check_target, write_text

    if json_file is not None:
        check_target(json_file)
    if copy_map is not None:
        if len(image) > 1:
            raise OptionError(f"a copy map is of one image, and there are {len(image)}")
        check_writable(copy_map)
        check_kept(copy_map, [exemplar, *image], _ANOTHER)
    if preview is not None:
        if len(image) > 1:
            raise OptionError(f"a preview is of one image, and there are {len(image)}")
        check_writable(preview)
        check_kept(preview, [exemplar, *image], _ANOTHER)
    scores = score_all(
        exemplar, image, exemplar_size=exemplar_size, seed=seed, weights=weights, tile=tile
    )
    if preview is not None:
        save_image(preview, repeated(load_image(image[0]), REPEATS))
    if copy_map is not None:
        _write_copy_map(copy_map, exemplar, image[0], exemplar_size, scores[0])
    if json_file is not None:
        about = {"exemplar": str(exemplar), "exemplar_size": exemplar_size, "seed": seed}
        content = about | _as_json(image, scores)
        write_text(json_file, json.dumps(content, indent=1) + "\n")
    _print(image, scores)


def _write_copy_map(
    target: Path, exemplar: Path, image: Path, exemplar_size: int, score: Score
) -> None:
    if score.structure is None:
        raise OptionError(f"there can be no copy map: {score.why_no_structure}")
    from texonnx.images import load_image, save_image, scale_shorter_side
    from texonnx.scoring.copy_map import copy_map
    from texonnx.scoring.scores import exemplar_image

    scaled = scale_shorter_side(exemplar_image(exemplar), exemplar_size)
    save_image(target, copy_map(scaled, load_image(image), score.structure.copies))


def _as_json(images: Sequence[Path], scores: Sequence[Score]) -> dict[str, Any]:
    first = scores[0]
    floor = {"mean": first.floor, "levels": first.floor_levels, "spectrum": first.spectrum_floor}
    figures = [
        {
            "image": str(path),
            "mean": one.mean,
            "levels": one.levels,
            "spectrum": one.spectrum,
            "evenness": asdict(one.evenness),
            **({} if one.seams is None else {"seams": asdict(one.seams)}),
            "structure": None
            if one.structure is None
            else {
                "plausible": one.structure.plausible,
                "covers": one.structure.covers,
                "plausible_by_layer": one.structure.plausible_by_layer,
                "covers_by_layer": one.structure.covers_by_layer,
                "copied": one.structure.copies.copied,
                "used": one.structure.copies.used,
            },
        }
        for path, one in zip(images, scores, strict=True)
    ]
    why = {"why_no_structure": first.why_no_structure} if first.why_no_structure else {}
    return {
        "floor": floor,
        "evenness_of_exemplar": asdict(first.evenness_of_exemplar),
        "images": figures,
    } | why


def _print(images: Sequence[Path], scores: Sequence[Score]) -> None:
    """Print a table for each kind of figures."""
    first = scores[0]
    names = [str(path) for path in images]
    width = max(map(len, ["exemplar", *names]))
    structures = [one.structure for one in scores if one.structure is not None]
    if structures:
        heads = ["plausible", "covers", "copied", "used"]
        rows: list[Row] = [
            (name, (one.plausible, one.covers, one.copies.copied, one.copies.used))
            for name, one in zip(names, structures, strict=True)
        ]
        print(_as_table("structure", width, heads, rows) + "\n")
    else:
        print(first.why_no_structure + "\n")
    levels = [f"1/{2**level}" for level in range(len(first.levels))]
    rows = [("floor", (first.floor, *first.floor_levels, first.spectrum_floor))]
    rows += [
        (name, (one.mean, *one.levels, one.spectrum))
        for name, one in zip(names, scores, strict=True)
    ]
    print(_as_table("colour, contrast, fine grain", width, ["mean", *levels, "spectrum"], rows))
    rows = [("exemplar", _evenness(first.evenness_of_exemplar))]
    rows += [(name, _evenness(one.evenness)) for name, one in zip(names, scores, strict=True)]
    print("\n" + _as_table("evenness", width, ["edge", "contrast", "colour"], rows))
    seams = [(name, one.seams) for name, one in zip(names, scores, strict=True) if one.seams]
    if seams:
        print("\n" + _as_table("seams", width, *_seams_table([one for _, one in seams], names)))


def _seams_table(
    seams: Sequence[Seams], names: Sequence[str]
) -> tuple[Sequence[str], Sequence[Row]]:
    """Return the heads and the rows; without a judge of structure, of steps alone."""
    kinds = ["step"] if seams[0].structure_x is None else ["structure", "step"]
    columns = [(f"{kind}_{axis}", f"{kind[:6]} {axis}") for kind in kinds for axis in "xy"]
    rows = [
        (name, [getattr(one, field) for field, _ in columns])
        for name, one in zip(names, seams, strict=True)
    ]
    return [head for _, head in columns], rows


def _evenness(one: Evenness) -> tuple[float, ...]:
    return one.edge_over_middle, one.contrast_spread, one.colour_spread


def _as_table(title: str, width: int, heads: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a title, one line for the names of the columns, and one for the figures of a name."""
    lines = [title, " ".join([" " * width, *(f"{head:>9}" for head in heads)])]
    lines += [
        " ".join([f"{name:<{width}}", *(f"{number:9.4f}" for number in numbers)])
        for name, numbers in rows
    ]
    return "\n".join(lines)
