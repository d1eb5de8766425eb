"""The page of a study, ``report.html``: one file, no scripts, readable on a phone.

``page.html.j2`` is what it looks like; here is what is put into it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import mean

import jinja2

from texonnx.images import Image, load_image
from texonnx.studies.pictures import as_jpeg, model_images
from texonnx.studies.results import Result, Results
from texonnx.studies.study import Subject
from texonnx.version import __version__


def page(results: Results, curves: Mapping[str, Path], with_curves: bool) -> str:
    """Return the page.

    Parameters
    ----------
    results
        What became of every cell.
    curves
        The plot of each row that has one, by its label.
    with_curves
        Whether plots could be drawn at all; if not, the page says so.
    """
    study = results.study
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["mean"] = mean
    template, style = (
        (files(__package__) / name).read_text(encoding="utf-8")
        for name in ("page.html.j2", "page.css")
    )
    ran = [one.outcome for one in results if one.outcome.has_image]
    return environment.from_string(template).render(
        study=study,
        results=results,
        rows=list(_rows(results, curves)),
        missing=sum(one.image is None for one in results),
        common={**study.options, **(study.quick if results.quick else {})},
        how=dict.fromkeys(f"{one.engine} engine on {one.provider}, {one.machine}" for one in ran),
        together=max((one.jobs for one in ran), default=1),
        random_weights=any(one.random_weights for one in ran),
        with_curves=with_curves,
        shown=lambda path: _shown(load_image(path)),
        style=style,
        version=__version__,
    )


@dataclass(frozen=True)
class _Shown:
    """An image as an address that holds it."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class _Model:
    name: str
    file: str
    shown: _Shown


@dataclass(frozen=True)
class _Row:
    """What the page says of the images that were made from one subject."""

    subject: Subject
    results: tuple[Result, ...]
    models: tuple[_Model, ...]
    curves: str

    @property
    def scored(self) -> list[Result]:
        """Those that have a score, the closest first."""
        return sorted((one for one in self.results if one.score is not None), key=_score)

    @property
    def best(self) -> Result | None:
        """The closest, where there are others to compare."""
        return self.scored[0] if len(self.scored) > 1 else None

    @property
    def largest(self) -> float:
        """The largest score."""
        return max(map(_score, self.scored), default=1.0) or 1.0

    @property
    def floor(self) -> float | None:
        """What two halves of the exemplar score against each other."""
        return next((one.outcome.score.floor for one in self.results if one.outcome.score), None)


def _rows(results: Results, curves: Mapping[str, Path]) -> Iterator[_Row]:
    for subject, row in results.rows:
        models = zip(
            results.study.verb.images, subject.images, model_images(subject, row), strict=True
        )
        plot = curves.get(subject.label)
        yield _Row(
            subject,
            row,
            tuple(_Model(name, path.name, _shown(image)) for name, path, image in models),
            _data_uri(plot.read_bytes(), "png") if plot else "",
        )


def _score(one: Result) -> float:
    return one.score or 0.0


def _shown(image: Image) -> _Shown:
    content, width, height = as_jpeg(image)
    return _Shown(_data_uri(content, "jpeg"), width, height)


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
