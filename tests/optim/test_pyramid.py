"""The sizes, coarse to fine."""

from __future__ import annotations

import pytest

from texonnx.errors import OptionError
from texonnx.optim.pyramid import COARSEST_SIDE, Scale, pyramid, shrunk


def test_sizes_halve_from_the_finest_down() -> None:
    assert pyramid((200, 300), (256, 512), 3, 1) == [
        Scale((50, 75), (64, 128)),
        Scale((100, 150), (128, 256)),
        Scale((200, 300), (256, 512)),
    ]


@pytest.mark.parametrize(
    ("side", "coarsest"), [(64, 64), (127, 127), (128, 64), (256, 64), (300, 75), (1024, 64)]
)
@pytest.mark.parametrize("detail", ["spectrum", "patches"])
def test_without_a_number_of_scales_the_shorter_side_stays_at_64_or_more_and_32_with_patches(
    side: int, coarsest: int, detail: str
) -> None:
    scales = pyramid((side, 2 * side), (side, side), None, 16, COARSEST_SIDE[detail])
    if detail == "patches":
        coarsest //= 2
    assert scales[0].output == (coarsest, coarsest)
    assert scales[-1].output == (side, side)


def test_without_a_number_of_scales_a_small_image_has_one() -> None:
    assert pyramid((20, 20), (20, 20), None, 16) == [Scale((20, 20), (20, 20))]


def test_without_a_number_of_scales_no_scale_is_below_the_least_size() -> None:
    scales = pyramid((512, 512), (512, 512), None, 200)
    assert [scale.output for scale in scales] == [(256, 256), (512, 512)]


def test_the_smaller_of_exemplar_and_output_decides() -> None:
    scales = pyramid((64, 64), (1024, 1024), None, 16)
    assert scales == [Scale((64, 64), (1024, 1024))]


def test_exemplar_and_output_keep_their_proportion_at_every_scale() -> None:
    for scale in pyramid((256, 256), (512, 1024), 3, 16):
        assert scale.output == (2 * scale.exemplar[0], 4 * scale.exemplar[1])


def test_scales_that_shrink_below_the_least_size_are_refused_with_the_sizes() -> None:
    with pytest.raises(OptionError) as caught:
        pyramid((100, 100), (256, 256), 4, 16)
    for word in ("4 scales", "100", "12", "16"):
        assert word in str(caught.value)


def test_rounding_leaves_no_scale_below_the_least_size() -> None:
    # Halving 66 thrice gives 8.25, which the layers of least size 8 can look at.
    for scale in pyramid((66, 66), (66, 66), 4, 8):
        assert min(*scale.exemplar, *scale.output) >= 8


@pytest.mark.parametrize(
    ("size", "factor", "expected"),
    [((64, 96), 2, (32, 48)), ((5, 3), 4, (1, 1)), ((1, 9), 8, (1, 1)), ((7, 7), 1, (7, 7))],
)
def test_a_size_shrinks_to_one_pixel_and_no_further(
    size: tuple[int, int], factor: int, expected: tuple[int, int]
) -> None:
    assert shrunk(size, factor) == expected
