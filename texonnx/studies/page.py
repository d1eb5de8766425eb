"""The page of a study, ``report.html``: one file, no scripts, readable on a phone."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path

from texonnx.studies.page_gallery import data_uri, gallery
from texonnx.studies.page_tables import overview, settings_of_variants
from texonnx.studies.results import Results
from texonnx.studies.study import Study, Subject
from texonnx.version import __version__

_LOSSES = (
    "Each loss is shown relative to its run's first. Different objectives are different "
    "quantities: compare how the curves fall, not how low they end."
)


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
    style = (files(__package__) / "page.css").read_text(encoding="utf-8")
    body = [
        _head(results),
        _findings(study),
        f"<section><h2>At a glance</h2>{overview(results)}</section>",
        *(
            f"<section><h2>{escape(subject.label)}</h2>{gallery(study.verb, subject, row)}"
            f"{_curves(subject, curves)}</section>"
            for subject, row in results.rows
        ),
        f"<section><h2>Settings</h2>{settings_of_variants(results)}</section>",
        _foot(results, with_curves),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(study.title)} · texonnx study</title>\n<style>\n{style}</style>\n"
        "</head>\n<body>\n" + "\n".join(part for part in body if part) + "\n</body>\n</html>\n"
    )


def _head(results: Results) -> str:
    study = results.study
    badge = ' <span class="badge">quick look: smaller and shorter</span>' if results.quick else ""
    rows, columns = len(study.subjects), len(study.variants)
    made = sum(one.image is not None for one in results)
    missing = rows * columns - made
    count = f"{rows} × {columns} {_plural(rows * columns, 'run')}"
    rest = f", {missing} of them without an image" if missing else ""
    return (
        f'<header><p class="kicker">texonnx study · {escape(study.verb.name)}{badge}</p>\n'
        f"<h1>{escape(study.title)}</h1>\n{_paragraphs(study.question, 'question')}\n"
        f'<p class="soft">{count}{rest}. Tap an image to enlarge it.</p></header>'
    )


def _findings(study: Study) -> str:
    if not study.findings:
        return ""
    return (
        f'<section class="findings"><h2>What was seen</h2>{_paragraphs(study.findings)}</section>'
    )


def _curves(subject: Subject, curves: Mapping[str, Path]) -> str:
    if subject.label not in curves:
        return ""
    uri = data_uri(curves[subject.label].read_bytes(), "png")
    alt = escape(f"losses of {subject.label}, by seconds and by steps")
    said = f'<p class="soft">{_LOSSES}</p>\n' if subject.label == next(iter(curves)) else ""
    return f'{said}<img class="curves" src="{uri}" alt="{alt}">'


def _foot(results: Results, with_curves: bool) -> str:
    study = results.study
    ran = [one.outcome for one in results if one.outcome.has_image]
    how = dict.fromkeys(f"{one.engine} engine on {one.provider}, {one.machine}" for one in ran)
    together = max((one.jobs for one in ran), default=1)
    sentences = [
        f"Made by texonnx {escape(__version__)} with <code>texonnx study {escape(study.name)}"
        f"{' --quick' if results.quick else ''}</code>.",
        *(f"{escape(one)}." for one in how),
        f"Seconds were measured with {together} runs at a time." if together > 1 else "",
        "Random weights, not the pretrained ones, where the settings say so."
        if any(one.random_weights for one in ran)
        else "",
        ""
        if with_curves
        else "No loss curves: they need matplotlib (pip install 'texonnx[plot]').",
        'Beside this page: <a href="results.csv">results.csv</a>, every setting and number; '
        '<a href="sheet.png">sheet.png</a>, all images in one; cells/, each image in full size.',
    ]
    return f"<footer><p>{' '.join(one for one in sentences if one)}</p></footer>"


def _paragraphs(text: str, kind: str = "") -> str:
    opening = f'<p class="{kind}">' if kind else "<p>"
    parts = (part.strip() for part in text.split("\n\n"))
    return "\n".join(f"{opening}{escape(part)}</p>" for part in parts if part)


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"
