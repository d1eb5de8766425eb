"""The tables of the page: scores and seconds at a glance, and what the variants are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import mean
from typing import Any

from texonnx.studies.outcome import REFUSED
from texonnx.studies.results import Result, Results
from texonnx.studies.study import Options, Variant

_EXPLANATION = (
    "The score is that of <code>texonnx score</code>: how far the patches of the result are from "
    "those of the {model}, by a distance that no loss here optimises; smaller is closer, and ◂ "
    "marks the closest. The floor is what two halves of the {model} score against each other. It "
    "ranks images that are alike and does not replace looking."
)


def overview(results: Results) -> str:
    """Return the table of scores, seconds and steps: a row for each variant."""
    study = results.study
    columns = [row for _, row in results.rows]
    best = [_least(row) for row in columns]
    most = [
        max((score for one in row if (score := _score(one)) is not None), default=1.0)
        for row in columns
    ]
    heads = "".join(f"<th>{escape(subject.label)}</th>" for subject in study.subjects)
    lines = []
    for number, variant in enumerate(study.variants):
        cells = [row[number] for row in columns]
        scores = "".join(
            _score_cell(one, largest, one is closest)
            for one, largest, closest in zip(cells, most, best, strict=True)
        )
        lines.append(f"<tr>{_label(variant)}{scores}{_means(cells)}</tr>")
    model = study.verb.images[study.verb.model]
    others = [name for name in study.verb.images if name != model]
    explanation = _EXPLANATION.format(model=model)
    explanation += "".join(f" Of the {name} it says nothing." for name in others)
    return (
        '<div class="scroll"><table><thead><tr><th></th>'
        f"{heads}<th>seconds</th><th>steps</th></tr></thead>\n<tbody>\n"
        + "\n".join([*lines, _floors(columns)])
        + f'\n</tbody></table></div>\n<p class="soft">{explanation}</p>'
    )


def settings_of_variants(results: Results) -> str:
    """Return what all cells have in common, and what each variant changes."""
    study = results.study
    common = {**study.options, **(study.quick if results.quick else {})}
    lines = "\n".join(
        f"<tr>{_label(variant)}<td>{_options(variant.options) or 'as all'}</td></tr>"
        for variant in study.variants
    )
    named = f"For all: {_options(common)}. " if common else ""
    return (
        f"<p>{named}The rest are the defaults of <code>texonnx.{study.verb.function_name}</code>; "
        "results.csv has every value.</p>\n"
        f'<details><summary>What each variant changes</summary><div class="scroll"><table><tbody>\n'
        f"{lines}\n</tbody></table></div></details>"
    )


def _label(variant: Variant) -> str:
    note = f"<small>{escape(variant.note)}</small>" if variant.note else ""
    return f"<th>{escape(variant.label)}{note}</th>"


def _score(one: Result) -> float | None:
    return one.outcome.score.mean if one.outcome.score else None


def _least(row: Sequence[Result]) -> Result | None:
    scored = [one for one in row if one.outcome.score]
    return min(scored, key=lambda one: _score(one) or 0.0) if len(scored) > 1 else None


def _score_cell(one: Result, largest: float, best: bool) -> str:
    score = _score(one)
    if score is None:
        status = "not here" if one.outcome.status == REFUSED else one.outcome.status
        return f"<td><small>{'no score' if one.image else escape(status)}</small></td>"
    kind = "score best" if best else "score"
    return (
        f'<td class="{kind}" style="--share:{100 * score / (largest or 1):.0f}%">{score:.3f}</td>'
    )


def _means(cells: Sequence[Result]) -> str:
    ran = [one.outcome for one in cells if one.image is not None]
    if not ran:
        return "<td></td><td></td>"
    seconds = mean(one.seconds for one in ran)
    steps = mean(len(one.history) for one in ran)
    return f'<td class="number">{seconds:.1f}</td><td class="number">{steps:.0f}</td>'


def _floors(columns: Sequence[Sequence[Result]]) -> str:
    floors = [
        next((one.outcome.score.floor for one in row if one.outcome.score), None) for row in columns
    ]
    cells = "".join("<td></td>" if one is None else f"<td>{one:.3f}</td>" for one in floors)
    return f'<tr class="floor"><th>floor</th>{cells}<td></td><td></td></tr>'


def _options(options: Options) -> str:
    return ", ".join(
        f"<code>{escape(name)} = {escape(_word(value))}</code>" for name, value in options.items()
    )


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
