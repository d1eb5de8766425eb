"""A contact sheet: a grid of images with a label to each row and column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from texonnx.errors import ImageError
from texonnx.images.arrays import Image, finite_image, resize
from texonnx.images.sheet_layout import Grid, SheetLayout
from texonnx.sizes import MAX_PIXELS

_CELL = 256
_SMALLEST_CELL = 16


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
    layout = SheetLayout(Grid(height, width, row_labels, column_labels), title or "")
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
