"""What of a seam is seen without any network."""

from __future__ import annotations

import numpy as np
import pytest

from texonnx.images import Image
from texonnx.scoring.seams import Seams, patches_across, rolled, stands_out, steps_alone


def waves(height: int, width: int, times: float) -> Image:
    """Waves that go into the width so often, with a little noise."""
    columns = np.arange(width) / width
    grey = 0.5 + 0.3 * np.sin(2 * np.pi * times * columns) + np.zeros((height, 1))
    grey += np.random.default_rng(0).normal(0, 0.01, (height, width))
    return np.repeat(grey[np.newaxis, np.newaxis], 3, axis=1).astype(np.float32)


def test_a_step_is_seen_where_there_is_one() -> None:
    closed, open_ = steps_alone(waves(96, 128, 4)), steps_alone(waves(96, 128, 4.5))
    assert closed.step_x < 1.05
    assert open_.step_x < 1.05, "half a wave more meets at the same height"
    quarter = steps_alone(waves(96, 128, 4.25))
    assert quarter.step_x > 3
    assert max(quarter.step_y, closed.step_y) < 1.2, "from top to bottom nothing changes"
    assert quarter.structure_x is None
    assert quarter.worst == quarter.step_x


def test_axes_are_not_mixed_up() -> None:
    image = np.ascontiguousarray(waves(96, 128, 4.25).swapaxes(2, 3))
    found = steps_alone(image)
    assert found.step_y > 3
    assert found.step_x < 1.2


def test_a_flat_image_has_no_seam() -> None:
    assert steps_alone(np.full((1, 3, 64, 64), 0.5, np.float32)).worst == 0


def test_rolling_puts_the_seam_where_it_says() -> None:
    image = np.arange(15, dtype=np.float32).reshape(1, 1, 3, 5)
    turned, place = rolled(image, 3)
    np.testing.assert_array_equal(turned[0, 0, 0], [3, 4, 0, 1, 2])
    assert place == 2


@pytest.mark.parametrize(
    ("place", "expected"), [(8.0, [6, 7]), (8.5, [6, 7, 8])], ids=["between", "inside"]
)
def test_patches_across_have_both_sides(place: float, expected: list[int]) -> None:
    """Of three positions each: the patch at 6 is of 6, 7 and 8."""
    assert patches_across(place, 3).tolist() == expected


def test_a_seam_counts_in_units_of_the_oddest_twentieth() -> None:
    profile = np.ones(100)
    profile[10:12] = 2
    profile[50:52] = 3
    assert stands_out(profile, np.array([50, 51])) == pytest.approx(3)
    assert stands_out(profile, np.array([50, 51]), least=6) == pytest.approx(0.5)
    profile[20:26] = 2
    assert stands_out(profile, np.array([50, 51])) == pytest.approx(1.5)


def test_the_worst_is_the_largest() -> None:
    assert Seams(0.5, 1.2, 0.3, 0.9).worst == 1.2
