"""``texonnx doctor``: what this environment can run, tried out."""

from __future__ import annotations

import platform
import sys

import typer

from texonnx.cli.ending import BAD_INPUT
from texonnx.errors import TexonnxError


def doctor() -> None:
    """Say which ONNX Runtime, providers, engines and weights there are, and what would add more."""
    from texonnx.runtime.installed import cards_here, installed_runtimes, packages_for, the_runtime
    from texonnx.version import __version__

    print(f"texonnx {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print("ONNX Runtime:")
    for runtime in installed_runtimes():
        print(f"  {runtime}")
    try:
        runtime = the_runtime()
    except TexonnxError as error:
        print(f"  {error}")
        _show_weights()
        raise typer.Exit(BAD_INPUT) from None
    engines = ["analytic", *(["training"] if runtime.can_train else [])]
    print("providers, each tried with a small graph:")
    running = _show_providers()
    print(f"engines: {', '.join(engines) if running else 'none'}")
    if running:
        _show_route()
    _show_weights()
    print("for more:")
    if not runtime.can_train:
        print("  training engine: pip install 'texonnx[training]' in its own environment")
        if sys.version_info >= (3, 12) or sys.platform != "linux":
            print("    (it exists for Linux on x86-64 and Python up to 3.11)")
    print("  other providers, each in an environment of its own:")
    for package in packages_for(sys.platform, platform.machine(), cards_here()):
        print(f"    {package}")


def _show_providers() -> list[str]:
    from texonnx.runtime.sessions import listed_providers, probe

    running = []
    for name in listed_providers():
        failure = probe(name)
        print(f"  {name}: {'runs' if failure is None else failure}")
        if failure is None:
            running.append(name)
    return running


def _show_route() -> None:
    """Say what ``texonnx synth`` takes by itself, and why."""
    from texonnx.objective.source import Traits
    from texonnx.options import RUN
    from texonnx.runtime.choose import choose_route
    from texonnx.sizes import Size

    side = RUN.exemplar_size
    route = choose_route(Traits((), 1, averages=True), RUN, [Size(side, side)])
    print(f"by default: {route}")


def _show_weights() -> None:
    from texonnx.weights import cache_folder, list_cached

    print(f"weights in {cache_folder()}:")
    cached = list_cached()
    for entry in cached:
        print(f"  {entry.arch} {entry.name}, {entry.size / 1e6:.1f} MB")
    if not cached:
        print("  none; 'texonnx weights fetch' gets the pretrained ones")
