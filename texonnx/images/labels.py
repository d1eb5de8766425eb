"""Labels in a picture: a font that has their characters, and lines that fit a width."""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

from texonnx.errors import ImageError

_NO_CHARACTER = "\uffff"
_ELLIPSIS = "…"
_PIECES = (r"\s*\S+", r"[^,;+/-]*[,;+/-]+|[^,;+/-]+", r"[^_.]*[_.]+|[^_.]+", ".")
"""Where a line may end, the better places first: words, list items, parts of a name, anywhere."""


def label_font(size: int, texts: Iterable[str]) -> FreeTypeFont:
    """Return the font for `texts`, the same for all of them.

    It is Pillow's own, Aileron, which has little beyond ASCII. Where that lacks a character and
    matplotlib is installed, it is the DejaVu Sans that comes with matplotlib.

    Parameters
    ----------
    size
        In pixels.
    texts
        What is to be drawn.

    Raises
    ------
    ImageError
        When Pillow was built without FreeType.
    """
    try:
        own = ImageFont.load_default(size)
    except ImportError:
        raise ImageError("labels cannot be drawn: this Pillow was built without FreeType") from None
    assert isinstance(own, FreeTypeFont)
    if not all(_has(own, character) for text in texts for character in _line(text)):
        found = importlib.util.find_spec("matplotlib")
        if found is not None and found.origin is not None:
            wider = Path(found.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"
            if wider.is_file():
                return ImageFont.truetype(wider, size)
    return own


def wrap(text: str, font: FreeTypeFont, width: int, most_lines: int) -> list[str]:
    """Break a label into lines; the last ends in an ellipsis where something had to be left out.

    Characters that the font lacks become the nearest that it has: ``é`` an ``e``, ``²`` a ``2``,
    others a question mark.

    Parameters
    ----------
    text
        The label; it may have line breaks of its own.
    font
        Of :func:`label_font`.
    width
        The most pixels a line may take.
    most_lines
        The most lines, at least 1.

    Returns
    -------
    list of str
        Without lines for an empty text.
    """
    lines = []
    for paragraph in text.splitlines():
        line = ""
        for piece in _pieces(_drawable(paragraph.strip(), font), font, width):
            if font.getlength(line + piece) <= width:
                line += piece
            else:
                lines.append(line)
                line = piece.lstrip()
        lines.append(line)
    lines = [line for line in lines if line]
    if len(lines) <= most_lines:
        return lines
    last = lines[most_lines - 1]
    while last and font.getlength(last + _ELLIPSIS) > width:
        last = last[:-1]
    return [*lines[: most_lines - 1], last.rstrip() + _ELLIPSIS]


def _pieces(text: str, font: FreeTypeFont, width: int, level: int = 0) -> list[str]:
    """Cut `text` into what fits one line each, at the best places that do."""
    if font.getlength(text.strip()) <= width or level == len(_PIECES):
        cut = re.findall(_PIECES[0], text) if level == 0 else [text]
        return [str(piece) for piece in cut]
    return [
        piece
        for part in re.findall(_PIECES[level], text)
        for piece in _pieces(part, font, width, level + 1)
    ]


def _drawable(text: str, font: FreeTypeFont) -> str:
    return "".join(
        character if _has(font, character) else _nearest(character, font)
        for character in _line(text)
    )


def _nearest(character: str, font: FreeTypeFont) -> str:
    parts = unicodedata.normalize("NFKD", character)
    return "".join(filter(partial(_has, font), parts)) or "?"


def _has(font: FreeTypeFont, character: str) -> bool:
    """Whether the font draws `character` as something else than its sign for what it lacks."""
    return character == " " or bytes(font.getmask(character)) != bytes(font.getmask(_NO_CHARACTER))


def _line(text: str) -> str:
    """Return `text` with a blank for each line break, tab or other space."""
    return re.sub(r"\s", " ", text)
