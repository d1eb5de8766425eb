"""A style transfer in PyTorch against ``texonnx transfer``, both lowering the same objective."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peers.quality import PEER_WORKER, PREPARATION, wall_seconds
from peers.table import markdown_table, spread
from peers.worker import module_command

SIZE = 512
"""Pixels of the content's shorter side."""


@dataclass
class Transfer:
    """One of the two.

    Attributes
    ----------
    seconds
        From the start of the process to its end, for each repetition.
    loss, content
        The whole objective for the image, and its content loss alone, by texonnx's own engine.
    score
        The held-out score against the style.
    """

    title: str
    seconds: list[float]
    loss: float
    content: float
    score: float
    problem: str | None = None

    @property
    def failed(self) -> bool:
        """Whether there is no image."""
        return self.problem is not None

    def as_json(self) -> dict[str, Any]:
        """Return everything."""
        return asdict(self)


@dataclass(frozen=True)
class Pair:
    """The two images, and where everything is written."""

    content: Path
    style: Path
    folder: Path

    @property
    def shared(self) -> Path:
        """What the peer is given."""
        return self.folder / "transfer.shared.npz"

    def prepare(self, python: str) -> None:
        """Write what the peer is given."""
        given = {
            "file": str(self.shared),
            "exemplar": str(self.style),
            "content": str(self.content),
            "size": SIZE,
            "square": False,
        }
        wall_seconds(module_command(python, PREPARATION, given))

    def run_peer(self, python: str, evaluations: int, threads: int) -> tuple[Path, float]:
        """Run the peer; return its picture and its seconds."""
        import numpy as np

        from texonnx.images import save_image

        output, picture = self.folder / "peer-transfer.npz", self.folder / "peer-transfer.png"
        job = {
            "file": str(self.shared),
            "output": str(output),
            "evaluations": evaluations,
            "threads": threads,
        }
        seconds = wall_seconds(module_command(python, PEER_WORKER, job))
        with np.load(output) as made:
            save_image(picture, made["image"])
        return picture, seconds

    def run_texonnx(self, python: str, repeats: int) -> tuple[Path, list[float]]:
        """Run the command that a user would give; return its picture and its seconds."""
        picture = self.folder / "texonnx-transfer.png"
        command = [python, "-m", "texonnx", "transfer", str(self.content), str(self.style)]
        # What the peer lowers has zeros around it.
        command += ["-o", str(picture), "--size", str(SIZE), "--padding", "zeros", "--quiet"]
        return picture, [wall_seconds(command) for _ in range(repeats)]

    def judge(self, title: str, picture: Path, seconds: list[float]) -> Transfer:
        """Return what the picture is worth."""
        import numpy as np

        import texonnx
        from peers.preparation import TRANSFER_OBJECTIVE
        from texonnx.images import load_image
        from texonnx.objective.built import BuiltGraphs
        from texonnx.objective.specification import specify
        from texonnx.options import RunOptions
        from texonnx.run.hosting import Host
        from texonnx.runtime.choose import choose_route, open_engine
        from texonnx.runtime.goal import Goal
        from texonnx.sizes import size_of
        from texonnx.weights import load_weights

        specification = specify(TRANSFER_OBJECTIVE)
        with np.load(self.shared) as shared:
            style, content = shared["exemplar"], shared["content"]
        source, size = BuiltGraphs(specification, load_weights()), size_of(content)
        options = RunOptions(engine="analytic", provider="cpu")
        route = choose_route(source.traits, options, [size])
        engine = open_engine(route, source, Host(), options)
        engine.aim(Goal((style,), (1.0,), content), size)
        losses = engine.loss_and_gradient(load_image(picture)).losses
        part = specification.parts.index(specification.content_parts[0].name)
        score: Any = texonnx.score(self.style, picture, exemplar_size=min(style.shape[2:]))
        return Transfer(
            title, seconds, float(losses.total), float(losses.layers[part]), float(score.mean)
        )


def transfer_table(rows: Sequence[Transfer]) -> str:
    """Return a row for each; ratios are to the first."""
    peer = statistics.median(rows[0].seconds)
    header = [f"{SIZE} pixels", "s (least to most)", "ratio", "loss", "of it content", "score"]
    return markdown_table(
        header,
        [
            [
                row.title,
                spread(row.seconds, 1),
                f"{statistics.median(row.seconds) / peer:.3f}",
                f"{row.loss:.4g}",
                f"{row.content:.4g}",
                f"{row.score:.4g}",
            ]
            for row in rows
        ],
    )
