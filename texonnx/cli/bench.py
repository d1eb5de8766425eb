"""``texonnx bench``: how fast this machine is, and how much memory it takes."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from texonnx.cli import parameters
from texonnx.cli.parameters import parse_size
from texonnx.errors import OptionError, unknown
from texonnx.options import OBJECTIVE, RUN, ObjectiveOptions, RunOptions
from texonnx.providers import PRECISIONS, PROVIDERS

if TYPE_CHECKING:
    from texonnx.benchmark.cases import Series
    from texonnx.cli.progress import RunProgress
    from texonnx.sizes import Size

SIZES = "64,128,256,512"
ROUNDS = 5

_CASES = "Cases"
_OUTPUT = "Output"
_NOTHING_RAN = 2


def bench(
    loss: parameters.Loss = OBJECTIVE.loss,
    layers: parameters.Layers = OBJECTIVE.layers,
    pool: parameters.Pool = OBJECTIVE.pool,
    padding: parameters.Padding = OBJECTIVE.padding,
    arch: parameters.Arch = OBJECTIVE.arch,
    weights: parameters.Weights = OBJECTIVE.weights,
    size: Annotated[
        list[str] | None,
        typer.Option(
            help="Pixels of exemplar and image, N or WxH.",
            show_default=SIZES,
            rich_help_panel=_CASES,
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            help="analytic or training.",
            show_default="those that are installed",
            rich_help_panel=_CASES,
        ),
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            help="cpu, cuda, openvino and so on.",
            show_default="those that ONNX Runtime lists",
            rich_help_panel=_CASES,
        ),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(
            help="fp32, bf16 or tf32.",
            show_default="those that the provider has",
            rich_help_panel=_CASES,
        ),
    ] = None,
    threads: Annotated[
        int, typer.Option(help="Of an op; 0: one a physical core.", rich_help_panel=_CASES)
    ] = RUN.threads,
    memory: parameters.Memory = RUN.memory,
    rounds: Annotated[
        int,
        typer.Option(help="Iterations to time, after one to warm up.", rich_help_panel=_CASES),
    ] = ROUNDS,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", help="Write the figures here too.", rich_help_panel=_OUTPUT
        ),
    ] = None,
    plot_file: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE.png",
            help="Draw seconds and memory against pixels.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    quiet: parameters.Quiet = False,
) -> None:
    """Measure an iteration, loss and gradient, on what this machine has.

    Every engine, provider, precision and size is measured in a process of its
    own. Peak memory is that process's, without a graphics card's. The options
    under Cases can be given more than once, or with commas; what does not run
    is told in its row.
    """
    from texonnx.benchmark.measuring import measure
    from texonnx.benchmark.plot import check_can_plot, plot
    from texonnx.benchmark.report import as_json, heads, row
    from texonnx.cli.progress import RunProgress
    from texonnx.system.files import check_text_path, write_bytes, write_text
    from texonnx.system.machine import this_machine

    objective = ObjectiveOptions(
        loss=loss, layers=layers, pool=pool, padding=padding, arch=arch, weights=weights
    )
    RunOptions(memory=memory)
    if json_file is not None:
        check_text_path(json_file)
    if plot_file is not None:
        check_can_plot()
        if plot_file.suffix.lower() != ".png":
            raise OptionError(f"a plot is written as .png, not '{plot_file.name}'")
        check_text_path(plot_file)
    machine = this_machine()
    series = _series(engine, provider, precision, threads, memory, rounds)
    sizes = _sizes(size)
    with closing(RunProgress(quiet)) as progress:
        _check_objective(objective, sizes, progress)
    about = (
        f"{loss}, {layers} layers of {arch}, {weights} weights; seconds of loss and gradient, "
        f"median of {rounds}"
    )
    if not quiet:
        print(f"{machine}\n{about}\n\n{heads(series)}", flush=True)
    measurements = []
    for one in measure(objective, series, sizes, rounds):
        measurements.append(one)
        if not quiet:
            print(row(one, series), flush=True)
    if json_file is not None:
        content = as_json(machine, objective, rounds, measurements)
        write_text(json_file, json.dumps(content, indent=1) + "\n")
    if plot_file is not None:
        write_bytes(plot_file, plot(measurements, f"{machine}\n{about}"))
    if all(one.failure for one in measurements):
        raise typer.Exit(_NOTHING_RAN)


def _split(given: list[str] | None) -> list[str]:
    """Return the words of an option given several times or with commas, each once."""
    words = [word.strip() for one in given or [] for word in one.split(",")]
    return list(dict.fromkeys(word for word in words if word))


def _sizes(given: list[str] | None) -> list[Size]:
    parsed = (parse_size(word) for word in _split(given) or SIZES.split(","))
    return list(dict.fromkeys(size for size in parsed if size is not None))


def _series(
    engine: list[str] | None,
    provider: list[str] | None,
    precision: list[str] | None,
    threads: int,
    memory: str,
    rounds: int,
) -> list[Series]:
    from texonnx.benchmark.cases import ENGINES, series_of
    from texonnx.runtime.installed import the_runtime
    from texonnx.runtime.sessions import listed_providers

    if rounds < 1:
        raise OptionError(f"the number of rounds must be 1 or more, not {rounds}")
    if threads < 0:
        raise OptionError(f"the number of threads must be 0 or more, not {threads}")
    engines, providers, precisions = _split(engine), _split(provider), _split(precision)
    for what, words, known in (
        ("engine", engines, ENGINES),
        ("provider", providers, PROVIDERS),
        ("precision", precisions, PRECISIONS),
    ):
        for word in words:
            if word not in known:
                raise OptionError(unknown(what, word, known))
    here = ENGINES if the_runtime().can_train else ENGINES[:1]
    series = list(
        series_of(
            engines or here,
            providers or listed_providers(),
            precisions or PRECISIONS,
            threads,
            memory,
        )
    )
    if not series:
        raise OptionError(
            "no engine of those asked for runs on such a provider in such a precision; leave out "
            "one of --engine, --provider and --precision"
        )
    return series


def _check_objective(objective: ObjectiveOptions, sizes: list[Size], progress: RunProgress) -> None:
    """Have the weights in the cache, and refuse what no process could measure."""
    from texonnx.objective.specification import specify
    from texonnx.sizes import check_size
    from texonnx.weights import load_weights

    specification = specify(objective)
    for size in sizes:
        check_size("image", size, specification.minimum_size)
    load_weights(objective.weights, objective.arch, progress.download)
