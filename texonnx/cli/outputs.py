"""What a verb that makes an image does around the run: its files, its progress, how it ends."""

from __future__ import annotations

import csv
import glob
import io
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texonnx.cli.ending import BAD_INPUT, RANDOM_WEIGHTS, complain, stop
from texonnx.cli.pipes import PIPE
from texonnx.cli.places import (
    check_kept,
    check_not_foreign,
    check_room,
    elsewhere,
    place_for,
)
from texonnx.cli.signals import exit_code
from texonnx.errors import ImageError, OptionError
from texonnx.options import Option, Options
from texonnx.sizes import size_of

if TYPE_CHECKING:
    from texonnx.cli.progress import RunProgress
    from texonnx.images import Image, MaterialMap
    from texonnx.run.checkpoint import Keep
    from texonnx.run.result import Beginning, Step, SynthesisResult

_PANEL = "Output"
_HISTORY_SUFFIXES = (".csv", ".json")
_NEVER, _BY_ITSELF = "none", "auto"
REPEATS = 3
"""Times that a preview shows a tile, across and down."""
RUNS = "runs"
"""The folder in the cache."""


def _one_or_more(what: str, value: int) -> None:
    if value < 1:
        raise OptionError(f"{what} must be 1 or more, not {value}")


def _above_nothing(what: str, value: float) -> None:
    if not value > 0:
        raise OptionError(f"{what} must be above 0, not {value:g}")


def _named(what: str, value: str) -> None:
    if not value.strip():
        raise OptionError(f"{what} takes a folder, 'auto' or 'none'")


@dataclass(frozen=True)
class OutputOptions(Options):
    """How a run writes its image, and what beside it."""

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
    preview: Path | None = Option(
        "Also write the image repeated 3x3, to see whether it tiles.", _PANEL
    ).default(None)
    depth: int = Option("Bits a channel: 8, or 16 with .png and .tif.", _PANEL).default(8)
    format: str = Option(
        "What standard output gets with -o -: png, jpg, webp, tif or bmp.",
        _PANEL,
        choices=("png", "jpg", "webp", "tif", "bmp"),
    ).default("png")
    force: bool = Option(
        "Replace an exemplar, and files that texonnx did not write.", _PANEL
    ).default(False)
    checkpoint: str = Option(
        "Keep the run in this folder at every scale and every minute, to go on from there; 'auto': "
        "in the cache, once it has gone on for a minute; or 'none'.",
        _PANEL,
        check=_named,
        metavar="FOLDER",
    ).default(_BY_ITSELF)
    checkpoint_every: float = Option(
        "Seconds between two times that it is kept.",
        _PANEL,
        "--checkpoint-every",
        check=_above_nothing,
        metavar="SECONDS",
    ).default(60.0)

    def keep(self, note: Mapping[str, Any]) -> Keep | None:
        """Return how the run is kept; `note` is what it takes to go on with it."""
        from texonnx.run.checkpoint import Keep
        from texonnx.weights import cache_folder

        if self.checkpoint == _NEVER:
            return None
        quietly = self.checkpoint == _BY_ITSELF
        folder = cache_folder().parent / RUNS if quietly else Path(self.checkpoint)
        return Keep(folder, self.checkpoint_every, quietly, note)


@dataclass(frozen=True)
class Output:
    """Where an image goes.

    Attributes
    ----------
    path
        Where the user wants it; ``-`` is standard output.
    name
        What it is called in this folder, or as the next that is free, if there is no path.
    source
        The name of what it is made of, noted in the file.
    inputs
        The files that it is made of.
    maps
        The names of the files of maps that come with it.
    named_alike
        Whether those begin with the image's name, since the folder is not theirs alone.
    """

    path: Path | None
    name: str
    source: str
    inputs: Sequence[Path]
    maps: Sequence[str] = ()
    named_alike: bool = True

    @classmethod
    def of(
        cls,
        path: Path | None,
        name: str,
        exemplars: Sequence[Path],
        maps: Sequence[tuple[Path, str]] = (),
    ) -> Output:
        """Return where the image of exemplars goes, and the maps that come with it.

        With maps, a path that is a folder, or has no suffix, is theirs and the image's.

        Raises
        ------
        OptionError
            When maps should go to standard output, or the folder cannot be made.
        """
        from texonnx.images.maps import lossless_name
        from texonnx.system.files import make_folder

        inputs = [*exemplars, *(file for file, _ in maps)]
        source = "+".join(one.name for one in exemplars)
        names = [lossless_name(file.name) for file, _ in maps]
        if not maps or path is None or path == PIPE:
            if maps and path == PIPE:
                raise OptionError("standard output takes one picture, and there are maps to write")
            return cls(path, name, source, inputs, names)
        if path.suffix and not path.is_dir():
            return cls(path, name, source, inputs, names)
        make_folder(path)
        image = path / lossless_name(exemplars[0].name)
        return cls(image, name, source, inputs, names, named_alike=False)

    def map_path(self, image: Path, name: str) -> Path:
        """Return where a map goes, beside the image."""
        return image.with_name(f"{image.stem}-{name}" if self.named_alike else name)


