r"""Style transfers side by side: neural-style's recipe in PyTorch, and `texonnx transfer`.

Five contents and styles from ``images/``, 320 pixels, each from the start of a process to its end:
neural-style's defaults (maximum pooling, content at conv4_2 with weight 5, five layers of style
with weight 100, 1000 evaluations from noise), here with VGG-16, and `texonnx transfer` with its
own. For each picture it tells what share of the photograph's own strangeness to the style is taken
off, and how far the features at conv4_1 are from the photograph's (docs/transfer.md has both).

    .venv-cpu/bin/python tools/bench_paintings.py --torch .venv-torch/bin/python -o sheet.jpg

Run it with the Python of an environment with texonnx and the CPU's ONNX Runtime.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers.arguments import at_least_one, python
from peers.machine import describe_machine
from peers.quality import PREPARATION, wall_seconds
from peers.report import Report
from peers.table import markdown_table
from peers.worker import module_command, versions_in

import texonnx
from texonnx.images import Image, contact_sheet, load_image, scale_shorter_side
from texonnx.scoring.features import FeatureMaps
from texonnx.weights import load_weights

IMAGES = Path(__file__).resolve().parents[1] / "images"
PAIRS = (
    ("castle.jpg", "van_gogh_cafe.jpg"),
    ("cathedral.jpg", "van_gogh_cafe.jpg"),
    ("macaw.jpg", "van_gogh_church.jpg"),
    ("castle.jpg", "van_gogh_church.jpg"),
    ("macaw.jpg", "maple_leaves.jpg"),
)
PEER, OURS = "neural-style in PyTorch", "texonnx transfer"
PEER_WORKER = "peers.neural_style_worker"
SIZE = 320
"""Pixels of the content's shorter side."""
_JUDGED_AT = "conv4_1"
_CELL = 300


@dataclass(frozen=True)
class Painting:
    """One picture.

    Attributes
    ----------
    pair, recipe
        Content and style, and how it was made.
    seconds
        From the start of the process to its end.
    taken_off
        Of ``plausible`` of the photograph against the style, the share that is gone.
    content
        Relative distance of the features to the photograph's.
    problem
        Why there is no picture, and so no figure.
    """

    pair: str
    recipe: str
    seconds: float = 0.0
    taken_off: float = 0.0
    content: float = 0.0
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
    parser.add_argument("-o", "--output", type=Path, required=True, help="the sheet to write")
    parser.add_argument("--evaluations", type=at_least_one, default=1000, help="of the peer")
    parser.add_argument("--keep", type=Path, help="keep the pictures in this folder")
    parser.add_argument("--json", help="also write the figures here")
    parser.add_argument("--markdown", help="also add the table to this file")
    arguments = parser.parse_args(words)
    title = f"Style transfer at {SIZE} pixels: neural-style's defaults, {arguments.evaluations}"
    report = Report(title, describe_machine(), arguments.json, arguments.markdown)
    versions = {"torch": versions_in(arguments.torch), "texonnx": versions_in(sys.executable)}
    paintings: list[Painting] = []
    rows: list[list[Image]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for content, style in PAIRS:
            files = IMAGES / content, IMAGES / style
            pair = f"{files[0].stem}, {files[1].stem}"
            try:
                made = paint(*files, folder, arguments.torch, arguments.evaluations)
            except subprocess.CalledProcessError as error:
                problem = f"failed: '{error.cmd[2]}' ended with status {error.returncode}"
                paintings.append(Painting(pair, "both", problem=problem))
                continue
            seen = [scale_shorter_side(load_image(file), SIZE) for file in files]
            rows.append([*seen, *(load_image(picture) for picture, _ in made.values())])
            paintings += judge(files[1], seen[0], made, folder, pair)
            print(paintings_table(paintings[-2:]), file=sys.stderr, flush=True)
    if rows:
        titles = ["content", "style", PEER, OURS]
        sheet = contact_sheet(rows, [""] * len(rows), titles, cell=_CELL)
        texonnx.save_image(arguments.output, sheet)
    report.add(paintings_table(paintings), paintings, versions)
    report.close()
    return int(report.failed)


def paint(
    content: Path, style: Path, folder: Path, torch: str, evaluations: int
) -> dict[str, tuple[Path, float]]:
    """Return the picture of each recipe, and its seconds."""
    name = f"{content.stem}-{style.stem}"
    shared, output = folder / "shared.npz", folder / "peer.npz"
    given = {
        "file": str(shared),
        "exemplar": str(style),
        "content": str(content),
        "size": SIZE,
        "square": False,
        "raw_activations": True,
    }
    wall_seconds(module_command(sys.executable, PREPARATION, given))
    job = {"file": str(shared), "output": str(output), "threads": 0, "evaluations": evaluations}
    pictures = folder / f"{name}-peer.png", folder / f"{name}-texonnx.png"
    waited = wall_seconds(module_command(torch, PEER_WORKER, job))
    with np.load(output) as made:
        texonnx.save_image(pictures[0], made["image"])
    command = [sys.executable, "-m", "texonnx", "transfer", str(content), str(style)]
    command += ["-o", str(pictures[1]), "--size", str(SIZE), "--seed", "1", "--quiet", "--force"]
    return {PEER: (pictures[0], waited), OURS: (pictures[1], wall_seconds(command))}


def judge(
    style: Path, photograph: Image, made: dict[str, tuple[Path, float]], folder: Path, pair: str
) -> list[Painting]:
    """Return what each picture is worth, beside the photograph itself."""
    features = FeatureMaps(load_weights(), [_JUDGED_AT])
    aim, file = features(photograph)[_JUDGED_AT], folder / "photograph.png"
    texonnx.save_image(file, photograph)
    itself = _plausible(style, file)
    found = []
    for recipe, (picture, seconds) in made.items():
        difference = features(load_image(picture))[_JUDGED_AT] - aim
        distance = float(np.linalg.norm(difference) / np.linalg.norm(aim))
        taken_off = 1 - _plausible(style, picture) / itself
        found.append(Painting(pair, recipe, seconds, taken_off, distance))
    return found


def _plausible(style: Path, picture: Path) -> float:
    structure = texonnx.score(style, picture, exemplar_size=SIZE).structure
    if structure is None:
        raise texonnx.TexonnxError("only the pretrained weights see structure")
    return structure.plausible


def paintings_table(paintings: Sequence[Painting]) -> str:
    """Return a row for each."""
    header = ["content, style", "recipe", "seconds", "taken off", "content"]
    return markdown_table(header, [[one.pair, one.recipe, *_cells(one)] for one in paintings])


def _cells(one: Painting) -> list[str]:
    if one.problem is not None:
        return [one.problem, "", ""]
    return [f"{one.seconds:.0f}", f"{one.taken_off:.0%}", f"{one.content:.2f}"]


if __name__ == "__main__":
    sys.exit(main())
