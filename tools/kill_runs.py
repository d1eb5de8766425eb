r"""Kill runs with SIGKILL at random moments, go on with each, and compare the pictures.

    python tools/kill_runs.py images/stone.jpg --times 50

Every run is killed once or oftener, and gone on with by `texonnx resume`, or, where it was killed
before it was kept, by the same command. Prints a table; the exit code is 1 if a picture differs
from the one of a run that nobody killed, or anything is left behind.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import PIL.Image
from peers.arguments import at_least_one
from peers.table import markdown_table

WAYS = {
    "gram": (),
    "emd": ("--loss", "emd"),
    "swd": ("--loss", "swd"),
    "gan": ("--loss", "gan"),
    "gram, adam": ("--optimizer", "adam"),
}


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("exemplar", type=Path)
    parser.add_argument("--times", type=at_least_one, default=50, help="runs, spread over the ways")
    parser.add_argument("--size", type=at_least_one, default=64)
    parser.add_argument("--weights", default="pretrained")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args(words)
    chance = random.Random(arguments.seed)
    rows = []
    failed = 0
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            run = Run(Path(folder), arguments.exemplar.resolve(), arguments, way)
            started = time.monotonic()
            run.whole()
            seconds = time.monotonic() - started
            count = arguments.times // len(WAYS)
            kills = [run.killed(chance, seconds) for _ in range(count)]
        same = sum(kill is not None for kill in kills)
        failed += count - same
        total = sum(kill or 0 for kill in kills)
        rows.append([name, f"{seconds:.1f}", str(count), str(total), str(same)])
    head = ["run", "seconds of a whole one", "killed", "kills", "same picture, nothing left"]
    print(markdown_table(head, rows), end="")
    return 1 if failed else 0


class Run:
    """One command, in a folder of its own."""

    def __init__(
        self, folder: Path, exemplar: Path, chosen: argparse.Namespace, way: Sequence[str]
    ) -> None:
        self._folder = folder
        self._command = [
            *(sys.executable, "-m", "texonnx", "synth", str(exemplar), "-q", *way),
            *("--exemplar-size", str(chosen.size), "--weights", chosen.weights),
        ]

    def whole(self) -> None:
        """Make the picture that the others are held against."""
        subprocess.run([*self._command, "-o", "whole.png"], cwd=self._folder, check=True)

    def killed(self, chance: random.Random, seconds: float) -> int | None:
        """Return how often a run was killed to its end, or ``None`` if it went wrong.

        One that takes `seconds` when it is left alone; a shorter one begins anew.
        """
        keeping = ["-o", "out.png", "--checkpoint", "kept", "--checkpoint-every", "0.05"]
        kills = 0
        while True:
            kept = (self._folder / "kept" / "run.npz").exists()
            again = [sys.executable, "-m", "texonnx", "resume", "kept", "-q"]
            started = time.monotonic()
            process = subprocess.Popen(
                again if kept else [*self._command, *keeping], cwd=self._folder
            )
            try:
                # The first time for sure, later seldomer, so that it comes to an end.
                most = seconds if kills == 0 else 4 * seconds
                code = process.wait(chance.uniform(0.2, 1) * most)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                continue
            fine = code == 0 and self._is_whole()
            if fine and kills == 0:
                seconds = min(seconds, 0.9 * (time.monotonic() - started))
                continue
            return kills if fine else None

    def _is_whole(self) -> bool:
        whole, out = (self._folder / name for name in ("whole.png", "out.png"))
        same = PIL.Image.open(whole).tobytes() == PIL.Image.open(out).tobytes()
        out.unlink()
        return same and [path.name for path in self._folder.iterdir()] == ["whole.png"]


if __name__ == "__main__":
    sys.exit(main())
