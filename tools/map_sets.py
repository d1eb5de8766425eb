r"""Sets of maps that are drawn, so that what belongs together is known, and what synthesis keeps.

A height is drawn; its normals, its roughness and the photograph, colours under a light, follow from
it by formulas. For each set and seed `texonnx synth` makes the set anew, and the table tells how
the photograph's luminance goes with height and roughness there, beside the exemplar's, and by how
much the normals that came with it differ from those that the height that came has.

    .venv-cpu/bin/python tools/map_sets.py out --seeds 1 2 3 --sheet sheet.jpg
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from peers.arguments import at_least_one
from peers.table import markdown_table
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

import texonnx
from texonnx.images import Image, contact_sheet

Plane = NDArray[np.float64]
"""[H, W]"""

SLOPE = 24.0
"""By how much a difference of height between neighbours tilts the surface."""
_LIGHT = np.array([-0.5, 0.55, 0.67])
"""From the upper left: x to the right, y up, z towards the eye."""
_AMBIENT = 0.25
_CELL = 256
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class MapSet:
    """What belongs together.

    Attributes
    ----------
    photograph
        [1, 3, H, W] in [0, 1].
    height, roughness
        [H, W] in [0, 1].
    normal
        Unit vectors, [3, H, W]: x to the right, y up, z out.
    """

    photograph: Image
    height: Plane
    roughness: Plane
    normal: NDArray[np.float64]


def pebbles(side: int, seed: int = 0) -> MapSet:
    """Draw stones of many sizes and three colours."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-0.1, 1.1, (int((side / 21) ** 2), 2)) * side
    rows, columns = np.mgrid[:side, :side]
    points = np.stack([rows.ravel(), columns.ravel()], axis=1)
    distances, nearest = cKDTree(centres).query(points, k=2)
    edge = (distances[:, 1] - distances[:, 0]).reshape(side, side)
    stone = nearest[:, 0].reshape(side, side)
    height = np.sqrt(np.clip(edge / 14, 0, 1)) * rng.uniform(0.6, 1, len(centres))[stone]
    palette = np.array([[0.62, 0.55, 0.46], [0.46, 0.47, 0.5], [0.58, 0.4, 0.33]])
    colours = palette[rng.integers(0, 3, len(centres))] * rng.uniform(0.7, 1.2, (len(centres), 1))
    return _lit(height, colours[stone], rng)


