r"""Style transfer against PyTorch's usual recipe: seconds, and what the image is worth.

The peer lowers what `texonnx transfer` lowers by default, the same layers and weights, with L-BFGS
from the content at one scale. Both are timed from the start of the process to its end; both images
are judged by that same objective, and by the held-out score against the style.

    .venv-cpu/bin/python tools/bench_transfer.py --torch .venv-torch/bin/python

Run it with the Python of an environment with texonnx.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from peers.arguments import at_least_one, python
from peers.machine import describe_machine
from peers.report import Report
from peers.transfer import Pair, transfer_table
from peers.worker import versions_in

_IMAGES = Path(__file__).resolve().parents[1] / "images"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--torch", type=python, required=True, help="Python with torch and numpy")
    parser.add_argument("--content", type=Path, default=_IMAGES / "castle.jpg")
    parser.add_argument("--style", type=Path, default=_IMAGES / "van_gogh_cafe.jpg")
    parser.add_argument("--evaluations", type=at_least_one, default=500, help="of the peer")
    parser.add_argument(
        "--threads", type=at_least_one, default=0, help="of the peer, by default PyTorch's own"
    )
    parser.add_argument("--repeats", type=at_least_one, default=3, help="of texonnx")
    parser.add_argument("--keep", type=Path, help="keep both images in this folder")
    parser.add_argument("--json", help="also write the figures here")
    parser.add_argument("--markdown", help="also add the table to this file")
    arguments = parser.parse_args(words)
    report = Report(
        f"Style transfer: texonnx transfer against PyTorch's L-BFGS, {arguments.evaluations} "
        "evaluations from the content",
        describe_machine(),
        arguments.json,
        arguments.markdown,
    )
    versions = {"torch": versions_in(arguments.torch), "texonnx": versions_in(sys.executable)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        pair = Pair(arguments.content, arguments.style, folder.resolve())
        pair.prepare(sys.executable)
        # The seconds of both first: judging uses memory and processors too.
        ours, seconds = pair.run_texonnx(sys.executable, arguments.repeats)
        peer, waited = pair.run_peer(arguments.torch, arguments.evaluations, arguments.threads)
        rows = [pair.judge("PyTorch", peer, [waited]), pair.judge("texonnx", ours, seconds)]
        report.add(transfer_table(rows), rows, versions)
    report.close()
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())
