r"""Run one exported folder through every host there is, and print what differs, as Markdown.

    python tools/embedding_table.py vgg16-gram images/stone.jpg --steps 20,10,8 \
        --node examples/node --c examples/c/synthesise --web examples/web

The reference is texonnx's own analytic engine. Each host makes the same picture, from a PNG, with
the same seed: the Python example always, the others where options say that they are installed or
built. `--web` needs playwright, and Chromium on the PATH.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import PIL.Image
from numpy.typing import NDArray
from peers.table import markdown_table

import texonnx
from texonnx.errors import TexonnxError
from texonnx.images import Image, load_image

PYTHON_EXAMPLE = Path(__file__).parents[1] / "examples" / "python" / "synthesise.py"
CHROMIUM = ("--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-gpu")
MILLISECONDS = 1_800_000


class HostFailedError(Exception):
    """A host did not end as it should; the message is its own."""


@dataclass(frozen=True)
class Case:
    """What every host is given.

    Attributes
    ----------
    folder
        Exported.
    exemplar
        Without a suffix; ``.png`` and ``.ppm`` of it are there.
    exemplar_size, steps, seed
        As for ``texonnx synth``.
    """

    folder: Path
    exemplar: Path
    exemplar_size: int
    steps: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Run:
    """What a host made.

    Attributes
    ----------
    host, version
        Its name, and that of its ONNX Runtime.
    losses
        Of every step.
    seconds
        Of every step, by scale, coarsest first.
    image
        [1, 3, H, W] in [0, 1].
    """

    host: str
    version: str
    losses: NDArray[np.float64]
    seconds: list[list[float]]
    image: Image


def main(words: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(words)
    try:
        with tempfile.TemporaryDirectory() as place:
            case = _case(arguments, Path(place))
            reference = run_texonnx(case)
            runs = [run_example("Python", _python(), case)]
            if arguments.node:
                runs.append(run_example("Node", _node(arguments.node), case))
            if arguments.c:
                runs.append(run_example("C", _c(arguments.c), case))
            if arguments.web:
                runs.append(run_page(arguments.web, case))
    except (TexonnxError, HostFailedError) as error:
        print(f"embedding_table: {error}", file=sys.stderr)
        return 2
    print(table(reference, runs), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="written by texonnx export")
    parser.add_argument("exemplar", type=Path, help="an image")
    parser.add_argument("--exemplar-size", type=int, default=256)
    parser.add_argument("--steps", default="20,10,8", help="at each scale, coarsest first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--node", type=Path, help="examples/node after npm install")
    parser.add_argument("--c", type=Path, help="the program of examples/c")
    parser.add_argument("--web", type=Path, help="examples/web after npm install")
    return parser


def _case(arguments: argparse.Namespace, place: Path) -> Case:
    exemplar = place / "exemplar"
    pixels = load_image(arguments.exemplar)[0].transpose(1, 2, 0)
    picture = PIL.Image.fromarray(np.rint(pixels * 255).astype(np.uint8))
    for suffix in (".png", ".ppm"):
        picture.save(exemplar.with_suffix(suffix))
    steps = tuple(int(number) for number in arguments.steps.split(","))
    folder = arguments.folder.resolve()
    return Case(folder, exemplar, arguments.exemplar_size, steps, arguments.seed)


def table(reference: Run, runs: Sequence[Run]) -> str:
    """Return a row for the reference and one for each host, in Markdown."""
    sides = _sides(reference)
    header = [
        "host",
        "ONNX Runtime",
        "greatest relative difference of the loss, first step",
        "all steps",
        "PSNR, dB",
        *(f"s a step, {side}" for side in sides),
    ]
    rows = [[reference.host, reference.version, "", "", "", *_pace(reference)]]
    for run in runs:
        apart = np.abs(run.losses / reference.losses - 1)
        decibels = psnr(run.image, in_8_bits(reference.image))
        figures = [f"{apart[0]:.0e}", f"{apart.max():.0e}", f"{decibels:.0f}"]
        rows.append([run.host, run.version, *figures, *_pace(run)])
    return markdown_table(header, rows)


def psnr(a: Image, b: Image) -> float:
    """Return the peak signal-to-noise ratio in decibels, of values in [0, 1]."""
    error = float(np.mean((a - b) ** 2, dtype=np.float64))
    return math.inf if error == 0 else -10 * math.log10(error)


def in_8_bits(image: Image) -> Image:
    """Return an image as a file would have it."""
    rounded: Image = np.rint(image.clip(0, 1) * 255).astype(np.float32) / np.float32(255)
    return rounded


def _sides(run: Run) -> list[str]:
    height, width = run.image.shape[2:]
    factors = [2**k for k in reversed(range(len(run.seconds)))]
    return [f"{width // factor}x{height // factor}" for factor in factors]


def _pace(run: Run) -> list[str]:
    """Return the least of each scale: what the machine is also busy with only adds."""
    return [f"{min(seconds):.3f}" for seconds in run.seconds]


def run_texonnx(case: Case) -> Run:
    """Return what texonnx itself makes, with the optimiser that the recipe takes."""
    recipe = texonnx.describe(case.folder).recipe or {}
    result = texonnx.synthesize(
        case.exemplar.with_suffix(".png"),
        artifacts=case.folder,
        optimizer=recipe.get("optimizer", "lbfgs"),
        engine="analytic",
        provider="cpu",
        exemplar_size=case.exemplar_size,
        steps=case.steps,
        seed=case.seed,
    )
    scales = max(step.scale for step in result.history)
    seconds: list[list[float]] = [[] for _ in range(scales)]
    before = 0.0
    for step in result.history:
        seconds[step.scale - 1].append(step.seconds - before)
        before = step.seconds
    losses = np.array([step.loss for step in result.history])
    return Run("texonnx", onnxruntime.__version__, losses, seconds, result.image)


@dataclass(frozen=True)
class Example:
    """How an example is called."""

    command: tuple[str | Path, ...]
    suffix: str
    version: str


def _python() -> Example:
    return Example((sys.executable, PYTHON_EXAMPLE), ".png", onnxruntime.__version__)


def _node(folder: Path) -> Example:
    return Example(("node", folder / "synthesise.mjs"), ".png", _installed(folder, "node"))


def _c(program: Path) -> Example:
    library = (program.parent / "libonnxruntime.so.1").resolve().name
    return Example((program.resolve(),), ".ppm", library.partition(".so.")[2])


def _installed(folder: Path, flavour: str) -> str:
    """Return the version of onnxruntime-node or onnxruntime-web in an example's folder."""
    path = folder / "node_modules" / f"onnxruntime-{flavour}" / "package.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["version"])
    except OSError:
        raise HostFailedError(f"'{folder}' has no onnxruntime-{flavour}: run npm install") from None


