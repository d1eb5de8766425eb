"""Contact sheets: where images are, that they are unaltered, and where there are labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from texonnx.errors import ImageError
from texonnx.images import Image, contact_sheet

RED, GREEN, BLUE = (0.9, 0.0, 0.0), (0.0, 0.9, 0.0), (0.0, 0.0, 0.9)
Box = tuple[int, int, int, int]


def plain(colour: tuple[float, float, float], height: int = 40, width: int = 40) -> Image:
    return np.tile(np.array(colour, np.float32).reshape(1, 3, 1, 1), (1, 1, height, width))


def unlabelled(rows: Sequence[Sequence[Image | None]], **options: Any) -> Image:
    return contact_sheet(rows, [""] * len(rows), [""] * len(rows[0]), **options)


def box(mask: NDArray[np.bool_]) -> Box:
    """Return top, bottom, left and right of what is true, the ends exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def box_of(sheet: Image, colour: tuple[float, float, float]) -> Box:
    wanted = np.array(colour, np.float32)[:, np.newaxis, np.newaxis]
    return box(np.all(np.abs(sheet[0] - wanted) < 1e-3, axis=0))


def size_of(area: Box) -> tuple[int, int]:
    return area[1] - area[0], area[3] - area[2]


def ink(sheet: Image) -> NDArray[np.bool_]:
    """Return where there is dark grey, as only letters are."""
    return np.asarray((sheet[0].max(axis=0) < 0.6) & (np.ptp(sheet[0], axis=0) < 0.01))


def test_images_lie_in_rows_and_columns_and_an_empty_cell_is_white() -> None:
    sheet = unlabelled([[plain(RED), plain(GREEN)], [None, plain(BLUE)]])
    red, green, blue = (box_of(sheet, colour) for colour in (RED, GREEN, BLUE))
    assert size_of(red) == size_of(green) == size_of(blue) == (40, 40)
    assert red[:2] == green[:2]
    assert green[2:] == blue[2:]
    assert red[3] < green[2]
    assert green[1] < blue[0]
    assert sheet[:, :, blue[0] : blue[1], red[2] : red[3]].min() == 1


def test_a_sheet_is_an_image() -> None:
    sheet = contact_sheet([[plain(RED)]], ["gram"], ["stone"], title="losses")
    assert sheet.dtype == np.float32
    assert sheet.shape[:2] == (1, 3)
    assert sheet.min() >= 0
    assert sheet.max() == 1
    assert sheet.flags.c_contiguous


def test_an_image_that_fits_is_there_to_the_last_bit() -> None:
    image = np.random.default_rng(1).random((1, 3, 40, 50), np.float32) * np.float32(0.9)
    sheet = unlabelled([[image]])
    top, bottom, left, right = box(sheet[0].max(axis=0) < 1)
    np.testing.assert_array_equal(sheet[:, :, top:bottom, left:right], image)


def test_a_larger_image_is_shrunk_with_its_aspect_ratio() -> None:
    sheet = unlabelled([[plain(RED, 100, 200)]], cell=30)
    assert size_of(box_of(sheet, RED)) == (15, 30)


def test_without_a_size_images_are_shrunk_to_256_pixels() -> None:
    assert size_of(box_of(unlabelled([[plain(RED, 512, 300)]]), RED)) == (256, 150)


def test_a_smaller_image_keeps_its_size_in_the_middle_of_its_cell() -> None:
    sheet = unlabelled([[plain(RED, 10, 20), plain(GREEN)], [plain(BLUE), None]], cell=100)
    red, green, blue = (box_of(sheet, colour) for colour in (RED, GREEN, BLUE))
    assert size_of(red) == (10, 20)
    assert red[0] + red[1] == green[0] + green[1]
    assert red[2] + red[3] == blue[2] + blue[3]


