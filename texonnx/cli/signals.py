"""SIGTERM and SIGHUP as Ctrl-C: what stops a run lets it keep what it has."""

from __future__ import annotations

import signal
from types import FrameType

_LIKE_CTRL_C = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_stopped_by = signal.SIGINT


def heed() -> None:
    """Let each of them interrupt what goes on, once, unless it is ignored already (``nohup``)."""
    for one in _LIKE_CTRL_C:
        if signal.getsignal(one) == signal.SIG_DFL:
            signal.signal(one, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    global _stopped_by  # the handler's only way to tell
    _stopped_by = signal.Signals(number)
    for one in _LIKE_CTRL_C:  # what is being kept now is not lost to a second one
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def exit_code() -> int:
    """Return that of a process that was interrupted: 128 and the signal's number."""
    return 128 + _stopped_by
