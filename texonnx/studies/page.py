"""The page of a study, ``report.html``: one file, no scripts, readable on a phone.

``page.html.j2`` is what it looks like; here is what is put into it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from statistics import mean
from typing import Any

import jinja2

from texonnx.images import Image, load_image
from texonnx.studies.pictures import as_jpeg, model_images
from texonnx.studies.results import Results
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
        rows=results.rows,
        curves={label: _data_uri(plot.read_bytes(), "png") for label, plot in curves.items()},
        missing=sum(one.image is None for one in results),
        common={**study.options, **(study.quick if results.quick else {})},
        how=dict.fromkeys(f"{one.engine} engine on {one.provider}, {one.machine}" for one in ran),
        together=max((one.jobs for one in ran), default=1),
        random_weights=any(one.random_weights for one in ran),
        with_curves=with_curves,
        models=lambda row: zip(
            study.verb.images, row.subject.images, model_images(row), strict=True
        ),
        load=load_image,
        shown=_shown,
        style=style,
        version=__version__,
    )


def _shown(image: Image) -> dict[str, Any]:
    """Return an image as an address that holds it, with its size in pixels."""
    content, width, height = as_jpeg(image)
    return {"uri": _data_uri(content, "jpeg"), "width": width, "height": height}


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
