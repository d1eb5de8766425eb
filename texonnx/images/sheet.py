"""A contact sheet: a grid of images with a label to each row and column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image
from PIL import ImageDraw
from PIL.ImageFont import FreeTypeFont

from texonnx.errors import ImageError
from texonnx.images.arrays import Image, as_image, finite_image, resize
from texonnx.images.labels import label_font, wrap
from texonnx.sizes import MAX_PIXELS, Size

_CELL = 256
_SMALLEST_CELL = 16
_INK = (32, 32, 32)
_TEXT, _SMALLEST_TEXT, _LARGEST_TEXT = 0.065, 12, 32
"""The height of the text: relative to a cell's longest side, and its bounds in pixels."""
_TITLE, _LINE, _GAP = 1.35, 1.3, 0.5
"""The title's text, the distance of lines and the gap between cells, relative to the text."""
_MOST_LINES = 3
_ROW_LABEL = 9
"""How wide row labels may be at least, relative to the text."""


def contact_sheet(
    rows: Sequence[Sequence[Image | None]],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    *,
    title: str | None = None,
    cell: int | None = None,
) -> Image:
    """Lay images out in a labelled grid, on white.

    All cells are as high as the highest image and as wide as the widest, and images lie in the
    middle of theirs.

    Parameters
    ----------
    rows
        Images of shape [1, 3, H, W], RGB, of any sizes, each row with as many; None leaves its
        cell empty. Values outside [0, 1] are clipped.
    row_labels, column_labels
        One a row, at its left, and one a column, above it; an empty one takes no room. What does
        not fit is wrapped, then shortened.
    title
        Above the whole.
    cell
        The longest side in pixels an image may have, 256 by default; larger ones are shrunk to it,
        smaller ones stay as they are.

    Returns
    -------
    ndarray
        float32 of shape [1, 3, H, W], in [0, 1].

    Raises
    ------
    ImageError
        For a grid without a row or a column, rows of different lengths, a number of labels that is
        not that of the rows or columns, an image that is none, cells below 16 pixels, or a sheet
        of more than `MAX_PIXELS` pixels.
    """
    _check_grid(rows, row_labels, column_labels, cell)
    side = cell or _CELL
    shrunk = [[None if image is None else _shrunk(image, side) for image in row] for row in rows]
    sizes = [image.shape[2:] for row in shrunk for image in row if image is not None]
    height, width = (max(sides) for sides in zip(*sizes or [(side, side)], strict=True))
    layout = _Layout(Size(height, width), row_labels, column_labels, title or "")
    if layout.height * layout.width > MAX_PIXELS:
        raise ImageError(
            f"a contact sheet of {layout.width} x {layout.height} pixels is too large; at most "
            f"{MAX_PIXELS // 10**6} megapixels are accepted: make its cells smaller"
        )
    sheet = layout.draw_labels()
    for row, images in enumerate(shrunk):
        for column, image in enumerate(images):
            if image is not None:
                high, wide = image.shape[2:]
                x, y = layout.corner(row, column)
                x, y = x + (width - wide) // 2, y + (height - high) // 2
                sheet[:, :, y : y + high, x : x + wide] = image
    return sheet


def _check_grid(
    rows: Sequence[Sequence[Image | None]],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    cell: int | None,
) -> None:
    if not rows or not rows[0]:
        raise ImageError("a contact sheet needs at least one row and one column")
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        raise ImageError(
            f"the rows of a contact sheet are equally long, not {lengths[0]} and {lengths[-1]}"
        )
    for what, labels, there in (("row", row_labels, rows), ("column", column_labels, rows[0])):
        if len(labels) != len(there):
            raise ImageError(
                f"a contact sheet needs a label to each {what}, not {len(labels)} to {len(there)}"
            )
    if cell is not None and cell < _SMALLEST_CELL:
        raise ImageError(
            f"the cells of a contact sheet cannot be {cell} pixels; "
            f"at least {_SMALLEST_CELL} is accepted"
        )


def _shrunk(image: Image, side: int) -> Image:
    values = finite_image(image).clip(0, 1).astype(np.float32, copy=False)
    height, width = values.shape[2:]
    if max(height, width) <= side:
        return values
    factor = side / max(height, width)
    return resize(values, max(1, round(height * factor)), max(1, round(width * factor)))


class _Layout:
    """Where everything goes, in pixels, and the sheet with its labels alone."""

    def __init__(
        self, cell: Size, row_labels: Sequence[str], column_labels: Sequence[str], title: str
    ) -> None:
        size = round(_TEXT * max(cell))
        size = min(max(size, _SMALLEST_TEXT), _LARGEST_TEXT)
        texts = [*row_labels, *column_labels, title]
        self._font = label_font(size, texts)
        self._title_font = label_font(round(_TITLE * size), texts)
        self._line, self._title_line = round(_LINE * size), round(_LINE * _TITLE * size)
        self._gap, self._margin = round(_GAP * size), size
        self._cell = cell

        most = max(1, cell.height // self._line)
        widest = max(cell.width, _ROW_LABEL * size)
        self._beside = [wrap(label, self._font, widest, most) for label in row_labels]
        self._above = [wrap(label, self._font, cell.width, _MOST_LINES) for label in column_labels]
        self._left = self._margin + self._and_margin(_width(self._beside, self._font))
        columns, rows = len(column_labels), len(row_labels)
        right = self._left + columns * (cell.width + self._gap) - self._gap
        self._title = wrap(title, self._title_font, right - self._margin, _MOST_LINES)
        labels = self._margin + self._and_margin(len(self._title) * self._title_line)
        lines = max(len(label) for label in self._above)
        self._top = labels + lines * self._line + (self._gap if lines else 0)
        self.width = right + self._margin
        self.height = self._top + rows * (cell.height + self._gap) - self._gap + self._margin

    def corner(self, row: int, column: int) -> tuple[int, int]:
        """Return x and y of a cell's upper left corner."""
        x = self._left + column * (self._cell.width + self._gap)
        return x, self._top + row * (self._cell.height + self._gap)

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
            write(x + self._cell.width / 2, y - self._gap - len(lines) * self._line, lines, "ma")
        for row, lines in enumerate(self._beside):
            x, y = self.corner(row, 0)
            y += (self._cell.height - len(lines) * self._line) // 2
            write(x - self._margin, y, lines, "ra")
        return as_image(np.asarray(paper, np.float32) / np.float32(255))

    def _and_margin(self, pixels: int) -> int:
        return pixels + self._margin if pixels else 0


def _width(labels: Sequence[Sequence[str]], font: FreeTypeFont) -> int:
    return max((round(font.getlength(line)) for lines in labels for line in lines), default=0)
