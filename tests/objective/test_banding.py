"""Which blocks are walked in bands, and where the bands lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from texonnx.objective.banding import Banding, BlockPlan, Stretch, banding_of, plan_blocks
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


@pytest.mark.parametrize("loss", ["emd", "swd", "gan", "gram,emd"])
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
        bands = [window.rows for window in plan.windows]
        assert [0, *(band.end for band in bands[:-1])] == [band.start for band in bands]
        assert bands[-1].end == rows
        for window, band in zip(plan.windows, bands, strict=True):
            assert window.columns == Stretch(0, width, 0, width)
            # Two rows more where the cuts fall between even rows.
            assert (band.extent - 2) * 4 * channels * width <= max(
                largest, 16 * 4 * channels * width
            )
            assert band.start % 2 == 0
            (top, bottom), beyond = band.edges, len(plan.convolutions)
            assert band.first == band.start - (0 if top else beyond)
            assert band.last == band.end + (0 if bottom else beyond)
            assert plan.input_shape(window.kind)[2] == band.last - band.first
            inside = band.first >= 0 and band.last <= rows
            assert inside or (padding == "circular" and len(bands) > 1)


@pytest.mark.parametrize("padding", ["zeros", "reflect", "circular"])
def test_few_kinds_of_bands_are_needed(padding: str) -> None:
    for plan in planned((1024, 1024), Banding(0, 4 * MEBIBYTE), padding=padding):
        assert len({window.kind for window in plan.windows}) <= 4


@pytest.mark.parametrize("padding", ["zeros", "reflect", "circular"])
@pytest.mark.parametrize(
    "size", [(4096, 4096), (8192, 8192), (2048, 4096), (10000, 3008), (16384, 320), (4112, 2064)]
)
def test_windows_cover_the_largest_images_once_and_none_is_too_large(
    size: Size, padding: str
) -> None:
    banding = banding_of("auto", Size(*size))
    assert banding is not None
    plans = planned(size, banding, padding=padding)
    assert [len(plan.convolutions) for plan in plans] == [4, 9]
    assert [plan.pooled for plan in plans] == [True, False]
    # Two layers of two positions of 1 pixel; three of 4 of four pixels, of 2, and of 1.
    for plan, beyond in zip(plans, (2 * 2 + 2, 3 * (4 + 2 + 1)), strict=True):
        extents = plan.shape[2:]
        covered = np.zeros(extents, int)
        for window in plan.windows:
            rows, columns = window.rows, window.columns
            covered[rows.start : rows.end, columns.start : columns.end] += 1
            for stretch, extent in zip((rows, columns), extents, strict=True):
                starts, ends = stretch.edges
                assert starts or stretch.start - stretch.first == beyond
                assert ends or stretch.last - stretch.end == beyond
                assert padding == "circular" or (stretch.first >= 0 and stretch.last <= extent)
            read = (rows.last - rows.first) * (columns.last - columns.first)
            values = sum(
                layer.out_channels * read / 4 ** (layer.block - plan.convolutions[0].block)
                for layer in plan.convolutions
            )
            assert 4 * values <= 1.05 * banding.largest_window
        assert (covered == 1).all()
        kinds = {window.kind for window in plan.windows}
        assert len(kinds) <= (9 if padding == "circular" else 25)


def test_what_wraps_and_is_not_halved_evenly_is_walked_block_by_block() -> None:
    def walked(padding: str) -> list[int]:
        plans = planned((4100, 4096), Banding(1, 1, 256 * MEBIBYTE), padding=padding)
        return [len(plan.convolutions) for plan in plans]

    assert walked("circular") == [4, 3, 3, 3]
    assert walked("reflect") == [4, 9]
