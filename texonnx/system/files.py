"""Writing a file whole or not at all, and checking first that it can be."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from texonnx.errors import OptionError, reason


def check_text_path(path: Path) -> None:
    """Raise :class:`OptionError` where a file could not be written."""
    if path.is_dir():
        raise OptionError(f"'{path}' is a folder, not a file to write")
    probe = _beside(path)
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise OptionError(f"'{path}' cannot be written: {reason(error)}") from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8; an existing file is replaced, and the new one appears whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` as it is, in the same way."""
    beside = _beside(path)
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise OptionError(f"'{path}' cannot be written: {reason(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _beside(path: Path) -> Path:
    """Return a hidden name in the folder of `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}")
