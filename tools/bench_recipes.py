r"""What recipes make of a texture: seconds, structure and what is copied, PyTorch's and texonnx's.

In turn, exemplar by exemplar, each from the start of a process to its end:

- Gatys' recipe in PyTorch: 500 evaluations of L-BFGS from noise at one scale;
- what a user of PyTorch can do instead: the same coarse to fine, 100 evaluations a scale, each
  layer half of the one before, channels last, bfloat16 where that is faster;
- `texonnx synth` with `--quality draft`, `good` and `best`.

    .venv-cpu/bin/python tools/bench_recipes.py --torch .venv-torch/bin/python

Run it with the Python of an environment with texonnx and the CPU's ONNX Runtime.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench_quality import score
from peers.arguments import at_least_one, python
from peers.machine import describe_machine
from peers.quality import PEER_WORKER, PREPARATION, SIZE, synth_command, wall_seconds
from peers.report import Report
from peers.table import markdown_table
from peers.worker import module_command, versions_in

_IMAGES = Path(__file__).resolve().parents[1] / "images"
QUALITIES = ("draft", "good", "best")


@dataclass(frozen=True)
class Made:
    """A picture by one recipe.

    Attributes
    ----------
    exemplar, recipe
        Of what, and how.
    seconds
        From the start of the process to its end.
    plausible, covers, copied
        As `texonnx.score` tells them.
    problem
        Why there is no picture, and so no figure.
    """

    exemplar: str
    recipe: str
    seconds: float | None = None
    plausible: float | None = None
    covers: float | None = None
    copied: float | None = None
    problem: str | None = None

    @property
    def failed(self) -> bool:
        """Whether there is no picture."""
        return self.problem is not None

    def as_json(self) -> dict[str, Any]:
        """Return everything."""
        return asdict(self)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--torch", type=python, required=True, help="Python with torch and numpy")
    parser.add_argument(
        "--images",
        nargs="+",
        type=Path,
        default=[_IMAGES / name for name in ("brick_gray.png", "coffee_beans.jpg", "stone.jpg")],
        help="exemplars",
    )
    parser.add_argument("--evaluations", type=at_least_one, default=500, help="of Gatys' recipe")
    parser.add_argument("--a-scale", type=at_least_one, default=100, help="of the other")
    parser.add_argument("--keep", type=Path, help="keep the pictures in this folder")
    parser.add_argument("--json", help="also write the figures here")
    parser.add_argument("--markdown", help="also add the table to this file")
    arguments = parser.parse_args(words)
    for image in arguments.images:
        if not image.is_file():
            parser.error(f"there is no image {image}")
    title = "Recipes for a texture at 256 pixels"
    report = Report(title, describe_machine(), arguments.json, arguments.markdown)
    versions = {"torch": versions_in(arguments.torch), "texonnx": versions_in(sys.executable)}
    peers = {
        f"PyTorch, {arguments.evaluations} from noise": {"evaluations": arguments.evaluations},
        f"PyTorch, coarse to fine, {arguments.a_scale} a scale": {
            "evaluations": arguments.a_scale,
            "coarse_to_fine": True,
        },
    }
    rows: list[Made] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for image in arguments.images:
            for made in pictures(image, arguments.torch, peers, folder):
                rows.append(made)
                print(recipes_table([made]), file=sys.stderr, flush=True)
    report.add(recipes_table(rows), rows, versions)
    report.close()
    return int(report.failed)


def pictures(
    exemplar: Path, torch: str, peers: dict[str, dict[str, Any]], folder: Path
) -> Iterator[Made]:
    """Yield what each recipe makes of an exemplar, the peers' first."""
    import numpy as np

    from texonnx.images import save_image

    shared, output = folder / "shared.npz", folder / "peer.npz"
    given = {"file": str(shared), "exemplar": str(exemplar), "size": SIZE, "square": False}
    wall_seconds(module_command(sys.executable, PREPARATION, given))
    for recipe, how in peers.items():
        job = {"file": str(shared), "output": str(output), "threads": 0, **how}
        picture = folder / f"{exemplar.stem}-{'fine' if len(how) > 1 else 'noise'}.png"
        try:
            seconds = wall_seconds(module_command(torch, PEER_WORKER, job))
        except subprocess.CalledProcessError as error:
            yield _failed(exemplar, recipe, error)
            continue
        with np.load(output) as made:
            save_image(picture, made["image"])
        yield _judged(exemplar, recipe, picture, seconds)
    for quality in QUALITIES:
        picture = folder / f"{exemplar.stem}-{quality}.png"
        recipe = f"texonnx synth --quality {quality}"
        command = synth_command(sys.executable, exemplar, picture, ("--quality", quality))
        try:
            yield _judged(exemplar, recipe, picture, wall_seconds(command))
        except subprocess.CalledProcessError as error:
            yield _failed(exemplar, recipe, error)


def _judged(exemplar: Path, recipe: str, picture: Path, seconds: float) -> Made:
    found = score(exemplar, picture)
    told = (found["plausible"], found["covers"], found["copied"])
    return Made(exemplar.stem, recipe, seconds, *told)


def _failed(exemplar: Path, recipe: str, error: subprocess.CalledProcessError) -> Made:
    return Made(exemplar.stem, recipe, problem=f"failed: ended with status {error.returncode}")


def recipes_table(rows: Sequence[Made]) -> str:
    """Return a row for each picture."""
    header = ["exemplar", "recipe", "seconds", "plausible / covers", "copied"]
    return markdown_table(header, [[row.exemplar, row.recipe, *_cells(row)] for row in rows])


def _cells(row: Made) -> list[str]:
    if row.problem is not None:
        return [row.problem, "", ""]
    structure = f"{row.plausible:.2f} / {row.covers:.2f}"
    return [f"{row.seconds:.1f}", structure, f"{row.copied:.2f}"]


if __name__ == "__main__":
    sys.exit(main())
