"""``texonnx resume`` and ``texonnx replay``: a run that was stopped, or one of long ago, again."""

from __future__ import annotations

import json
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from texonnx.cli.command import Takes, command
from texonnx.cli.outputs import RUNS, Output, OutputOptions, run_and_write
from texonnx.cli.parameters import OutputPath, Quiet, Values
from texonnx.errors import ImageError, OptionError, unknown
from texonnx.options import (
    Declared,
    ObjectiveOptions,
    Options,
    ReconstructionOptions,
    RetileOptions,
    RunOptions,
    TileOptions,
    TransferOptions,
    options_of,
)
from texonnx.options.text import parse_map

if TYPE_CHECKING:
    from texonnx.run.provenance import Recipe
    from texonnx.run.result import SynthesisResult

_RECIPE = "Recipe"
_FILES = ("exemplar", "content", "style", "image", "init", "weights", "artifacts")
"""Arguments that may be files."""


def resume(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Where the run was kept: of --checkpoint, or in the cache.",
            show_default="the run in the cache that was kept last",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was stopped, to the image that it would have made."""
    from texonnx.run.checkpoint import Keep, read_kept
    from texonnx.run.provenance import arguments_of

    place = folder or _last_kept()
    kept = read_kept(place)
    note = kept.note
    if not note:
        raise OptionError(
            f"the run in '{place}' was not started by a command; give its function the same "
            "arguments again"
        )
    arguments = arguments_of(kept.recipe)
    function = _function(kept.recipe)
    also: dict[str, Any] = {
        name: Path(value) if one.annotation == Path | None and value is not None else value
        for name, one in options_of(OutputOptions).items()
        for value in [note["also"][name]]
    }
    keep = Keep(place, also["checkpoint_every"], note=note)
    # A place that the user did not name may be another run's by now: then it is the next free one.
    path = Path(note["output"]) if note["named"] else None
    run_and_write(
        lambda **told: function(**arguments, **{**told, "checkpoint": keep}),
        Output(
            path,
            note["output"],
            note["source"],
            _files_among(arguments),
            note.get("maps", ()),
            note.get("named_alike", True),
        ),
        OutputOptions(**also),
        quiet,
    )


def _last_kept() -> Path:
    from texonnx.run.checkpoint import FILE
    from texonnx.weights import cache_folder

    runs = cache_folder().parent / RUNS
    kept = sorted(runs.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime)
    if not kept:
        raise OptionError(f"no run is kept in '{runs}'; name the folder of its --checkpoint")
    return kept[-1].parent


@command
def replay(
    picture: Annotated[Path, typer.Argument(help="An image that texonnx made.")],
    output: OutputPath = None,
    exemplar: Annotated[
        list[Path] | None,
        typer.Option(
            "--exemplar",
            help="The exemplar, where it is not beside the picture or here; again for others.",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="OPTION=VALUE",
            help="What shall be otherwise, such as seed=2; give it again for each.",
        ),
    ] = None,
    *,
    outputs: Annotated[Values, Takes(OutputOptions)],
    quiet: Quiet = False,
) -> None:
    """Run again what made PICTURE, as is noted in it; say what is not as it was."""
    from texonnx.run.provenance import arguments_of, differences

    recipe = _recipe_in(picture)
    function = _function(recipe)
    arguments = arguments_of(recipe, _given(recipe, exemplar or []))
    places = [*(one.parent for one in exemplar or []), picture.parent]
    arguments = {name: _found(one, places, picture) for name, one in arguments.items()}
    told = differences(recipe, arguments)
    for change in changes or []:
        name, value = _changed(change, recipe)
        arguments[name] = value
    if not quiet:
        for sentence in told:
            print(f"differs: {sentence}", file=sys.stderr)
    inputs = _files_among(arguments)
    maps = [one if isinstance(one, tuple) else (one, "") for one in arguments.get("maps") or ()]
    again = Output.of(output, f"{picture.stem}-again.png", inputs, maps)
    run_and_write(
        lambda **more: function(**arguments, **more),
        replace(again, inputs=[*again.inputs, picture]),
        OutputOptions(**outputs),
        quiet,
    )


def _recipe_in(picture: Path) -> Recipe:
    from texonnx.images import read_metadata

    try:
        recipe: Recipe = json.loads(read_metadata(picture).get(_RECIPE, ""))
    except ValueError:
        raise ImageError(f"'{picture}' does not tell how it was made") from None
    if not isinstance(recipe, dict) or not isinstance(recipe.get("options"), dict):
        raise ImageError(f"what '{picture}' tells of how it was made is damaged")
    return recipe


_OWN_OPTIONS: Mapping[str, type[Options]] = {
    "synthesize": TileOptions,
    "retile": RetileOptions,
    "transfer": TransferOptions,
    "reconstruct": ReconstructionOptions,
}


def _function(recipe: Mapping[str, Any]) -> Callable[..., SynthesisResult]:
    from texonnx import functions

    verbs: dict[str, Callable[..., SynthesisResult]] = {
        one.__name__: one
        for one in (
            functions.synthesize,
            functions.transfer,
            functions.reconstruct,
            functions.retile,
        )
    }
    verb = recipe.get("verb")
    if verb not in verbs:
        raise OptionError(unknown("verb in the recipe", str(verb), verbs))
    return verbs[verb]


def _given(recipe: Recipe, exemplars: Sequence[Path]) -> dict[str, Any]:
    """Return the exemplars that the user names, by the argument that they are."""
    if not exemplars:
        return {}
    name = next((one for one in ("exemplar", "image") if one in recipe["options"]), None)
    if name is None:
        raise OptionError("a transfer has no exemplar; use --set content=FILE and --set style=FILE")
    return {name: list(exemplars) if len(exemplars) > 1 else exemplars[0]}


def _found(value: Any, folders: Sequence[Path], picture: Path) -> Any:
    """Return a file as it is, or where it is not here, the first of that name in `folders`.

    A set may be named as its exemplar is: `picture` is not what it was made from.
    """
    if isinstance(value, Path):
        if value.exists():
            return value
        beside = [one for folder in folders if (one := folder / value.name).exists()]
        return next((one for one in beside if not one.samefile(picture)), value)
    if isinstance(value, (tuple, list)):
        return tuple(_found(one, folders, picture) for one in value)
    return value


def _changed(change: str, recipe: Recipe) -> tuple[str, Any]:
    """Return the argument that ``name=value`` sets, and its value."""
    name, sign, text = change.partition("=")
    name = name.strip().lstrip("-").replace("-", "_")
    if not sign:
        raise OptionError(f"--set takes OPTION=VALUE, not '{change}'")
    if name not in recipe["options"]:
        raise OptionError(unknown("option of the recipe", name, recipe["options"]))
    own = _OWN_OPTIONS.get(str(recipe.get("verb")), TileOptions)
    for record in (own, ObjectiveOptions, RunOptions):  # what a verb has otherwise, counts
        if name in (declared := options_of(record)):
            return name, _as_typed(name, text, declared[name])
    return name, (parse_map(text),) if name == "maps" else Path(text)


def _as_typed(name: str, text: str, declared: Declared) -> Any:
    """Return what is typed as the option takes it."""
    if declared.option.parse is not None:
        return declared.option.parse([text] if declared.option.repeated else text)
    kinds = [one for one in (bool, int, float) if one in _alternatives(declared.annotation)]
    if text.lower() == "none" and type(None) in _alternatives(declared.annotation):
        return None
    if bool in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in kinds:
        try:
            return kind(text) if kind is not bool else int(text)
        except ValueError:
            continue
    if kinds:
        raise OptionError(f"'{text}' is no value for {name.replace('_', ' ')}")
    return text


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) or (annotation,)


def _files_among(arguments: Mapping[str, Any]) -> list[Path]:
    """Return the pictures among the arguments, in order."""

    def files(value: Any) -> list[Path]:
        if isinstance(value, Path):
            return [value]
        return (
            [one for part in value for one in files(part)]
            if isinstance(value, (tuple, list))
            else []
        )

    return [path for name in _FILES[:4] if name in arguments for path in files(arguments[name])]
