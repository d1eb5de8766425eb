"""``texonnx synth --plan``: what a run would take, as a small table."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from texonnx.cli.progress import RunProgress
from texonnx.functions import plan
from texonnx.planning import Plan
from texonnx.sizes import Size

_WHAT_TAKES_NO_TIME = ("init", "seed")


def show_plan(exemplars: Sequence[Path], quiet: bool, **options: Any) -> None:
    """Print the plan of a run; `options` are those of :func:`texonnx.synthesize`."""
    wanted = {name: one for name, one in options.items() if name not in _WHAT_TAKES_NO_TIME}
    with closing(RunProgress(quiet)) as progress:
        planned = plan(exemplars[0], **wanted, on_download=progress.download)
    print(as_text(planned))
    if len(exemplars) > 1:
        print(f"for {exemplars[0]} alone; mixing several takes no longer but at their start")


def as_text(planned: Plan) -> str:
    """Return a line for each scale, the whole, and how it was found."""
    lines = [f"{'size':<11}{'steps':>6}{'start':>8}{'s/step':>9}{'seconds':>10}"]
    for scale in planned.scales:
        lines.append(
            f"{scale.size!s:<11}{scale.steps:>6}{scale.start_seconds:>8.2f}"
            f"{scale.step_seconds:>9.3g}{scale.seconds:>10.1f}"
        )
    memory = "unknown memory" if planned.megabytes is None else f"{planned.megabytes:.0f} MB"
    return "\n".join(
        [
            *lines,
            f"{planned.engine} engine on {planned.provider} ({planned.why}): "
            f"{planned.seconds:.1f} s, "
            f"{planned.start_seconds:.1f} of them before the first scale; {memory} at the peak",
            _how(planned),
        ]
    )


def _how(planned: Plan) -> str:
    extrapolated = [scale.size for scale in planned.scales if not scale.measured]
    tried = f"found by a few steps at {_sizes(planned.tried)}"
    if not extrapolated:
        return tried
    return f"{tried}; {_sizes(extrapolated)} follows from them by the pixels"


def _sizes(sizes: Sequence[Size]) -> str:
    return ", ".join(map(str, sizes))
