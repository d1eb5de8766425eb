"""How commands end: their exit codes, and what they say on standard error."""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

FAILED = 1
"""What was checked or tried does not hold."""
BAD_INPUT = 2
"""What was asked for will not do; nothing was made."""
INTERRUPTED = 130
"""Ctrl-C, as Typer tells it; :mod:`texonnx.cli.signals` has other signals'."""

RANDOM_WEIGHTS = "NOTE: random weights, not the pretrained ones"


def complain(sentence: str) -> None:
    """Say something on standard error, in the program's name."""
    print(f"texonnx: {sentence}", file=sys.stderr, flush=True)


class _Relay(logging.Handler):
    """Says on standard error what the library notes."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(f"NOTE: {record.getMessage()}")


def relay_notes(wanted: bool) -> None:
    """Say what the library notes while it works, or no longer."""
    log = logging.getLogger("texonnx")
    log.propagate = False  # ONNX Runtime's training build would say it once more
    log.handlers = [_Relay()] if wanted else [logging.NullHandler()]
    log.setLevel(logging.INFO)


def stop(sentence: str, code: int) -> NoReturn:
    """Complain, and end the process."""
    complain(sentence)
    sys.exit(code)
