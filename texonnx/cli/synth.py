"""``texonnx synth``: an exemplar in, more of its texture out, or what that would take."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from texonnx.cli.command import Takes, command, without
from texonnx.cli.outputs import Output, OutputOptions, run_and_write
from texonnx.cli.parameters import Maps, OutputPath, Quiet, Scheduler, Values, Workers
from texonnx.cli.pipes import spooled
from texonnx.errors import OptionError
from texonnx.options import CONTENT_OPTIONS, ObjectiveOptions, RunOptions, TileOptions
from texonnx.options.text import parse_map, parse_numbers

if TYPE_CHECKING:
    from texonnx.planning import Plan
    from texonnx.sizes import Size

_WHAT_TAKES_NO_TIME = ("init", "seed", "tile", "exact_size")


@command
def synth(
    exemplar: Annotated[
        list[Path], typer.Argument(help="The image of a texture, or several to be mixed.")
    ],
    output: OutputPath = None,
    mix: Annotated[
        str | None,
        typer.Option(
            help="What each of several exemplars counts, such as 0.7,0.3.",
            show_default="alike",
            rich_help_panel="Objective",
        ),
    ] = None,
    maps: Maps = None,
    *,
    options: Annotated[
        Values, Takes(without(ObjectiveOptions, *CONTENT_OPTIONS), RunOptions, TileOptions)
    ],
    artifacts: Annotated[
        Path | None,
        typer.Option(
            help="Run from a folder of 'texonnx export', which fixes objective and network.",
            rich_help_panel="Objective",
        ),
    ] = None,
    outputs: Annotated[Values, Takes(OutputOptions)],
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Say what the run would take, and do not run it.",
            rich_help_panel="Output",
        ),
    ] = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Make more of a texture: an image with the statistics of EXEMPLAR's features."""
    from texonnx.functions import synthesize

    shares = None if mix is None else parse_numbers(mix, "shares")
    also = OutputOptions(**outputs)
    together = [parse_map(text) for text in maps or []]
    with spooled(exemplar) as files:
        if plan:
            if scheduler is not None or workers is not None:
                raise OptionError(
                    "a plan is of this machine alone; leave --scheduler and --workers out"
                )
            _show_plan(files, quiet, artifacts=artifacts, **options)
            return
        name = _default_name(files, options["loss"], artifacts)
        run_and_write(
            lambda **told: synthesize(
                files,
                mix=shares,
                maps=together,
                artifacts=artifacts,
                scheduler=scheduler,
                workers=workers,
                **options,
                **told,
            ),
            Output.of(output, name, files, together),
            also,
            quiet,
        )


def _default_name(exemplars: list[Path], loss: str, artifacts: Path | None) -> str:
    """Return ``EXEMPLAR-LOSS.png``."""
    from texonnx.exported.folder import ExportedFolder
    from texonnx.losses import label_of, parse_loss

    label = ExportedFolder(artifacts).label if artifacts else label_of(parse_loss(loss))
    return f"{'+'.join(path.stem for path in exemplars)}-{label}.png"


def _show_plan(exemplars: Sequence[Path], quiet: bool, **options: Any) -> None:
    """Print the plan of a run; `options` are those of :func:`texonnx.synthesize`."""
    from texonnx.cli.progress import RunProgress
    from texonnx.functions import plan
    from texonnx.runtime.memory import WHAT_HELPS
    from texonnx.system.memory import memory_bytes

    wanted = {name: one for name, one in options.items() if name not in _WHAT_TAKES_NO_TIME}
    with closing(RunProgress(quiet)) as progress:
        planned = plan(exemplars[0], **wanted, on_download=progress.download)
    print(_plan_as_text(planned))
    if len(exemplars) > 1:
        print(f"for {exemplars[0]} alone; mixing several takes no longer but at their start")
    memory = memory_bytes()
    if memory is not None and (planned.megabytes or 0) > memory / 1e6:
        raise OptionError(f"it does not fit: this machine has {memory / 1e6:.0f} MB; {WHAT_HELPS}")


def _plan_as_text(planned: Plan) -> str:
    """Return a line for each scale, the whole, and how it was found."""
    lines = [f"{'size':<11}{'steps':>6}{'start':>8}{'s/step':>9}{'seconds':>10}"]
    for scale in planned.scales:
        lines.append(
            f"{scale.size!s:<11}{scale.steps:>6}{scale.start_seconds:>8.2f}"
            f"{scale.step_seconds:>9.3g}{scale.seconds:>10.1f}"
        )
    memory = "unknown memory" if planned.megabytes is None else f"{planned.megabytes:.0f} MB"
    lines.append(
        f"{planned.engine} engine on {planned.provider} ({planned.why}): {planned.seconds:.1f} s, "
        f"{planned.start_seconds:.1f} of them before the first scale; {memory} at the peak"
    )
    return "\n".join([*lines, _how(planned)])


def _how(planned: Plan) -> str:
    extrapolated = [scale.size for scale in planned.scales if not scale.measured]
    tried = f"found by a few steps at {_sizes(planned.tried)}"
    if not extrapolated:
        return tried
    return f"{tried}; {_sizes(extrapolated)} follows from them by the pixels"


def _sizes(sizes: Sequence[Size]) -> str:
    return ", ".join(map(str, sizes))