def run_example(title: str, example: Example, case: Case) -> Run:
    """Run a command as its README says, and read what it wrote."""
    losses = case.exemplar.with_name(f"{title}.json")
    out = case.exemplar.with_name(f"{title}{example.suffix}")
    command: list[str | Path] = [*example.command]
    command += [case.folder, case.exemplar.with_suffix(example.suffix), out]
    command += ["--losses", losses, "--exemplar-size", str(case.exemplar_size)]
    command += ["--seed", str(case.seed), "--steps", ",".join(map(str, case.steps))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostFailedError(f"{title}: {done.stderr.strip()}")
    history = json.loads(losses.read_text(encoding="utf-8"))
    return Run(
        title,
        example.version,
        np.concatenate([scale["losses"] for scale in history]),
        [scale["seconds"] for scale in history],
        load_image(out),
    )


def run_page(example: Path, case: Case) -> Run:
    """Run the page in Chromium, with WebAssembly and as many threads as it takes."""
    from playwright.sync_api import sync_playwright

    models = case.exemplar.with_name("models")
    models.mkdir()
    (models / "folder").symlink_to(case.folder)
    with _served(example, models) as address, sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=[*CHROMIUM])
        told = _drive(browser.new_page(), address, case)
        browser.close()
    if told["state"] != "finished":
        raise HostFailedError(f"the page's run ended as '{told['state']}'")
    seconds: list[list[float]] = [[] for _ in {step["scale"] for step in told["history"]}]
    for step in told["history"]:
        seconds[step["scale"]].append(step["seconds"])
    image = np.array(told["image"], np.float32).reshape(1, 3, told["height"], told["width"])
    threads = told["threads"]
    return Run(
        f"Chromium, WebAssembly, {threads} thread{'s' if threads > 1 else ''}",
        _installed(example, "web"),
        np.array([step["loss"] for step in told["history"]]),
        seconds,
        in_8_bits(image),
    )


@contextlib.contextmanager
def _served(example: Path, models: Path) -> Iterator[str]:
    """Serve the page; yield its address."""
    command = ["node", "server.mjs", "--port", "0", "--models", str(models)]
    with subprocess.Popen(command, cwd=example, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = server.stdout.readline()
        try:
            found = re.search(r"http\S+", said)
            if found is None:
                raise HostFailedError(f"the page is not served: {said.strip()}")
            yield found[0]
        finally:
            server.terminate()


def _drive(page: Any, address: str, case: Case) -> dict[str, Any]:
    """Fill in the page and press Start; return what it tells of the run."""
    page.set_default_timeout(MILLISECONDS)
    page.goto(address)
    page.wait_for_selector("#samples [aria-pressed=true]")
    page.click("summary")
    page.select_option("#backend", "wasm")
    page.select_option("#folder", "folder")
    page.wait_for_function("document.querySelector('#folder-hint').textContent")
    page.set_input_files("#file", case.exemplar.with_suffix(".png"))
    page.wait_for_selector("#samples:not(:has([aria-pressed=true]))", state="attached")
    page.fill("#exemplar-size", str(case.exemplar_size))
    page.fill("#steps", ",".join(map(str, case.steps)))
    page.fill("#seed", str(case.seed))
    page.click("#start")
    page.wait_for_function("document.body.dataset.state")
    page.wait_for_function("document.body.dataset.state !== 'running'")
    told: dict[str, Any] = page.evaluate(
        "({...texonnx.lastRun, image: Array.from(texonnx.lastRun.image ?? [])})"
    )
    return told


if __name__ == "__main__":
    sys.exit(main())
