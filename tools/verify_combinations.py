r"""Every loss, padding and pooling that can be exported, verified, and run under WebAssembly.

Each folder goes through `texonnx verify` on the given providers. Then a few steps of its Adam run
in onnxruntime-web's WebAssembly build, and the losses are held against those of texonnx itself.

    .venv/bin/python tools/verify_combinations.py --web examples/web [--provider openvino]

`npm install` in examples/web comes first. Without --web there is no WebAssembly.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from peers.table import markdown_table

import texonnx
from texonnx.images import Image
from texonnx.options import PADDINGS, POOLINGS

LOSSES = ("gram", "emd", "mean+cov", "swd", "gan")
SIDE = 32
STEPS = 3
TOLERANCE = 1e-3
"""Relative, of the losses under WebAssembly."""
_SCRIPT = Path(__file__).resolve().parent / "wasm" / "losses.mjs"


@dataclass(frozen=True)
class Outcome:
    """What became of one combination.

    Attributes
    ----------
    loss, padding, pool
        The combination.
    failures
        What `texonnx verify` says against it.
    checks
        How many checks it made.
    deviation
        The largest relative difference of a loss under WebAssembly; ``None`` if it was not run.
    problem
        Why it did not run there.
    """

    loss: str
    padding: str
    pool: str
    failures: tuple[str, ...]
    checks: int
    deviation: float | None = None
    problem: str | None = None

    @property
    def passed(self) -> bool:
        """Whether everything that was asked for holds."""
        near = self.deviation is None or self.deviation <= TOLERANCE
        return not self.failures and self.problem is None and near


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--provider", action="append", help="beside the CPU; may be repeated")
    parser.add_argument("--web", type=Path, help="examples/web, its packages installed")
    parser.add_argument("--weights", default="pretrained")
    parser.add_argument("--layers", default="all")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as temporary:
        found = list(
            outcomes(
                Path(temporary),
                arguments.provider or (),
                arguments.web,
                arguments.weights,
                arguments.layers,
            )
        )
    print(table(found))
    return int(not all(outcome.passed for outcome in found))


def outcomes(
    folder: Path,
    providers: Sequence[str],
    web: Path | None,
    weights: str,
    layers: str,
    losses: Sequence[str] = LOSSES,
) -> Iterator[Outcome]:
    """Export, verify and run every combination of `losses`; one folder is there at a time."""
    for loss, padding, pool in product(losses, PADDINGS, POOLINGS):
        exported = texonnx.export(
            folder / "exported",
            loss=loss,
            padding=padding,
            pool=pool,
            weights=weights,
            layers=layers,
            training=False,
            force=True,
        )
        verification = texonnx.verify(exported, providers=providers, size=(SIDE, SIDE))
        print(f"{loss}, {padding}, {pool}: verified", file=sys.stderr, flush=True)
        failures = tuple(
            f"{check.subject}: {check.what}: {check.failure or check.deviation}"
            for check in verification.checks
            if not check.passed
        )
        answer = {} if web is None else in_wasm(web, exported)
        yield Outcome(
            loss,
            padding,
            pool,
            failures,
            len(verification.checks),
            deviation(answer["losses"], exported) if "losses" in answer else None,
            answer.get("problem"),
        )


def in_wasm(web: Path, exported: Path) -> dict[str, Any]:
    """Return the losses of a few steps under WebAssembly, or the problem with them."""
    command = ["node", str(_SCRIPT), str(web), str(SIDE), str(STEPS), str(exported)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"problem": f"node ended with status {done.returncode}: {done.stderr.strip()}"}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def deviation(losses: Sequence[float], exported: Path) -> float:
    """Return by how much the losses differ from those of texonnx, relative to these, at most."""
    recipe = texonnx.describe(exported).recipe
    assert recipe is not None, "all of them are textures'"
    run = texonnx.synthesize(
        pattern(SIDE),
        artifacts=exported,
        exemplar_size=SIDE,
        scales=1,
        steps=STEPS,
        optimizer=recipe["optimizer"],
        engine="analytic",
        provider="cpu",
    )
    expected = np.array([step.loss for step in run.history])
    return float(np.max(np.abs(np.array(losses) / expected - 1)))


def pattern(side: int) -> Image:
    """Return the exemplar that `losses.mjs` makes, [1, 3, side, side] in [0, 1]."""
    channel, y, x = np.ogrid[:3, :side, :side]
    return (0.5 + 0.5 * np.sin((0.7 + channel) * x + 0.4 * y))[None].astype(np.float32)


def table(found: Sequence[Outcome]) -> str:
    """Return a row for each combination."""
    header = ["loss", "padding", "pooling", "verify", "WebAssembly, greatest difference of a loss"]
    rows = [[one.loss, one.padding, one.pool, _verdict(one), _wasm_words(one)] for one in found]
    return markdown_table(header, rows)


def _verdict(outcome: Outcome) -> str:
    return "; ".join(outcome.failures) or f"{outcome.checks} checks passed"


def _wasm_words(outcome: Outcome) -> str:
    if outcome.deviation is None:
        return outcome.problem or "not run"
    return f"{outcome.deviation:.1e}"


if __name__ == "__main__":
    sys.exit(main())