def run_and_write(
    run: Callable[..., SynthesisResult], output: Output, also: OutputOptions, quiet: bool
) -> None:
    """Run, show the progress, write all outputs, and say what was made.

    A run that is interrupted, or whose loss is no longer finite, or that memory runs out for,
    leaves what there is then, and the process ends with 128 and the signal's number, or with 2.

    Parameters
    ----------
    run
        Is told `on_step` and the like, as the functions are that make images.
    output
        Where the image goes.
    also
        How it is written, and what beside it.
    quiet
        Whether to print nothing.
    """
    with place_for(output.path, output.name, f".{also.format}") as target:
        _Writing(target, output, also, quiet).through(run)


class _Writing:
    """One run and its outputs."""

    def __init__(self, target: Path, output: Output, also: OutputOptions, quiet: bool) -> None:
        from texonnx.images import Animation

        self._target = target
        self._output = output
        self._also = also
        self._quiet = quiet
        self._lost: str | None = None
        """Why the image is not where it should be."""
        # Words go beside the picture, not into it.
        self._words = sys.stderr if output.path == PIPE else sys.stdout
        self._map_paths = [output.map_path(target, name) for name in output.maps]
        self._animation = None if also.animate is None else Animation()

    def through(self, run: Callable[..., SynthesisResult]) -> None:
        """Do all of it."""
        from texonnx.cli.progress import RunProgress
        from texonnx.run.result import (
            NotFiniteError,
            OutOfMemoryError,
            SynthesisInterrupted,
            WorkerLostError,
        )

        self._check()
        stopped: str | None = None
        code = 0
        result: SynthesisResult | None
        with closing(RunProgress(self._quiet)) as progress:
            try:
                result = run(
                    on_step=partial(self._on_step, progress),
                    on_begin=self._on_begin,
                    on_download=progress.download,
                    checkpoint=self._also.keep(self._note()),
                )
            except SynthesisInterrupted as interrupt:
                result, stopped, code = interrupt.result, "interrupted", exit_code()
            except (NotFiniteError, OutOfMemoryError, WorkerLostError) as error:
                if error.result is None:
                    raise
                result, stopped, code = error.result, str(error), BAD_INPUT
        written = self._write(result)
        beside = "".join(f", {path.name}" for path in self._map_paths)
        where = "standard output" if self._output.path == PIPE else str(written)
        if self._lost is not None:
            stop(f"{self._lost}; the image is in {written}", code or BAD_INPUT)
        if stopped is not None:
            stop(f"{stopped}; the image so far, {size_of(result.image)}, is in {where}", code)
        if not self._quiet:
            print(_summary(result, where + beside), file=self._words)
            for note in result.notes:
                print(f"  {note}", file=self._words)
            if result.random_weights:
                complain(RANDOM_WEIGHTS)

    def _on_step(self, progress: RunProgress, step: Step, image: Image) -> None:
        progress.show(step)
        if self._animation is not None:
            self._animation.add(image)
        if self._also.save_every is not None and step.step % self._also.save_every == 0:
            self._save(self._step_path(step.scale, step.step), image)

    def _on_begin(self, beginning: Beginning) -> None:
        from texonnx.images import check_fits

        check_fits(self._target, beginning.size)
        if self._also.preview is not None:
            height, width = (REPEATS * side for side in beginning.size)
            check_fits(self._also.preview, (height, width))
        check_room(self._target, beginning.size, self._also.depth, 1 + len(self._map_paths))
        if not self._quiet:
            for note in beginning.notes:
                complain(f"NOTE: {note}")

    def _step_path(self, scale: int, step: int) -> Path:
        name = f"{self._target.stem}-{scale}-{step:04d}{self._target.suffix}"
        return self._target.with_name(name)

    def _save(self, path: Path, image: Image, **more: Any) -> None:
        from texonnx.images import save_image
        from texonnx.version import __version__

        software = {"Software": f"texonnx {__version__}", "Source": self._output.source}
        metadata = {**software, **more.pop("metadata", {})}
        save_image(path, image, metadata, depth=self._also.depth, **more)

    def _write(self, result: SynthesisResult) -> Path:
        """Write all outputs, the image first; return where that is."""
        from texonnx.curves import plot_curves
        from texonnx.images import repeated

        also, written = self._also, self._target
        try:
            self._save_result(written, result)
        except ImageError as error:
            written = self._rescue(result, error)
        for one, path in zip(result.maps, self._map_paths, strict=False):
            self._save_map(
                one, path if self._lost is None else self._output.map_path(written, path.name)
            )
        if also.history is not None:
            _write_history(also.history, result.history)
        if self._animation is not None and also.animate is not None:
            self._animation.add(result.image)
            self._animation.save(also.animate, size_of(result.image))
        if also.preview is not None:
            self._save(also.preview, repeated(result.image, REPEATS))
        if also.plot is not None and result.history:
            plot_curves(also.plot, result.history, self._target.name)
        return written

    def _save_result(self, path: Path, result: SynthesisResult) -> None:
        self._save(path, result.image, metadata=_provenance(result), alpha=result.alpha)

    def _save_map(self, one: MaterialMap, path: Path) -> None:
        from texonnx.version import __version__

        one.save(path, {"Software": f"texonnx {__version__}", "Source": one.name})

    def _rescue(self, result: SynthesisResult, error: ImageError) -> Path:
        """Write the image where it can be written."""
        self._lost = str(error)
        for path in elsewhere(self._target.name):
            with suppress(ImageError):
                self._save_result(path, result)
                return path
        raise error

    def _note(self) -> dict[str, Any]:
        """Return what it takes to write the same outputs again."""
        also = {
            name: str(one.absolute()) if isinstance(one, Path) else one
            for name, one in asdict(self._also).items()
        }
        output = self._output
        path = str(PIPE) if output.path == PIPE else str(self._target.absolute())
        maps = {"maps": list(output.maps), "named_alike": output.named_alike}
        named = output.path is not None
        return {"output": path, "named": named, "source": output.source, "also": also, **maps}

    def _check(self) -> None:
        """Raise a :class:`TexonnxError` for what could not be written, before any work is done."""
        from texonnx.curves import check_curves_path
        from texonnx.images import check_animation_path, check_writable
        from texonnx.system.files import check_target

        target, also = self._target, self._also
        beside = [
            path
            for path in (also.history, also.animate, also.plot, also.preview, *self._map_paths)
            if path is not None
        ]
        places = [path.absolute() for path in (target, *beside)]
        if twice := [path for path in beside if places.count(path.absolute()) > 1]:
            raise OptionError(f"two of the outputs would be written to '{twice[0]}'")
        check_writable(target, also.depth)
        for path in self._map_paths:
            check_writable(path)
        if also.history is not None:
            check_target(also.history, _HISTORY_SUFFIXES, "history")
        if also.animate is not None:
            check_animation_path(also.animate)
        if also.plot is not None:
            check_curves_path(also.plot)
        if also.preview is not None:
            check_writable(also.preview, also.depth)
        if also.save_every is not None:
            if self._output.path == PIPE:
                raise OptionError("with -o - there is no place for --save-every")
            check_target(self._step_path(9, 9999))
        if not also.force:
            self._check_nothing_is_lost(beside)

    def _check_nothing_is_lost(self, beside: Sequence[Path]) -> None:
        for path in (self._target, *beside):
            check_kept(path, self._output.inputs)
        for path in beside:
            check_not_foreign(path)
        if not self._output.named_alike:
            check_not_foreign(self._target)  # nobody named it
        if self._also.save_every is not None:
            pattern = f"{glob.escape(self._target.stem)}-*-*{self._target.suffix}"
            for path in self._target.parent.glob(pattern):
                if _STEP.search(path.stem):
                    check_kept(path, self._output.inputs)
                    check_not_foreign(path)


_STEP = re.compile(r"-\d+-\d{4,}$")


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


def _summary(result: SynthesisResult, target: str) -> str:
    first, last = result.history[0], result.history[-1]
    return (
        f"{target}: {result.engine} engine on {result.provider} ({result.why}), "
        f"{result.seconds:.1f} s, "
        f"{len(result.history)} steps, loss {first.loss:.4g} -> {last.loss:.4g}"
    )


def _provenance(result: SynthesisResult) -> dict[str, str]:
    from texonnx.run.provenance import without_folders

    return {
        "Comment": f"{result.engine} engine, {result.provider}, {len(result.history)} steps",
        "Recipe": json.dumps(without_folders(result.recipe)),
    }
