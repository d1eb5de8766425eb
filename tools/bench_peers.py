r"""Time loss and gradient of the whole objective against PyTorch, in one run.

Each candidate runs in a process of its own, in the virtual environment of its own; one works while
the others wait, round after round, so that a machine whose speed drifts drifts for all of them.
Printed are medians, their spread, the ratio to a reference (PyTorch's eager float32), and peak
memory.

    python tools/bench_peers.py --analytic .venv-cpu/bin/python \
        --training .venv-training/bin/python --torch .venv-torch/bin/python

With --growth, seconds and memory over sizes and threads, one candidate at a time (the plot:
tools/plot_growth.py). With --optimizers, what an optimiser adds to the evaluations it asks for.

PyTorch is the peer to measure against, and no dependency: its environment needs torch and numpy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from peers.arguments import at_least_one, python
from peers.benchmark import Benchmark
from peers.candidates import (
    CANDIDATES,
    DEVICES,
    ENVIRONMENTS,
    REFERENCE,
    TEXONNX_ENVIRONMENTS,
    TEXONNX_WORKER,
    choose_candidates,
)
from peers.growth import SIZES, THREADS
from peers.machine import describe_machine
from peers.report import Report

_STONE = Path(__file__).resolve().parents[1] / "images" / "stone.jpg"


def main(words: Sequence[str] | None = None) -> int:
    parser = _parser()
    arguments = parser.parse_args(words)
    pythons = {name: getattr(arguments, name) for name in ENVIRONMENTS}
    pythons = {name: path for name, path in pythons.items() if path}
    if not any(name in pythons for name in TEXONNX_ENVIRONMENTS):
        parser.error("name the Python of at least one environment with texonnx")
    if arguments.growth and arguments.optimizers:
        parser.error("--growth and --optimizers are two benchmarks; take one of them")
    if not Path(arguments.exemplar).is_file():
        parser.error(f"there is no image {arguments.exemplar}")
    try:
        candidates = choose_candidates(list(pythons), arguments.device, arguments.only)
    except ValueError as error:
        parser.error(str(error))
    if arguments.optimizers:
        candidates = [one for one in candidates if one.worker == TEXONNX_WORKER]
    if not candidates:
        parser.error("no candidate is left")
    names = [candidate.name for candidate in candidates]
    if arguments.reference not in (None, *names):
        parser.error(f"the reference {arguments.reference} is not among {', '.join(names)}")
    default = REFERENCE if REFERENCE in names else names[0]
    sizes = arguments.size or (SIZES if arguments.growth else (256, 1024))
    threads = arguments.threads or (THREADS if arguments.growth else (2,))
    report = Report(_title(arguments), describe_machine(), arguments.json, arguments.markdown)
    with tempfile.TemporaryDirectory(prefix="texonnx-bench-") as folder:
        benchmark = Benchmark(
            candidates, pythons, Path(folder), arguments.exemplar, arguments.rounds, report
        )
        try:
            for loss in arguments.loss:
                if arguments.growth:
                    benchmark.grow(loss, sizes, threads)
                elif arguments.optimizers:
                    benchmark.optimizers(
                        loss, sizes, threads, arguments.optimizers, arguments.steps
                    )
                else:
                    benchmark.compare(loss, sizes, threads, arguments.reference or default)
        finally:
            report.close()
    return int(report.failed)


def _title(arguments: argparse.Namespace) -> str:
    rounds = f"medians of {arguments.rounds} rounds after one to warm up"
    if arguments.optimizers:
        return f"What an optimiser adds to its evaluations; {rounds} of {arguments.steps} steps"
    if arguments.growth:
        return f"Loss and gradient as the image grows, one candidate at a time; {rounds}"
    return f"Loss and gradient of VGG-16, thirteen layers; interleaved, {rounds}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    environments = parser.add_argument_group("virtual environments")
    for name, content in ENVIRONMENTS.items():
        environments.add_argument(
            f"--{name}", type=python, metavar="PYTHON", help=f"Python with {content}"
        )
    add("--loss", nargs="+", default=["gram"], choices=["gram", "emd"])
    add("--size", nargs="+", type=at_least_one, help="of the image's side in pixels")
    add("--threads", nargs="+", type=at_least_one, help="a table for each; by default 2")
    add("--rounds", type=at_least_one, default=7)
    add(
        "--only",
        nargs="+",
        metavar="NAME",
        help="candidates: " + ", ".join(candidate.name for candidate in CANDIDATES),
    )
    add("--reference", metavar="NAME", help="the candidate that ratios are to, by default torch")
    add("--device", choices=DEVICES, default="cpu", help="of PyTorch")
    add("--exemplar", default=str(_STONE))
    add("--json", help="also write the figures here")
    add("--markdown", help="also add the tables to this file")
    add("--growth", action="store_true", help="measure sizes 128 to 2048, 1 and 2 threads")
    add("--optimizers", nargs="+", metavar="NAME", help="measure what these add: lbfgs, adam, sgd")
    add("--steps", type=at_least_one, default=30, help="of an optimiser in a round")
    return parser


if __name__ == "__main__":
    sys.exit(main())
