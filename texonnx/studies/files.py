"""Writing a text file of a study, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from texonnx.images.writing import write_whole


def write_text(path: Path, content: str) -> None:
    """Write UTF-8; an existing file is replaced in one moment.

    Raises
    ------
    ImageError
        When it cannot be written.
    """

    def write(file: IO[bytes]) -> None:
        file.write(content.encode("utf-8"))

    write_whole(path, "text", (path.suffix,), write)
