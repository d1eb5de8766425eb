"""The manifest's JSON Schema, ``manifest.schema.json`` beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import jsonschema


def fault(manifest: Mapping[str, Any]) -> str | None:
    """Return a sentence on what keeps a manifest from its schema; ``None`` where nothing does."""
    error = jsonschema.exceptions.best_match(_validator().iter_errors(manifest))
    if error is None:
        return None
    place = ".".join(map(str, error.absolute_path)) or "the manifest"
    return f"'{place}' is not by the schema: {error.message}"


@cache
def _validator() -> jsonschema.Draft202012Validator:
    text = resources.files(__package__).joinpath("manifest.schema.json").read_text("utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))
