"""``texonnx export``: an objective as a folder of ONNX graphs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command
from texonnx.cli.parameters import Quiet, Values
from texonnx.options import ExportOptions, ObjectiveOptions


@command
def export(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder.",
            show_default="models/ARCH-LOSS",
            rich_help_panel="Folder",
        ),
    ] = None,
    *,
    options: Annotated[Values, Takes(ExportOptions, ObjectiveOptions)],
    quiet: Quiet = False,
) -> None:
    """Write graphs, gradient included, that any program with ONNX Runtime can run."""
    from texonnx.cli.progress import RunProgress
    from texonnx.functions import export as export_objective

    with closing(RunProgress(quiet)) as progress:
        folder = export_objective(output, **options, on_download=progress.download)
    if not quiet:
        print(_listing(folder))


def _listing(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    width = max(len(str(path.relative_to(folder))) for path in files)
    lines = [
        f"  {path.relative_to(folder)!s:<{width}}  {path.stat().st_size / 1e6:8.2f} MB"
        for path in files
    ]
    note = [] if (folder / "training").is_dir() else ["no training artifacts were written"]
    return "\n".join([str(folder), *lines, *note])
