"""Rows of figures for tests."""

from __future__ import annotations

from typing import Any

from peers.figures import Row


def row(candidate: str, seconds: list[float] | None = None, **more: Any) -> Row:
    """Return a row of `candidate`, titled like it, for Gram at 64x64 with two threads."""
    given: dict[str, Any] = {"seconds": seconds or [], "value": 1.0, "megabytes": 100.0, **more}
    return Row(candidate, f"the {candidate}", "gram", 64, 2, **given)
