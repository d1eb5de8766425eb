"""The errors that a user can cause: each message is one sentence fit for a terminal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TexonnxError(Exception):
    """Base of every error that texonnx raises on purpose; ``str(error)`` is one sentence."""


class OptionError(TexonnxError):
    """An option has a value that is not accepted."""


class ImageError(TexonnxError):
    """An image cannot be read, is unfit for the chosen layers, or cannot be written."""


class WeightsError(TexonnxError):
    """Network weights cannot be had, cannot be read, or are not what they should be."""


class GraphError(TexonnxError):
    """A graph cannot be built or differentiated as asked."""


class ArtifactError(TexonnxError):
    """An exported folder is incomplete, altered, or made for something else."""


class RuntimeUnavailableError(TexonnxError):
    """The ONNX Runtime, execution provider or engine that was asked for cannot be had."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the choice nearest to `word`, or an empty string."""
    nearest = difflib.get_close_matches(word, list(choices), n=1)
    return f" (did you mean '{nearest[0]}'?)" if nearest else ""


def unknown(what: str, word: str, choices: Iterable[str]) -> str:
    """Return the sentence that refuses `word` and lists what would be accepted.

    Examples
    --------
    >>> unknown("loss", "grma", ["gram", "emd"])
    "unknown loss 'grma' (did you mean 'gram'?); known: gram, emd"
    """
    known = list(choices)
    return f"unknown {what} '{word}'{did_you_mean(word, known)}; known: {', '.join(known)}"


def reason(error: Exception) -> str:
    """Return what went wrong, without the path and the number that the system adds."""
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__
