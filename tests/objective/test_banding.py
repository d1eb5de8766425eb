"""Which blocks are walked in bands, and where the bands lie."""

from __future__ import annotations

from dataclasses import replace

import pytest

from texonnx.objective.banding import Banding, BlockPlan, banding_of, plan_blocks
from texonnx.objective.specification import specify
from texonnx.options import ObjectiveOptions
from texonnx.sizes import Size

MEBIBYTE = 2**20


def planned(size: Size, banding: Banding, **words: str) -> tuple[BlockPlan, ...]:
    return plan_blocks(specify(replace(ObjectiveOptions(), **words)), size, banding)


def blocks(size: Size, memory: str, **words: str) -> list[int]:
    banding = banding_of(memory, Size(*size))
    if banding is None:
        return []
    return [plan.convolutions[0].block for plan in planned(size, banding, **words)]


def test_blocks_with_large_maps_are_walked_in_bands() -> None:
    assert blocks((1024, 1024), "auto") == [1, 2, 3]
    assert blocks((2048, 2048), "auto") == [1, 2, 3, 4]
    assert blocks((512, 512), "auto") == []
    assert blocks((513, 512), "auto") == [1]
    assert blocks((512, 512), "low") == [1, 2]
    assert blocks((256, 256), "low") == []
    assert blocks((1024, 1024), "low") == [1, 2, 3]
    assert blocks((2048, 2048), "high") == []


def test_content_ends_the_bands() -> None:
    assert blocks((1024, 1024), "auto", content_layers="conv4_2") == [1, 2, 3]
    assert blocks((1024, 1024), "auto", content_layers="conv2_1") == [1]
    assert blocks((1024, 1024), "auto", content_layers="conv1_1") == []


@pytest.mark.parametrize("loss", ["emd", "cov", "swd", "gan", "gram,emd"])
def test_other_losses_have_no_bands(loss: str) -> None:
    assert blocks((1024, 1024), "auto", loss=loss) == []


def test_the_network_ends_where_nothing_looks() -> None:
    plans = planned((1024, 1024), Banding(1, MEBIBYTE), layers="conv2_1")
    assert [[layer.name for layer in plan.convolutions] for plan in plans] == [
        ["conv1_1", "conv1_2"],
        ["conv2_1"],
    ]
    assert [plan.pooled for plan in plans] == [True, False]


@pytest.mark.parametrize("padding", ["zeros", "reflect", "circular"])
@pytest.mark.parametrize("height", [16, 17, 31, 32, 33, 63, 127, 1000, 1023])
def test_bands_cover_the_map_once_and_no_band_is_too_large(height: int, padding: str) -> None:
    largest = MEBIBYTE
    for plan in planned((height, 200), Banding(0, largest), padding=padding):
        _, _, rows, width = plan.shape
        channels = plan.convolutions[0].out_channels
        ends = [band.start + band.kind.rows for band in plan.bands]
        assert [0, *ends[:-1]] == [band.start for band in plan.bands]
        assert ends[-1] == rows
        for band in plan.bands:
            # Two rows more where the cuts fall between even rows.
            assert (band.kind.rows - 2) * 4 * channels * width <= max(
                largest, 16 * 4 * channels * width
            )
            assert band.start % 2 == 0
            edges, reach = band.kind.edges, len(plan.convolutions)
            assert band.first == band.start - (0 if edges.top else reach)
            assert band.last == band.start + band.kind.rows + (0 if edges.bottom else reach)
            assert plan.input_shape(band.kind)[2] == band.last - band.first
            inside = band.first >= 0 and band.last <= rows
            assert inside or (padding == "circular" and len(plan.bands) > 1)


@pytest.mark.parametrize("padding", ["zeros", "reflect", "circular"])
def test_few_kinds_of_bands_are_needed(padding: str) -> None:
    for plan in planned((1024, 1024), Banding(0, 4 * MEBIBYTE), padding=padding):
        assert len({band.kind for band in plan.bands}) <= 4


def test_a_trial_at_a_smaller_size_has_smaller_bands() -> None:
    finest, small = Size(1024, 1024), Size(256, 256)
    whole = banding_of("auto", finest)
    assert whole is not None
    assert whole.scaled(small, finest) == Banding(whole.largest_map // 16, whole.largest_band // 16)
    assert whole.scaled(finest, finest) == whole