def test_cells_are_no_larger_than_the_images_need() -> None:
    wide = plain(RED, 20, 80)
    one, two = (unlabelled([[wide]] * rows).shape[2] for rows in (1, 2))
    assert 20 < two - one < 40


def test_values_outside_the_range_are_clipped() -> None:
    sheet = unlabelled([[plain((1.5, -0.5, 0.5))]])
    assert size_of(box_of(sheet, (1.0, 0.0, 0.5))) == (40, 40)


def test_row_labels_are_at_the_left_beside_the_middle_of_their_row() -> None:
    sheet = contact_sheet([[plain(RED, 80, 80)], [plain(GREEN, 80, 80)]], ["gram", ""], [""])
    red, letters = box_of(sheet, RED), box(ink(sheet))
    assert letters[3] < red[2]
    assert abs((letters[0] + letters[1]) / 2 - (red[0] + red[1]) / 2) < 5


def test_column_labels_are_above_the_middle_of_their_column() -> None:
    images = [[plain(RED, 80, 80), plain(GREEN, 80, 80)]]
    sheet = contact_sheet(images, [""], ["", "stone"])
    green, letters = box_of(sheet, GREEN), box(ink(sheet))
    assert letters[1] < green[0]
    assert abs((letters[2] + letters[3]) / 2 - (green[2] + green[3]) / 2) < 2


def test_a_title_is_above_the_column_labels() -> None:
    with_title = contact_sheet([[plain(RED)]], [""], ["stone"], title="losses")
    without = contact_sheet([[plain(RED)]], [""], ["stone"])
    assert box_of(with_title, RED)[0] > box_of(without, RED)[0]
    assert with_title.shape[3] == without.shape[3]


@pytest.mark.parametrize("label", ["a label much too long for its place " * 9, "x" * 300])
def test_long_labels_stay_on_the_paper_and_off_the_images(label: str) -> None:
    rows = [[plain(RED), plain(RED)], [plain(RED), plain(RED)]]
    sheet = contact_sheet(rows, [label] * 2, [label] * 2, title=label)
    red = np.all(np.abs(sheet[0] - np.array(RED)[:, np.newaxis, np.newaxis]) < 1e-3, axis=0)
    assert red.sum() == 4 * 40 * 40
    paper = ink(sheet)
    assert not (paper[0].any() or paper[-1].any() or paper[:, 0].any() or paper[:, -1].any())
    # Two columns' labels do not run into each other.
    top, _, left, right = box(red)
    middle = (left + right) // 2
    assert not paper[top - 20 : top, middle - 1 : middle + 1].any()


def test_a_sheet_of_empty_cells_is_labelled_paper() -> None:
    sheet = contact_sheet([[None, None]], ["gram"], ["stone", "grass"], cell=50)
    assert sheet.shape[3] > 100
    assert ink(sheet).any()


@pytest.mark.parametrize(
    ("rows", "row_labels", "column_labels", "options", "says"),
    [
        ([], [], [], {}, "at least one row and one column"),
        ([[]], [""], [], {}, "at least one row and one column"),
        ([[None], [None, None]], ["", ""], [""], {}, "equally long, not 1 and 2"),
        ([[None]], [], [""], {}, "label to each row, not 0 to 1"),
        ([[None]], [""], ["", ""], {}, "label to each column, not 2 to 1"),
        ([[None]], [""], [""], {"cell": 15}, "cannot be 15 pixels; at least 16"),
        ([[np.zeros((3, 8, 8), np.float32)]], [""], [""], {}, r"shape \[3, 8, 8\]"),
        ([[None] * 40] * 40, [""] * 40, [""] * 40, {}, "at most 100 megapixels"),
    ],
)
def test_what_makes_no_sheet_is_refused(
    rows: list[list[Image | None]],
    row_labels: list[str],
    column_labels: list[str],
    options: dict[str, int],
    says: str,
) -> None:
    with pytest.raises(ImageError, match=says):
        contact_sheet(rows, row_labels, column_labels, cell=options.get("cell"))
