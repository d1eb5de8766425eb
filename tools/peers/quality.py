"""Time to quality: the usual recipe in PyTorch against ``texonnx synth`` as a user would run it."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from peers.table import markdown_table, spread
from peers.worker import environment, module_command

PEER_WORKER = "peers.gatys_worker"
PREPARATION = "peers.preparation"
SIZE = 256
"""Pixels of the shorter side: the default of ``texonnx synth``, and so the peer's."""

Score = Callable[[Path, Path], Mapping[str, Any]]
"""Scores an image against an exemplar; ``mean`` is what counts, and less is better."""


@dataclass
class Quality:
    """Both results for one exemplar.

    Attributes
    ----------
    peer_seconds, seconds
        From the start of the process to its end; ours for each repetition.
    peer_score, score
        All that the score tells.
    reused
        Whether the peer's result is one of an earlier run.
    """

    exemplar: str
    peer_seconds: float = 0.0
    peer_score: dict[str, Any] = field(default_factory=dict)
    reused: bool = False
    seconds: list[float] = field(default_factory=list)
    score: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None

    @property
    def seconds_ratio(self) -> float:
        """Our seconds for one of the peer's."""
        return statistics.median(self.seconds) / self.peer_seconds

    @property
    def score_ratio(self) -> float:
        """Our score for one of the peer's; less is better."""
        return float(self.score["mean"] / self.peer_score["mean"])

    @property
    def as_good(self) -> bool:
        """Whether our score is no worse."""
        return bool(self.score["mean"] <= self.peer_score["mean"])

    @property
    def failed(self) -> bool:
        """Whether one of the two made no image."""
        return self.problem is not None

    def as_json(self) -> dict[str, Any]:
        """Return everything, the ratios too."""
        if self.problem is not None:
            return asdict(self)
        ratios = {"seconds_ratio": self.seconds_ratio, "score_ratio": self.score_ratio}
        return {**asdict(self), **ratios, "as_good": self.as_good}


class AnotherRecipeError(Exception):
    """A kept result of the peer was made in another way than is asked for."""


@dataclass(frozen=True)
class Trial:
    """How both are run.

    Attributes
    ----------
    torch, texonnx
        The Pythons of their environments.
    evaluations
        The peer's.
    threads
        The peer's; 0 leaves it to PyTorch.
    synth_options
        More options for ``texonnx synth``, which has none else.
    folder
        Where images are kept.
    """

    torch: str
    texonnx: str
    folder: Path
    evaluations: int = 500
    threads: int = 0
    repeats: int = 1
    synth_options: Sequence[str] = ()

    def compare(self, exemplars: Sequence[Path], score: Score) -> Iterator[Quality]:
        """Yield both results for each exemplar, the peer's first."""
        for exemplar in exemplars:
            quality = Quality(exemplar.name)
            try:
                self._run_peer(exemplar, quality)
                ours = self.folder / f"texonnx-{exemplar.stem}.png"
                command = synth_command(self.texonnx, exemplar, ours, self.synth_options)
                quality.seconds = [wall_seconds(command) for _ in range(self.repeats)]
                quality.score = dict(score(exemplar, ours))
                quality.peer_score = dict(score(exemplar, self._peer_picture(exemplar)))
            except subprocess.CalledProcessError as error:
                quality.problem = f"failed: {error.cmd[0]} ended with status {error.returncode}"
            except AnotherRecipeError as error:
                quality.problem = f"failed: {error}"
            yield quality

    def _peer_picture(self, exemplar: Path) -> Path:
        return self.folder / f"peer-{exemplar.stem}.png"

    def _run_peer(self, exemplar: Path, quality: Quality) -> None:
        """Fill in the peer's seconds and write its picture, from its file if there is one."""
        import numpy as np

        from texonnx.images import save_image

        file = self.folder / f"peer-{exemplar.stem}.npz"
        quality.reused = file.exists()
        if not quality.reused:
            self._measure_peer(exemplar, file)
        with np.load(file) as kept:
            made_with = int(kept["evaluations"]) if "evaluations" in kept else self.evaluations
            if made_with != self.evaluations:
                raise AnotherRecipeError(
                    f"{file} was made with {made_with} evaluations, not {self.evaluations}; "
                    "remove it, or keep images elsewhere"
                )
            quality.peer_seconds = float(kept["seconds"])
            save_image(self._peer_picture(exemplar), kept["image"])

    def _measure_peer(self, exemplar: Path, file: Path) -> None:
        """Run the peer, and keep image and seconds in `file`, which appears whole or not at all."""
        import numpy as np

        shared, output = file.with_suffix(".shared.npz"), file.with_suffix(".partial.npz")
        given = {"file": str(shared), "exemplar": str(exemplar), "size": SIZE, "square": False}
        job = {
            "file": str(shared),
            "output": str(output),
            "evaluations": self.evaluations,
            "threads": self.threads,
        }
        try:
            wall_seconds(module_command(self.texonnx, PREPARATION, given))
            seconds = wall_seconds(module_command(self.torch, PEER_WORKER, job))
            with np.load(output) as made:
                found = dict(made)
            np.savez(output, seconds=seconds, **found)
            output.replace(file)
        finally:
            shared.unlink(missing_ok=True)
            output.unlink(missing_ok=True)


def synth_command(
    python: str, exemplar: Path, output: Path, options: Sequence[str] = ()
) -> list[str]:
    """Return the command that a user would give."""
    return [python, "-m", "texonnx", "synth", str(exemplar), "-o", str(output), "--quiet", *options]


def wall_seconds(command: Sequence[str]) -> float:
    """Run `command`; return the seconds from its start to its end."""
    with tempfile.TemporaryDirectory(prefix="texonnx-bench-") as temporary:
        start = time.perf_counter()
        subprocess.run(command, check=True, env=environment(temporary))
        return time.perf_counter() - start


def quality_table(rows: Sequence[Quality]) -> str:
    """Return a row for each exemplar, and what is to be said of all of them."""
    header = ["exemplar", "peer, s", "peer's score", "texonnx, s", "texonnx's score", "floor"]
    header += ["ratio of seconds", "ratio of scores", "as good"]
    table = markdown_table(header, [[row.exemplar, *_cells(row)] for row in rows])
    done = [row for row in rows if row.problem is None]
    if not done:
        return table
    seconds = spread([row.seconds_ratio for row in done], 3)
    scores = spread([row.score_ratio for row in done], 3)
    table += (
        f"\nRatio of seconds {seconds}, of scores {scores}; as good for "
        f"{sum(row.as_good for row in done)} of {len(done)} exemplars. A score is better when it "
        "is less.\n"
    )
    if any(row.reused for row in done):
        table += "\n(e) The peer was measured in an earlier run, not in turn with texonnx.\n"
    return table


def _cells(row: Quality) -> list[str]:
    if row.problem is not None:
        return [row.problem, *[""] * 7]
    median = f"{statistics.median(row.seconds):.1f}"
    ours = median if len(row.seconds) == 1 else spread(row.seconds, 1)
    floor = row.score.get("floor")
    return [
        f"{row.peer_seconds:.1f}{' (e)' if row.reused else ''}",
        f"{row.peer_score['mean']:.4g}",
        ours,
        f"{row.score['mean']:.4g}",
        "" if floor is None else f"{floor:.4g}",
        f"{row.seconds_ratio:.3f}",
        f"{row.score_ratio:.3f}",
        "yes" if row.as_good else "no",
    ]
