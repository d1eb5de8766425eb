"""``texonnx bench``: how fast this machine is, and how much memory it takes."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from texonnx.cli.command import Takes, command, only
from texonnx.cli.ending import BAD_INPUT
from texonnx.cli.parameters import Quiet, Values
from texonnx.errors import OptionError
from texonnx.options import BenchOptions, ObjectiveOptions, RunOptions, taken

_OUTPUT = "Output"


@command
def bench(
    *,
    objective: Annotated[
        Values,
        Takes(only(ObjectiveOptions, "loss", "layers", "pool", "padding", "arch", "weights")),
    ],
    cases: Annotated[Values, Takes(BenchOptions, only(RunOptions, "threads", "memory"))],
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
    tune: Annotated[
        bool,
        typer.Option(
            "--tune",
            help="Measure anew what --provider auto chooses from, keep it, and nothing else.",
            rich_help_panel="Cases",
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Measure an iteration, loss and gradient, on what this machine has.

    Every engine, provider, precision and size is measured in a process of its
    own. Peak memory is that process's, without a graphics card's. The options
    under Cases can be given more than once, or with commas; what does not run
    is told in its row.
    """
    from texonnx import functions
    from texonnx.benchmark.plot import plot
    from texonnx.benchmark.report import HEADS, as_json, row, title
    from texonnx.cli.progress import RunProgress
    from texonnx.runtime.installed import the_runtime
    from texonnx.system.files import check_target, write_text, write_whole
    from texonnx.system.machine import this_machine
    from texonnx.system.plotting import check_can_plot

    if tune:
        if json_file is not None or plot_file is not None:
            raise OptionError("--tune writes no figures and draws no plot; leave them out")
        _tune()
        return
    if json_file is not None:
        check_target(json_file)
    if plot_file is not None:
        check_can_plot()
        check_target(plot_file, [".png"], "plot")
    machine = this_machine(the_runtime())
    with closing(RunProgress(quiet)) as progress:
        cases_to_come = functions.bench(**objective, **cases, on_download=progress.download)
    chosen = taken(ObjectiveOptions, objective)
    about = title(machine, chosen, cases["rounds"])
    if not quiet:
        print(f"{about}\n\n{HEADS}", flush=True)
    measurements = []
    for one in cases_to_come:
        measurements.append(one)
        if not quiet:
            print(row(one), flush=True)
    if json_file is not None:
        content = as_json(machine, chosen, cases["rounds"], measurements)
        write_text(json_file, json.dumps(content, indent=1) + "\n")
    if plot_file is not None:
        picture = plot(measurements, about)
        write_whole(plot_file, lambda file: file.write(picture))
    if all(one.failure for one in measurements):
        raise typer.Exit(BAD_INPUT)


def _tune() -> None:
    """Measure every way that ``auto`` may take, and say which it takes from now on."""
    from texonnx.runtime.choose import by_scale
    from texonnx.runtime.installed import the_runtime
    from texonnx.runtime.tuning import TEXTURE, choose_ways, measured_anew
    from texonnx.system.machine import this_machine

    print(
        f"{this_machine(the_runtime())}\nstart, and loss and gradient at 256x256, least of three:"
    )
    for way, cost in sorted(measured_anew().items(), key=lambda one: one[1].evaluation):
        print(f"  {way}: {cost.start:.3f} s, {cost.evaluation:.3f} s")
    told = by_scale([scale.size for scale in TEXTURE], choose_ways().ways)
    print(f"for a texture of 256x256 pixels, auto is here: {told}")
