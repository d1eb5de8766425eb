"""What a verb that makes an image does around the run: its files, its progress, how it ends."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.cli.ending import BAD_INPUT, INTERRUPTED, RANDOM_WEIGHTS, complain, stop
from texonnx.errors import OptionError
from texonnx.options import Option, Options
from texonnx.sizes import size_of

if TYPE_CHECKING:
    from texonnx.images import Image
    from texonnx.run.result import Step, SynthesisResult

_PANEL = "Output"
_HISTORY_SUFFIXES = (".csv", ".json")


def _one_or_more(what: str, value: int) -> None:
    if value < 1:
        raise OptionError(f"{what} must be 1 or more, not {value}")


@dataclass(frozen=True)
class OutputOptions(Options):
    """What a run writes beside its image."""

    save_every: int | None = Option(
        "Also write the image every so many steps, as OUT-SCALE-STEP.",
        _PANEL,
        "--save-every",
        check=_one_or_more,
    ).default(None)
    history: Path | None = Option("Write every step's losses, as .csv or .json.", _PANEL).default(
        None
    )
    animate: Path | None = Option("Write the run as an animation, .gif or .webp.", _PANEL).default(
        None
    )
    plot: Path | None = Option(
        "Write the loss curves, total and by layer, as .png or .svg.", _PANEL
    ).default(None)


def run_and_write(
    run: Callable[..., SynthesisResult], target: Path, source: str, also: OutputOptions, quiet: bool
) -> None:
    """Run, show the progress, write all outputs, and say what was made.

    A run that is interrupted, or whose loss is no longer finite, leaves what there is then, and
    the process ends with 130 or 2.

    Parameters
    ----------
    run
        Is told `on_step` and `on_download`, as the functions are that make images.
    target
        Where the image goes.
    source
        The name of what it is made of, noted in the file.
    also
        What is written beside it.
    quiet
        Whether to print nothing.
    """
    from texonnx.cli.progress import RunProgress
    from texonnx.curves import plot_curves
    from texonnx.images import Animation, save_image
    from texonnx.run.result import NotFiniteError, SynthesisInterrupted

    _check(target, also)
    animation = None if also.animate is None else Animation()
    stopped: str | None = None
    code = 0
    with closing(RunProgress(quiet)) as progress:

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
    save_image(target, result.image, _provenance(source, result), alpha=result.alpha)
    if also.history is not None:
        _write_history(also.history, result.history)
    if animation is not None and also.animate is not None:
        animation.add(result.image)
        animation.save(also.animate, size)
    if also.plot is not None and result.history:
        plot_curves(also.plot, result.history, target.name)
    if stopped is not None:
        stop(f"{stopped}; the image so far, {size}, is in {target}", code)
    if not quiet:
        print(_summary(result, target))
        for note in result.notes:
            print(f"  {note}")
        if result.random_weights:
            complain(RANDOM_WEIGHTS)


def _check(target: Path, also: OutputOptions) -> None:
    """Raise a :class:`TexonnxError` for what could not be written, before any work is done."""
    from texonnx.curves import check_curves_path
    from texonnx.images import check_animation_path, check_writable
    from texonnx.system.files import check_target

    for path in (also.animate, also.plot):
        if path is not None and path.absolute() == target.absolute():
            raise OptionError(f"two of the outputs would be written to '{path}'")
    check_writable(target)
    if also.history is not None:
        check_target(also.history, _HISTORY_SUFFIXES, "history")
    if also.animate is not None:
        check_animation_path(also.animate)
    if also.plot is not None:
        check_curves_path(also.plot)


def _write_history(path: Path, history: Sequence[Step]) -> None:
    """Write one row or object a step; the file appears whole or not at all."""
    from texonnx.system.files import write_text

    if path.suffix.lower() == ".json":
        text = json.dumps([asdict(step) for step in history], indent=1) + "\n"
    else:
        text = _as_csv(history)
    write_text(path, text)


def _as_csv(history: Sequence[Step]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    layers = list(history[0].layer_losses) if history else []
    writer.writerow(["scale", "height", "width", "step", "seconds", "loss", *layers])
    for step in history:
        losses = [step.layer_losses[layer] for layer in layers]
        row = [step.scale, *step.size, step.step, f"{step.seconds:.3f}", step.loss, *losses]
        writer.writerow(row)
    return text.getvalue()


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
