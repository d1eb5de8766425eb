"""The cells of a study's grid: what each is made with, and the name that its result is kept under.

The name holds a digest of everything that decides the result, so that a result found under it need
not be made again, and a change of the file makes new what it touches and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from texonnx.errors import OptionError, TexonnxError
from texonnx.studies.checking import check_values
from texonnx.studies.study import Options, Study, Subject, Variant, Verb, options_of
from texonnx.version import __version__

CELLS = "cells"
_FILE_OPTIONS = ("init", "weights", "artifacts")
_DIGITS = 12
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes
    ----------
    verb, subject, variant
        Where in which grid it is.
    settings
        Every option of the verb's function, defaults included.
    digest
        Of all that decides the result: settings, files, version. Two cells that agree in these
        share one result.
    """

    verb: Verb
    subject: Subject
    variant: Variant
    settings: Options
    digest: str

    @property
    def label(self) -> str:
        """Row and column, for people."""
        return f"{self.subject.label}, {self.variant.label}"

    def folder(self, place: Path) -> Path:
        """Return the folder of the result below `place`: one there already, or where to make it.

        A new label does not make a new result: the digest at the end of the name decides.
        """
        if found := sorted((place / CELLS).glob(f"*-{self.digest}")):
            return found[0]
        words = re.sub(r"[^a-z0-9.+]+", "-", f"{self.subject.label}-{self.variant.label}".lower())
        return place / CELLS / f"{words.strip('-')[:_LONGEST_NAME]}-{self.digest}"


def cells_of(study: Study, quick: bool = False) -> list[Cell]:
    """Return every cell, row by row.

    Parameters
    ----------
    quick
        Whether the options of ``[quick]`` replace all others.

    Raises
    ------
    OptionError
        For values that the function would refuse; the sentence names the column.
    """
    defaults = {name: option.default for name, option in options_of(study.verb).items()}
    columns = []
    for variant in study.variants:
        settings = defaults | dict(study.options) | dict(variant.options)
        if quick:
            settings |= study.quick
        settings |= {name: str(path) for name, path in _files(settings, study.folder).items()}
        try:
            check_values(study.verb, settings)
        except TexonnxError as error:
            raise OptionError(f"{study.name}, variant '{variant.label}': {error}") from error
        # Files count by what they hold; those beside the study have whole paths by now.
        held = {name: _digest_of_file(path) for name, path in _files(settings, Path()).items()}
        columns.append((variant, settings, settings | held))
    cells = []
    for subject in study.subjects:
        images = [_digest_of_file(image) for image in subject.images]
        for variant, settings, by_content in columns:
            decides = {
                "texonnx": __version__,
                "verb": study.verb.name,
                "images": images,
                "settings": by_content,
            }
            digest = _digest_of(json.dumps(decides, sort_keys=True, default=str).encode())
            cells.append(Cell(study.verb, subject, variant, settings, digest))
    return cells


def _files(settings: Options, folder: Path) -> dict[str, Path]:
    """Return the whole paths of those of `settings` that name a file, relative to `folder`."""
    return {
        name: (folder / value).resolve()
        for name in _FILE_OPTIONS
        if isinstance(value := settings.get(name), str) and _hashed(folder / value).is_file()
    }


def _hashed(path: Path) -> Path:
    """Return the file that stands for `path`: of a folder, the manifest, which has all digests."""
    return path / "manifest.json" if path.is_dir() else path


def _digest_of_file(path: Path) -> str:
    try:
        return _digest_of(_hashed(path).read_bytes())
    except OSError as error:  # the run will say so
        return _digest_of(f"{path}: {error}".encode())


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
