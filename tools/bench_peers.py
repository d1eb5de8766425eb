r"""Time loss and gradient of the whole objective against PyTorch, in one run.

Each engine runs in a process of its own, in the virtual environment of its own; one works while
the others wait, round after round, so that a machine whose speed drifts drifts for all of them.
Printed are medians, their spread, the ratio to PyTorch's eager float32, and peak memory.

    python tools/bench_peers.py --analytic .venv-cpu/bin/python \
        --training .venv-training/bin/python --torch .venv-torch/bin/python

PyTorch is the peer to measure against, and no dependency: its environment needs torch and numpy.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PEER = "torch"
ENGINES = {
    "analytic": "texonnx analytic engine, CPU provider",
    "training": "texonnx training engine, CPU provider",
    "torch": "PyTorch eager, float32",
    "torch-channels-last": "PyTorch eager, float32, channels last",
}
BLOCKS = (2, 2, 3, 3, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--analytic", help="Python with texonnx[cpu]")
    parser.add_argument("--training", help="Python with texonnx[training]")
    parser.add_argument("--torch", help="Python with torch and numpy")
    parser.add_argument("--loss", nargs="+", default=["gram"], help="gram, emd")
    parser.add_argument("--size", nargs="+", type=int, default=[256, 1024])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--exemplar", default="images/stone.jpg")
    parser.add_argument("--json", help="also write the figures here")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        engine, folder, threads = arguments.worker
        _work(engine, Path(folder), int(threads))
        return
    pythons = {
        "analytic": arguments.analytic,
        "training": arguments.training,
        "torch": arguments.torch,
        "torch-channels-last": arguments.torch,
    }
    wanted = {engine: python for engine, python in pythons.items() if python}
    preparing = arguments.analytic or arguments.training
    if not preparing:
        parser.error("name the Python of at least one environment with texonnx")
    print(f"{_processor()}, {arguments.threads} threads; loss and gradient, VGG-16, 13 layers;")
    print(f"medians of {arguments.rounds} interleaved rounds, after one to warm up")
    rows = []
    for loss in arguments.loss:
        for size in arguments.size:
            rows += _measure(loss, size, wanted, preparing, arguments)
            _print_table(rows[-len(wanted) :])
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _measure(
    loss: str, size: int, pythons: dict[str, str], preparing: str, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Run every engine for one loss and size; return a row each."""
    with tempfile.TemporaryDirectory() as folder:
        program = [str(Path(__file__).resolve()), "--worker"]
        job = {"loss": loss, "size": size, "exemplar": arguments.exemplar}
        Path(folder, "job.json").write_text(json.dumps(job), encoding="utf-8")
        subprocess.run([preparing, *program, "prepare", folder, "0"], check=True)
        workers = {
            engine: subprocess.Popen(
                [python, *program, engine, folder, str(arguments.threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for engine, python in pythons.items()
        }
        seconds: dict[str, list[float]] = {engine: [] for engine in workers}
        value: dict[str, float] = {}
        for round_ in range(arguments.rounds + 1):
            for engine, worker in workers.items():
                answer = _ask(worker, "run")
                value[engine] = answer["loss"]
                if round_:
                    seconds[engine].append(answer["seconds"])
        rows = [
            {
                "engine": engine,
                "loss": loss,
                "size": size,
                "median": statistics.median(seconds[engine]),
                "least": min(seconds[engine]),
                "most": max(seconds[engine]),
                "megabytes": _ask(worker, "memory")["megabytes"],
                "value": value[engine],
            }
            for engine, worker in workers.items()
        ]
        for worker in workers.values():
            worker.communicate()
    reference = next((row for row in rows if row["engine"] == PEER), rows[0])
    for row in rows:
        row["ratio"] = row["median"] / reference["median"]
        if abs(row["value"] - reference["value"]) > 1e-3 * abs(reference["value"]):
            raise SystemExit(f"{row['engine']} computes another loss: {rows}")
    return rows


def _ask(worker: subprocess.Popen[str], what: str) -> dict[str, float]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(what + "\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise SystemExit(f"a worker died: {worker.args}")
    return dict(json.loads(answer))


def _print_table(rows: list[dict[str, Any]]) -> None:
    print()
    print(
        f"| {rows[0]['loss']}, {rows[0]['size']}x{rows[0]['size']} | s/iteration (least to most) ",
        end="",
    )
    print("| ratio to PyTorch eager | peak MB |")
    print("| --- | --- | --- | --- |")
    for row in rows:
        spread = f"{row['median']:.3f} ({row['least']:.3f} to {row['most']:.3f})"
        name = ENGINES[row["engine"]]
        print(f"| {name} | {spread} | {row['ratio']:.2f} | {row['megabytes']:.0f} |", flush=True)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# What follows runs in the workers.


def _work(engine: str, folder: Path, threads: int) -> None:
    import resource

    if engine == "prepare":
        _prepare(folder)
        return
    make = _torch_iteration if engine.startswith("torch") else _texonnx_iteration
    iterate = make(engine, folder, threads)
    for line in sys.stdin:
        if line.strip() == "memory":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"megabytes": peak}), flush=True)
            continue
        start = time.perf_counter()
        loss = iterate()
        print(json.dumps({"seconds": time.perf_counter() - start, "loss": loss}), flush=True)


def _job(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "job.json").read_text(encoding="utf-8")))


