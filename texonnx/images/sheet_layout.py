"""Where everything on a contact sheet goes, and the sheet with its labels alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image
from PIL import ImageDraw
from PIL.ImageFont import FreeTypeFont

from texonnx.images.arrays import Image
from texonnx.images.labels import label_font, wrap

_INK = (32, 32, 32)
_TEXT, _SMALLEST_TEXT, _LARGEST_TEXT = 0.065, 12, 32
"""The height of the text: relative to a cell's longest side, and its bounds in pixels."""
_TITLE, _LINE, _GAP = 1.35, 1.3, 0.5
"""The title's text, the distance of lines and the gap between cells, relative to the text."""
_MOST_LINES = 3
_ROW_LABEL = 9
"""How wide row labels may be at least, relative to the text."""


@dataclass(frozen=True)
class Grid:
    """Cells of one height and width in pixels, and the labels of their rows and columns."""

    height: int
    width: int
    row_labels: Sequence[str]
    column_labels: Sequence[str]


class SheetLayout:
    """The layout of a contact sheet, in pixels.

    Parameters
    ----------
    grid
        The cells and their labels.
    title
        Empty for none.
    """

    def __init__(self, grid: Grid, title: str) -> None:
        size = round(_TEXT * max(grid.height, grid.width))
        size = min(max(size, _SMALLEST_TEXT), _LARGEST_TEXT)
        texts = [*grid.row_labels, *grid.column_labels, title]
        self._font = label_font(size, texts)
        self._title_font = label_font(round(_TITLE * size), texts)
        self._line, self._title_line = round(_LINE * size), round(_LINE * _TITLE * size)
        self._gap, self._margin = round(_GAP * size), size
        self._grid = grid

        most = max(1, grid.height // self._line)
        widest = max(grid.width, _ROW_LABEL * size)
        self._beside = [wrap(label, self._font, widest, most) for label in grid.row_labels]
        self._above = [
            wrap(label, self._font, grid.width, _MOST_LINES) for label in grid.column_labels
        ]
        self._left = self._margin + self._and_margin(_width(self._beside, self._font))
        columns, rows = len(grid.column_labels), len(grid.row_labels)
        right = self._left + columns * (grid.width + self._gap) - self._gap
        self._title = wrap(title, self._title_font, right - self._margin, _MOST_LINES)
        self._labels = self._margin + self._and_margin(len(self._title) * self._title_line)
        lines = max(len(label) for label in self._above)
        self._top = self._labels + lines * self._line + (self._gap if lines else 0)
        self.width = right + self._margin
        self.height = self._top + rows * (grid.height + self._gap) - self._gap + self._margin

    def corner(self, row: int, column: int) -> tuple[int, int]:
        """Return x and y of a cell's upper left corner."""
        x = self._left + column * (self._grid.width + self._gap)
        return x, self._top + row * (self._grid.height + self._gap)

    def draw_labels(self) -> Image:
        """Return the sheet without images: float32 of shape [1, 3, height, width], in [0, 1]."""
        paper = PIL.Image.new("RGB", (self.width, self.height), "white")
        draw = ImageDraw.Draw(paper)

        def write(x: float, y: int, lines: Sequence[str], anchor: str) -> None:
            for number, line in enumerate(lines):
                draw.text((x, y + number * self._line), line, _INK, self._font, anchor=anchor)

        for number, line in enumerate(self._title):
            place = (self._margin, self._margin + number * self._title_line)
            draw.text(place, line, _INK, self._title_font, anchor="la")
        for column, lines in enumerate(self._above):
            x, y = self.corner(0, column)
            write(x + self._grid.width / 2, y - self._gap - len(lines) * self._line, lines, "ma")
        for row, lines in enumerate(self._beside):
            x, y = self.corner(row, 0)
            y += (self._grid.height - len(lines) * self._line) // 2
            write(x - self._margin, y, lines, "ra")
        pixels = np.asarray(paper, np.float32) / np.float32(255)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])

    def _and_margin(self, pixels: int) -> int:
        return pixels + self._margin if pixels else 0


def _width(labels: Sequence[Sequence[str]], font: FreeTypeFont) -> int:
    return max((round(font.getlength(line)) for lines in labels for line in lines), default=0)
