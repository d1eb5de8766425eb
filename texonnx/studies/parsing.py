"""Reading the TOML file of a study; the format is told in ``studies/README.md``."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from texonnx.errors import OptionError, reason, unknown
from texonnx.studies.checking import check_types, checked_options, fits, in_words
from texonnx.studies.study import VERBS, Study, Subject, Variant, Verb

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_KEYS: dict[str, Any] = {
    "title": str,
    "question": str,
    "findings": str,
    "verb": str,
    "images": str,
    "exemplars": list,
    "options": dict,
    "quick": dict,
    "variants": list,
    "grid": dict,
}
_ABOUT_A_VARIANT = ("label", "note")


def load_study(path: str | Path) -> Study:
    """Read a study, and refuse what is not one.

    Parameters
    ----------
    path
        A TOML file. ``title``, ``question`` and ``findings`` are text for the report; ``verb`` is
        ``synth``, ``transfer`` or ``reconstruct``; ``exemplars`` names the images, for a transfer
        pairs of content and style, in the file's folder or in ``images``, relative to it.
        ``[options]`` holds keyword arguments of the verb's function for all cells; each
        ``[[variants]]`` has a ``label``, perhaps a ``note``, and its own; ``[grid]`` holds lists
        of values whose product multiplies the variants; ``[quick]`` replaces any of these for a
        quick look.

    Raises
    ------
    OptionError
        When the file cannot be read, is not TOML, or says what is not accepted.
    """
    path = Path(path)
    name = path.name
    content = _read(path)
    check_types(content, _KEYS, "key", name)
    word = content.get("verb", "synth")
    if word not in VERBS:
        raise OptionError(f"{name}: {unknown('verb', word, VERBS)}")
    verb = VERBS[word]
    variants = tuple(_variants(content, verb, name))
    _check_unique([variant.label for variant in variants], f"{name}: two variants are labelled")
    return Study(
        name=name,
        folder=path.parent,
        title=content.get("title", path.stem),
        question=content.get("question", "").strip(),
        findings=content.get("findings", "").strip(),
        verb=verb,
        subjects=_subjects(content, verb, path),
        variants=variants,
        options=checked_options(verb, content.get("options", {}), f"{name}, [options]"),
        quick=checked_options(verb, content.get("quick", {}), f"{name}, [quick]"),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OptionError(f"there is no study '{path}'") from None
    except OSError as error:
        raise OptionError(f"cannot read '{path}': {reason(error)}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise OptionError(f"'{path}' is not a TOML file: {error}") from error


def _variants(content: dict[str, Any], verb: Verb, name: str) -> Iterator[Variant]:
    """Yield the variants, each multiplied by the grid."""
    for number, table in enumerate(content.get("variants") or [{"label": ""}], start=1):
        where = f"{name}, variant {number}"
        if not isinstance(table, dict) or not isinstance(table.get("label"), str):
            raise OptionError(f"{where} has no label")
        label, note = table["label"], table.get("note", "")
        if not isinstance(note, str):
            raise OptionError(f"{where}: note is {in_words(str)}, not {note!r}")
        own = {key: value for key, value in table.items() if key not in _ABOUT_A_VARIANT}
        for chosen in _grid(content.get("grid", {}), name):
            words = [label, *(f"{key.replace('_', ' ')} {_word(chosen[key])}" for key in chosen)]
            yield Variant(
                label=", ".join(word for word in words if word) or verb.name,
                options=checked_options(verb, own | chosen, f"{name}, variant '{label or number}'"),
                note=note,
            )


def _grid(grid: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Yield one value of every option, in all combinations; of an empty grid, nothing once."""
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise OptionError(f"{name}, [grid]: {key} is a list of values, not {values!r}")
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _subjects(content: dict[str, Any], verb: Verb, path: Path) -> tuple[Subject, ...]:
    folders = [path.parent, path.parent / content.get("images", "images")]
    wanted = "a name" if len(verb.images) == 1 else f"a list of {' and '.join(verb.images)}"
    subjects = []
    for entry in content.get("exemplars", []):
        names = [entry] if len(verb.images) == 1 else entry
        if not fits(names, Sequence[str]) or len(names) != len(verb.images):
            raise OptionError(f"{path.name}: each of exemplars is {wanted}, not {entry!r}")
        images = tuple(_find(one, folders, path.name) for one in names)
        subjects.append(Subject(" + ".join(image.stem for image in images), images))
    if not subjects:
        raise OptionError(f"{path.name}: exemplars names no image; each is {wanted}")
    _check_unique([subject.label for subject in subjects], f"{path.name}: two exemplars are called")
    return tuple(subjects)


def _find(image: str, folders: Sequence[Path], name: str) -> Path:
    for folder in folders:
        if (folder / image).is_file():
            return (folder / image).resolve()
    searched = " or ".join(f"'{folder}'" for folder in folders)
    raise OptionError(f"{name}: there is no image '{image}' in {searched}")


def _check_unique(labels: list[str], complaint: str) -> None:
    for label in labels:
        if labels.count(label) > 1:
            raise OptionError(f"{complaint} '{label}'")
