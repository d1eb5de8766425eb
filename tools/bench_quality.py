r"""Time to quality against PyTorch's usual recipe, exemplar by exemplar.

The peer is Gatys' recipe: the Gram matrices of thirteen layers of VGG-16 with average pooling,
activations scaled, L-BFGS from noise at one scale, float32, and the image with the least loss. It
runs in turn with `texonnx synth` as a user would give it; both are timed from the start of the
process to its end, and both images are judged by the structure that `texonnx.score` sees.

    .venv-cpu/bin/python tools/bench_quality.py --torch .venv-torch/bin/python

Run it with the Python of an environment with texonnx.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from peers.arguments import at_least_one, python
from peers.machine import describe_machine
from peers.quality import Quality, Trial, quality_table
from peers.report import Report
from peers.worker import versions_in

IMAGES = (
    "stone.jpg",
    "maple_leaves.jpg",
    "hedgehog.jpg",
    "brick_gray.png",
    "grass.jpg",
    "van_gogh_church.jpg",
)
_IMAGES_FOLDER = Path(__file__).resolve().parents[1] / "images"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--torch", type=python, required=True, help="Python with torch and numpy")
    parser.add_argument(
        "--texonnx",
        type=python,
        default=sys.executable,
        help="Python whose texonnx is timed, by default this one",
    )
    parser.add_argument(
        "--images",
        nargs="+",
        type=Path,
        default=[_IMAGES_FOLDER / name for name in IMAGES],
        help="exemplars",
    )
    parser.add_argument("--evaluations", type=at_least_one, default=500, help="of the peer")
    parser.add_argument(
        "--threads", type=at_least_one, default=0, help="of the peer, by default PyTorch's own"
    )
    parser.add_argument("--repeats", type=at_least_one, default=1, help="of texonnx")
    parser.add_argument(
        "--synth-options",
        default="",
        help="more options for texonnx synth, in one word: --synth-options='--optimizer adam'",
    )
    parser.add_argument(
        "--keep", type=Path, help="keep all images here, and reuse the peer's that are here"
    )
    parser.add_argument("--json", help="also write the figures here")
    parser.add_argument("--markdown", help="also add the table to this file")
    arguments = parser.parse_args(words)
    for image in arguments.images:
        if not image.is_file():
            parser.error(f"there is no image {image}")
    report = Report(
        f"Time to quality: texonnx synth against PyTorch's L-BFGS, {arguments.evaluations} "
        "evaluations from noise",
        describe_machine(),
        arguments.json,
        arguments.markdown,
    )
    versions = {name: versions_in(getattr(arguments, name)) for name in ("torch", "texonnx")}
    found: list[Quality] = []
    try:
        with _folder(arguments.keep) as folder:
            trial = Trial(
                arguments.torch,
                arguments.texonnx,
                folder,
                arguments.evaluations,
                arguments.threads,
                arguments.repeats,
                shlex.split(arguments.synth_options),
            )
            for quality in trial.compare(arguments.images, score):
                found.append(quality)
                print(quality_table([quality]), flush=True)
    finally:
        if found:
            report.add(quality_table(found), found, versions)
        report.close()
    return int(report.failed)


def score(exemplar: Path, image: Path) -> Mapping[str, Any]:
    """Return the structure of `image`: the one place here that knows what a score is.

    Its floor is 1, as far as the exemplar's halves are from each other.
    """
    import texonnx

    result: Any = texonnx.score(exemplar, image)
    if result.structure is None:
        raise SystemExit(result.why_no_structure)
    found = result.structure
    return {
        "mean": found.mean,
        "floor": 1.0,
        "plausible": found.plausible,
        "covers": found.covers,
        "copied": found.copies.copied,
        "colour_and_grain": result.mean,
    }


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()


if __name__ == "__main__":
    sys.exit(main())
