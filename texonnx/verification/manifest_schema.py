"""The main points of ``models/manifest.schema.json``, checked without a library for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from texonnx.options import PADDINGS, POOLINGS
from texonnx.vgg import ARCHITECTURES

Rule = Callable[[Any], bool]


def faults(manifest: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each entry that is missing or not what it should be."""
    return [
        sentence
        for path, rule in _RULES.items()
        for sentence in _faults(manifest, path.split("."), rule, [])
    ]


def _faults(value: Any, path: list[str], rule: Rule, walked: list[str]) -> list[str]:
    """Walk to the entries at `path`; ``[]`` stands for each of a list, ``*`` for each key's."""
    place = ".".join(walked) or "the manifest"
    if not path:
        return [] if rule(value) else [f"'{place}' is {value!r}"]
    head, rest = path[0], path[1:]
    if head in ("[]", "*"):
        if not isinstance(value, list if head == "[]" else dict):
            return [f"'{place}' is {value!r}"]
        entries = enumerate(value) if isinstance(value, list) else value.items()
        return [
            sentence
            for key, entry in entries
            for sentence in _faults(entry, rest, rule, [*walked, str(key)])
        ]
    if head.endswith("?"):
        head = head.removesuffix("?")
        if isinstance(value, dict) and value.get(head, 0) is None:
            return []
    if not isinstance(value, dict) or head not in value:
        return [f"'{place}' has no '{head}'"]
    return _faults(value[head], rest, rule, [*walked, head])


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _from(least: float) -> Rule:
    return lambda value: _number(value) and value >= least


def _count(least: int) -> Rule:
    return lambda value: isinstance(value, int) and _from(least)(value)


def _one_of(*words: str) -> Rule:
    return lambda value: value in words


def _digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _shape(value: Any) -> bool:
    return isinstance(value, list) and all(_text(n) or _count(1)(n) for n in value)


_RULES: Mapping[str, Rule] = {
    "producer": _text,
    "network.architecture": _one_of(*ARCHITECTURES),
    "network.pooling": _one_of(*POOLINGS),
    "network.padding": _one_of(*PADDINGS),
    "network.weights": _text,
    "network.weights_digest": _digest,
    "network.weights_random": _flag,
    "network.precision": _one_of("float32", "float16"),
    "network.activation_scale?.*": _from(0),
    "layers.[].name": _text,
    "layers.[].weight": _from(0),
    "losses.[].name": _text,
    "losses.[].weight": _from(0),
    "content.[].layer": _text,
    "content.[].weight": _from(0),
    "parts.[]": _text,
    "gram_norm": _text,
    "discriminator?.widths.[]": _count(1),
    "discriminator?.penalty": _from(0),
    "preprocessing.layout": _one_of("NCHW"),
    "preprocessing.channels": _one_of("RGB"),
    "preprocessing.range.[]": _number,
    "preprocessing.mean.[]": _number,
    "preprocessing.where": _text,
    "recipe?.optimizer": _one_of("adam"),
    "recipe?.exemplar_size": _count(1),
    "recipe?.coarsest_side": _count(1),
    "recipe?.scales.[].factor": _count(1),
    "recipe?.scales.[].steps": _count(0),
    "recipe?.scales.[].learning_rate": _from(0),
    "recipe?.least_steps_at_the_coarsest": _count(0),
    "recipe?.learning_rate_falls_from": _from(0),
    "recipe?.seed": _count(0),
    "recipe?.draw_every": lambda value: value is None or _count(1)(value),
    "recipe?.discriminators?.steps": _count(0),
    "recipe?.discriminators?.learning_rate": _from(0),
    "minimum_size": _count(1),
    "size?.height": _count(1),
    "size?.width": _count(1),
    "opset": _count(1),
    "ir_version": _count(1),
    "graphs.*.file": _text,
    "graphs.*.inputs.[].name": _text,
    "graphs.*.inputs.[].dtype": _one_of("float32", "int64"),
    "graphs.*.inputs.[].shape": _shape,
    "graphs.*.inputs.[].meaning": _text,
    "graphs.*.outputs.[].name": _text,
    "graphs.*.outputs.[].dtype": _one_of("float32", "int64"),
    "graphs.*.outputs.[].shape": _shape,
    "graphs.*.outputs.[].meaning": _text,
    "training.[].folder": _text,
    "training.[].height": _count(1),
    "training.[].width": _count(1),
    "files.*.sha256": _digest,
    "files.*.bytes": _count(0),
}
"""A rule for each entry by its path; behind ``?`` the entry may be null."""
