"""The README's gallery: pairs of exemplar and result."""

from __future__ import annotations

from pathlib import Path

import gallery as tool
import numpy as np
import pytest
from support.drawn_objective import smooth_image

from texonnx.images import load_image, save_image


def test_every_image_that_it_shows_is_there() -> None:
    names = (*tool.REGULAR, *tool.OTHERS)
    assert len(set(names)) == 12
    assert all((tool.IMAGES / name).exists() for name in names)


def test_exemplars_stand_beside_what_was_made_of_them(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    images = []
    for number in range(4):
        images.append(tmp_path / f"texture{number}.png")
        save_image(images[-1], smooth_image(40, 40, seed=number))
        save_image(made / f"texture{number}.png", np.full((1, 3, 64, 64), number / 4, np.float32))
    target = tmp_path / "gallery.png"
    words = ["-o", str(target), "--made", str(made), "--cell", "64", "--images", *map(str, images)]
    assert tool.main(words) == 0
    sheet = load_image(target)
    # Two rows of three pairs; what was made is flat, in the second column the first of it.
    for number, (row, column) in enumerate(((0, 1), (0, 3), (0, 5), (1, 1))):
        tall, wide = sheet.shape[2] / 2, sheet.shape[3] / 6
        spot = sheet[0, :, int((row + 0.6) * tall), int((column + 0.5) * wide)]
        np.testing.assert_allclose(spot, number / 4, atol=0.02)


def test_an_image_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        tool.main(["-o", str(tmp_path / "x.png"), "--images", str(tmp_path / "nothing.png")])
    assert ended.value.code == 2
