"""The images of one row of a study, as figures of the page."""

from __future__ import annotations

import base64
from html import escape

from texonnx.images import Image, load_image
from texonnx.studies.outcome import REFUSED
from texonnx.studies.pictures import as_jpeg, model_images
from texonnx.studies.results import Result
from texonnx.studies.study import Subject
from texonnx.studies.verbs import Verb


def gallery(verb: Verb, subject: Subject, row: tuple[Result, ...]) -> str:
    """Return the models and then the variants, each with its caption."""
    models = zip(verb.images, subject.images, model_images(subject, row), strict=True)
    figures = [
        _figure(
            image, f"{name}: {path.name}", f"<b>{name}</b><span>{escape(path.name)}</span>", "model"
        )
        for name, path, image in models
    ]
    figures += [_made(one) for one in row]
    return '<div class="grid">\n' + "\n".join(figures) + "\n</div>"


def data_uri(content: bytes, kind: str) -> str:
    """Return an image file of `kind`, ``png`` or ``jpeg``, as an address that holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def failure_of(one: Result) -> str:
    """Return why there is no image, in words for the page."""
    return f"not here: {one.failure}" if one.outcome.status == REFUSED else one.failure


def _made(one: Result) -> str:
    label = escape(one.cell.variant.label)
    if one.image is None:
        return (
            f'<figure><div class="missing">{escape(failure_of(one))}</div>'
            f"<figcaption><b>{label}</b></figcaption></figure>"
        )
    why = f'<br><span class="why">{escape(one.failure)}</span>' if one.failure else ""
    caption = f"<b>{label}</b><span>{_numbers(one)}</span>{why}"
    return _figure(load_image(one.image), one.cell.label, caption)


def _numbers(one: Result) -> str:
    outcome = one.outcome
    score = f"score {outcome.score.mean:.3f} · " if outcome.score else ""
    return f"{score}{outcome.seconds:.1f} s · {len(outcome.history)} steps"


def _figure(image: Image, name: str, caption: str, kind: str = "") -> str:
    content, width, height = as_jpeg(image)
    kind = f' class="{kind}"' if kind else ""
    name = escape(name)
    return (
        f'<figure{kind}><label class="zoom"><input type="checkbox" aria-label="enlarge {name}">'
        f'<img src="{data_uri(content, "jpeg")}" width="{width}" height="{height}" alt="{name}">'
        f"</label><figcaption>{caption}</figcaption></figure>"
    )
