"""What counts of an image that is transparent in parts, at every size and in every map."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_erosion

from texonnx.images import Cutout, largest_rectangle, resize
from texonnx.sizes import Size


def disc(height: int, width: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    middle = (height - 1) / 2, (width - 1) / 2
    return np.asarray(np.hypot(rows - middle[0], columns - middle[1]) < radius)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((1, 3, height, width), np.float32)


def test_what_counts_stays_and_what_does_not_mirrors_it() -> None:
    image, opaque = noise(8, 24), np.zeros((8, 24), bool)
    opaque[:, :7] = opaque[:, -1] = True
    cutout = Cutout.of(image, opaque)
    np.testing.assert_array_equal(cutout.image[..., :7], image[..., :7])
    # Column 6 is the last that counts: 7 sees 5, 8 sees 4, as padding by reflection does.
    np.testing.assert_array_equal(cutout.image[..., 7:12], image[..., [5, 4, 3, 2, 1]])
    # Nothing counts opposite of what is next to a single column.
    np.testing.assert_array_equal(cutout.image[..., 20:23], image[..., [23, 23, 23]])


def test_nothing_of_what_does_not_count_is_left() -> None:
    opaque = disc(40, 50, 14)
    image = np.where(opaque, noise(40, 50), np.float32(7))
    assert Cutout.of(image, opaque).image.max() <= 1


def test_no_pixel_counts_at_another_size_that_had_others_in_it() -> None:
    cutout = Cutout.of(noise(64, 64), disc(64, 64, 32))
    small = cutout.at(Size(16, 16), lambda image, size: resize(image, *size))
    assert small.image.shape == (1, 3, 16, 16)
    whole = cutout.opaque.reshape(16, 4, 16, 4).all(axis=(1, 3))
    assert not (small.opaque & ~whole).any()
    inner = binary_erosion(whole, np.ones((3, 3), bool), border_value=True)
    assert not (inner & ~small.opaque).any()


def test_positions_that_count_have_neighbours_that_do() -> None:
    cutout = Cutout.of(noise(32, 32), disc(32, 32, 16))
    for halvings in range(3):
        found = cutout.positions(halvings)
        side = 2**halvings
        assert found.shape == (32 // side, 32 // side)
        for row, column in np.argwhere(found):
            around = cutout.opaque[
                max(0, (row - 1) * side) : (row + 2) * side,
                max(0, (column - 1) * side) : (column + 2) * side,
            ]
            assert around.all()


def test_where_no_neighbours_count_it_is_less_strict() -> None:
    opaque = np.zeros((32, 32), bool)
    opaque[8:16, 8:16] = opaque[[0, -1], [0, -1]] = True
    cutout = Cutout.of(noise(32, 32), opaque)
    np.testing.assert_array_equal(np.argwhere(cutout.positions(3)), [[1, 1]])
    opaque[8:10] = False  # three quarters of that position
    np.testing.assert_array_equal(
        np.argwhere(Cutout.of(noise(32, 32), opaque).positions(3)), [[1, 1]]
    )


def test_the_edge_of_the_image_is_no_border_of_what_counts() -> None:
    assert Cutout.of(noise(16, 24), np.ones((16, 24), bool)).positions(2).all()


def test_the_largest_rectangle_is_found() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        mask = rng.random((7, 9)) < 0.8
        most = max(
            (b - t) * (r - l)
            for t in range(7)
            for b in range(t + 1, 8)
            for l in range(9)  # noqa: E741
            for r in range(l + 1, 10)
            if mask[t:b, l:r].all()
        )
        rows, columns = largest_rectangle(mask)
        assert mask[rows, columns].all()
        assert mask[rows, columns].size == most


def test_margins_without_anything_are_cut_off() -> None:
    opaque = np.zeros((20, 30), bool)
    opaque[4:9, 6:20] = True
    assert Cutout.of(noise(20, 30), opaque).image.shape == (1, 3, 5, 14)