def _source(loss: str) -> Any:
    from texonnx.artifacts.built import BuiltGraphs
    from texonnx.artifacts.specification import specify
    from texonnx.options import ObjectiveOptions
    from texonnx.weights import load_weights

    return BuiltGraphs(specify(ObjectiveOptions(loss=loss)), load_weights())


def _prepare(folder: Path) -> None:
    """Write what all workers share: the network's tensors, the exemplar, the start."""
    import numpy as np

    from texonnx.artifacts.parameters import layer_units, trunk_tensors
    from texonnx.images import load_image, resize
    from texonnx.vgg import layer_names
    from texonnx.weights import load_weights

    job = _job(folder)
    size = job["size"]
    network = load_weights()
    tensors = trunk_tensors(network, layer_names("vgg16"), layer_units(network, "avg"))
    np.savez(
        folder / "shared.npz",
        exemplar=resize(load_image(job["exemplar"]), size, size),
        image=np.random.default_rng(0).random((1, 3, size, size), dtype=np.float32),
        mean=np.array(network.mean, np.float32) / 255,
        **tensors,
    )


def _texonnx_iteration(engine: str, folder: Path, threads: int) -> Callable[[], float]:
    import numpy as np

    from texonnx.runtime.analytic import AnalyticEngine
    from texonnx.runtime.training import TrainingEngine

    job = _job(folder)
    shared = np.load(folder / "shared.npz")
    exemplar, image = shared["exemplar"], shared["image"]
    made = (TrainingEngine if engine == "training" else AnalyticEngine)(
        _source(job["loss"]), "cpu", threads
    )
    made.aim(exemplar, (job["size"], job["size"]))
    return lambda: float(made.loss_and_gradient(image).losses.total)


def _torch_iteration(engine: str, folder: Path, threads: int) -> Callable[[], float]:
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    job = _job(folder)
    shared = {
        name: torch.from_numpy(array) for name, array in np.load(folder / "shared.npz").items()
    }
    layout = torch.channels_last if engine == "torch-channels-last" else torch.contiguous_format
    kernels = {
        name: tensor.contiguous(memory_format=layout)
        for name, tensor in shared.items()
        if name.endswith(".weight")
    }
    mean = shared["mean"].reshape(1, 3, 1, 1)

    def statistics_of(image: Any) -> list[Any]:
        x = (image - mean).contiguous(memory_format=layout)
        found = []
        for block, count in enumerate(BLOCKS, start=1):
            if block > 1:
                x = torch.nn.functional.avg_pool2d(x, 2)
            for index in range(1, count + 1):
                name = f"conv{block}_{index}"
                kernel, bias = kernels[f"{name}.weight"], shared[f"{name}.bias"]
                x = torch.relu(torch.nn.functional.conv2d(x, kernel, bias, padding=1))
                features = x.flatten(2)[0]
                if job["loss"] == "gram":
                    found.append(features @ features.T / features.shape[1])
                else:
                    found.append(features.sort(dim=1).values)
        return found

    def distance(statistic: Any, target: Any) -> Any:
        square = (statistic - target).square()
        return square.sum() / (4 * len(statistic) ** 2) if job["loss"] == "gram" else square.mean()

    with torch.no_grad():
        targets = statistics_of(shared["exemplar"])
    image = shared["image"].requires_grad_()

    def iterate() -> float:
        image.grad = None
        pairs = zip(statistics_of(image), targets, strict=True)
        loss = sum(distance(statistic, target) for statistic, target in pairs)
        loss.backward()
        return float(loss.detach())

    return iterate


if __name__ == "__main__":
    main()