def bricks(side: int, seed: int = 0) -> MapSet:
    """Draw a running bond of bricks, 48x24 pixels each with its joint."""
    rng = np.random.default_rng(seed)
    wide, tall, joint, bevel = 48, 24, 3, 4
    rows, columns = np.mgrid[:side, :side]
    course = rows // tall
    along = columns + (course % 2) * (wide // 2)
    inside = np.minimum(
        np.minimum(rows % tall, tall - 1 - rows % tall),
        np.minimum(along % wide, wide - 1 - along % wide),
    )
    number = course * (side // wide + 2) + along // wide
    lift = rng.uniform(0.75, 1, number.max() + 1)[number]
    height = np.clip((inside - joint / 2) / bevel, 0, 1) * lift
    red = np.array([0.6, 0.3, 0.22]) * rng.uniform(0.75, 1.2, (number.max() + 1, 1))
    mortar = np.array([0.62, 0.6, 0.56])
    colours = np.where((height > 0)[..., np.newaxis], red[number], mortar)
    return _lit(height, colours, rng)


SETS: dict[str, Callable[[int], MapSet]] = {"pebbles": pebbles, "bricks": bricks}


def _lit(height: Plane, colours: NDArray[np.float64], rng: np.random.Generator) -> MapSet:
    grain = gaussian_filter(rng.standard_normal(height.shape), 1.2)
    height = np.clip(0.06 + 0.88 * gaussian_filter(height, 0.8) + 0.03 * grain, 0, 1)
    normal = normals_of(height)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    shade = _AMBIENT + (1 - _AMBIENT) * np.clip(np.einsum("c,chw->hw", light, normal), 0, 1)
    # Cavities are dark, besides.
    photograph = (colours.transpose(2, 0, 1) * shade * (0.45 + 0.55 * height)).clip(0, 1)
    roughness = np.clip(0.95 - 0.6 * height, 0, 1)
    return MapSet(photograph[np.newaxis].astype(np.float32), height, roughness, normal)


def normals_of(height: Plane) -> NDArray[np.float64]:
    """Return the unit normals of a height, [3, H, W]; y is up."""
    down, right = np.gradient(height * SLOPE)
    normal = np.stack([-right, down, np.ones_like(height)])
    return np.asarray(normal / np.linalg.norm(normal, axis=0))


def luminance(image: Image) -> Plane:
    """Return the luminance of an image, [H, W]."""
    return np.asarray(np.einsum("c,chw->hw", _LUMINANCE, image[0].astype(np.float64)))


def write_set(drawn: MapSet, folder: Path) -> list[Path]:
    """Write a set: the photograph first, then normals, roughness and height in 16 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png" for name in ("albedo", "normal", "roughness", "height")]
    texonnx.save_image(files[0], drawn.photograph)
    planes = (drawn.normal / 2 + 0.5, drawn.roughness, drawn.height)
    for file, values in zip(files[1:], planes, strict=True):
        image = np.broadcast_to(values, (3, *values.shape[-2:]))[np.newaxis].astype(np.float32)
        texonnx.save_image(file, np.ascontiguousarray(image), depth=16, colours=False)
    return files


@dataclass(frozen=True)
class Kept:
    """What goes together in a set.

    Attributes
    ----------
    height, roughness
        Their correlations with the photograph's luminance.
    tilt
        Between the normals and those of the height: degrees, in the mean.
    """

    height: float
    roughness: float
    tilt: float


def measured(photograph: Image, normal: Image, roughness: Image, height: Image) -> Kept:
    """Return what goes together in a set of images, [1, 3, H, W] each."""
    light = luminance(photograph).ravel()
    planes = [image[0, 0].astype(np.float64) for image in (height, roughness)]
    correlations = [float(np.corrcoef(light, plane.ravel())[0, 1]) for plane in planes]
    directions = 2 * normal[0].astype(np.float64) - 1
    cosine = np.einsum("chw,chw->hw", directions, normals_of(planes[0]))
    return Kept(*correlations, float(np.degrees(np.arccos(cosine.clip(-1, 1))).mean()))


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="where sets and pictures go")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sheet", type=Path, help="also draw the sets and those of the first seed")
    parser.add_argument("--side", type=at_least_one, default=256, help="of the sets, in pixels")
    parser.add_argument("--weights", default="pretrained")
    parser.add_argument("--steps", type=at_least_one, help="by the quality if not given")
    arguments = parser.parse_args(words)
    rows: list[list[str]] = []
    shown: list[list[Image | None]] = []
    for name, draw in SETS.items():
        drawn = draw(arguments.side)
        files = write_set(drawn, arguments.folder / name)
        own = measured(*map(texonnx.load_image, files))
        rows.append([name, "drawn", *_cells(own)])
        for seed in arguments.seeds:
            made = texonnx.synthesize(
                files[0],
                maps=files[1:],
                seed=seed,
                exemplar_size=arguments.side,
                weights=arguments.weights,
                steps=arguments.steps,
            )
            folder = arguments.folder / f"{name}-{seed}"
            folder.mkdir(exist_ok=True)
            texonnx.save_image(folder / files[0].name, made.image)
            for one in made.maps:
                one.save(folder / one.name)
            images = [made.image, *(one.image for one in made.maps)]
            rows.append([name, f"seed {seed}", *_cells(measured(*images))])
            if seed == arguments.seeds[0]:
                shown.append([*map(texonnx.load_image, files), *images])
    if arguments.sheet is not None:
        columns = ["exemplar", "normals", "roughness", "height"]
        titles = [*columns, "result", *columns[1:]]
        sheet = contact_sheet(shown, [""] * len(shown), titles, cell=_CELL)
        texonnx.save_image(arguments.sheet, sheet)
    head = ["set", "", "luminance and height", "and roughness", "normals off by"]
    print(markdown_table(head, rows), end="")
    return 0


def _cells(kept: Kept) -> list[str]:
    return [f"{kept.height:.3f}", f"{kept.roughness:.3f}", f"{kept.tilt:.1f} degrees"]


if __name__ == "__main__":
    sys.exit(main())
