"""What every verb that makes an image does around the run: progress, files, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.errors import OptionError
from texonnx.sizes import size_of

if TYPE_CHECKING:
    from texonnx.images import Image
    from texonnx.run.result import OnStep, Step, SynthesisResult
    from texonnx.weights.sources import Progress

_BAD_INPUT = 2
_INTERRUPTED = 130


@dataclass(frozen=True)
class Outputs:
    """What a run writes, and where to.

    Attributes
    ----------
    image
        The result.
    source
        The name of what it is made of, noted in the file.
    save_every
        Also write the image every so many steps.
    history, animation, plot
        Files for the steps' losses, the run as an animation, and the loss curves.
    quiet
        Whether to print nothing.
    """

    image: Path
    source: str
    save_every: int | None = None
    history: Path | None = None
    animation: Path | None = None
    plot: Path | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.save_every is not None and self.save_every < 1:
            raise OptionError(f"--save-every must be 1 or more, not {self.save_every}")

    def check(self) -> None:
        """Raise a :class:`TexonnxError` for what could not be written, before any work is done."""
        from texonnx.cli.history import check_history_path
        from texonnx.curves import check_curves_path
        from texonnx.images import check_animation_path, check_writable

        for path in (self.animation, self.plot):
            if path is not None and path.absolute() == self.image.absolute():
                raise OptionError(f"two of the outputs would be written to '{path}'")
        check_writable(self.image)
        if self.history is not None:
            check_history_path(self.history)
        if self.animation is not None:
            check_animation_path(self.animation)
        if self.plot is not None:
            check_curves_path(self.plot)


def run_and_write(
    run: Callable[[OnStep, Progress], SynthesisResult], outputs: Outputs
) -> SynthesisResult:
    """Run, show the progress, write all outputs, and say what was made.

    A run that is interrupted, or whose loss is no longer finite, leaves what there is then, and
    the process ends with 130 or 2.
    """
    from texonnx.cli.history import write_history
    from texonnx.cli.progress import RunProgress
    from texonnx.curves import plot_curves
    from texonnx.images import Animation, save_image
    from texonnx.run.result import NotFiniteError, SynthesisInterrupted

    outputs.check()
    animation = None if outputs.animation is None else Animation()
    target, every = outputs.image, outputs.save_every
    stopped: str | None = None
    code = 0
    with closing(RunProgress(outputs.quiet)) as progress:

        def on_step(step: Step, image: Image) -> None:
            progress.show(step)
            if animation is not None:
                animation.add(image)
            if every is not None and step.step % every == 0:
                name = f"{target.stem}-{step.scale}-{step.step:04d}{target.suffix}"
                save_image(target.with_name(name), image)

        try:
            result = run(on_step, progress.download)
        except SynthesisInterrupted as interrupt:
            result, stopped, code = interrupt.result, "interrupted", _INTERRUPTED
        except NotFiniteError as error:
            result, stopped, code = error.result, str(error), _BAD_INPUT
    size = size_of(result.image)
    save_image(target, result.image, _provenance(outputs.source, result))
    if outputs.history is not None:
        write_history(outputs.history, result.history)
    if animation is not None and outputs.animation is not None:
        animation.add(result.image)
        animation.save(outputs.animation, size)
    if outputs.plot is not None and result.history:
        plot_curves(outputs.plot, result.history, target.name)
    if stopped is not None:
        print(
            f"texonnx: {stopped}; the image so far, {size}, is in {target}",
            file=sys.stderr,
        )
        sys.exit(code)
    if not outputs.quiet:
        print(_summary(result, target))
        if result.random_weights:
            print("texonnx: NOTE: random weights, not the pretrained ones", file=sys.stderr)
    return result


def _summary(result: SynthesisResult, target: Path) -> str:
    first, last = result.history[0], result.history[-1]
    return (
        f"{target}: {result.engine} engine on {result.provider}, {result.seconds:.1f} s, "
        f"{len(result.history)} steps, loss {first.loss:.4g} -> {last.loss:.4g}"
    )


def _provenance(source: str, result: SynthesisResult) -> dict[str, str]:
    from texonnx.version import __version__

    return {
        "Software": f"texonnx {__version__}",
        "Source": source,
        "Comment": f"{result.engine} engine, {result.provider}, {len(result.history)} steps",
    }
