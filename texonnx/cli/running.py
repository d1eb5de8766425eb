"""What every verb that makes an image does around the run: progress, files, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.cli.ending import BAD_INPUT, INTERRUPTED, RANDOM_WEIGHTS, complain
from texonnx.cli.outputs import Outputs
from texonnx.sizes import size_of

if TYPE_CHECKING:
    from texonnx.images import Image
    from texonnx.run.result import Step, SynthesisResult


def run_and_write(run: Callable[..., SynthesisResult], outputs: Outputs) -> SynthesisResult:
    """Run, show the progress, write all outputs, and say what was made.

    `run` is told `on_step` and `on_download`, as the functions are that make images.

    A run that is interrupted, or whose loss is no longer finite, leaves what there is then, and
    the process ends with 130 or 2.
    """
    from texonnx.cli.history import write_history
    from texonnx.cli.progress import RunProgress
    from texonnx.curves import plot_curves
    from texonnx.images import Animation, save_image
    from texonnx.run.result import NotFiniteError, SynthesisInterrupted

    outputs.check()
    target, also = outputs.image, outputs.also
    animation = None if also.animate is None else Animation()
    stopped: str | None = None
    code = 0
    with closing(RunProgress(outputs.quiet)) as progress:

        def on_step(step: Step, image: Image) -> None:
            progress.show(step)
            if animation is not None:
                animation.add(image)
            if also.save_every is not None and step.step % also.save_every == 0:
                name = f"{target.stem}-{step.scale}-{step.step:04d}{target.suffix}"
                save_image(target.with_name(name), image)

        try:
            result = run(on_step=on_step, on_download=progress.download)
        except SynthesisInterrupted as interrupt:
            result, stopped, code = interrupt.result, "interrupted", INTERRUPTED
        except NotFiniteError as error:
            result, stopped, code = error.result, str(error), BAD_INPUT
    size = size_of(result.image)
    save_image(target, result.image, _provenance(outputs.source, result))
    if also.history is not None:
        write_history(also.history, result.history)
    if animation is not None and also.animate is not None:
        animation.add(result.image)
        animation.save(also.animate, size)
    if also.plot is not None and result.history:
        plot_curves(also.plot, result.history, target.name)
    if stopped is not None:
        complain(f"{stopped}; the image so far, {size}, is in {target}")
        sys.exit(code)
    if not outputs.quiet:
        print(_summary(result, target))
        if result.random_weights:
            complain(RANDOM_WEIGHTS)
    return result


def _summary(result: SynthesisResult, target: Path) -> str:
    first, last = result.history[0], result.history[-1]
    return (
        f"{target}: {result.engine} engine on {result.provider} ({result.why}), "
        f"{result.seconds:.1f} s, "
        f"{len(result.history)} steps, loss {first.loss:.4g} -> {last.loss:.4g}"
    )


def _provenance(source: str, result: SynthesisResult) -> dict[str, str]:
    from texonnx.version import __version__

    return {
        "Software": f"texonnx {__version__}",
        "Source": source,
        "Comment": f"{result.engine} engine, {result.provider}, {len(result.history)} steps",
    }
