"""Exported folders under onnxruntime-web's WebAssembly, as the tool for all of them runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
import verify_combinations as tool
from support.small_runs import draw_once

import texonnx
from texonnx.weights import library


@pytest.mark.parametrize("loss", ["gram", "gan"])
def test_a_folder_runs_and_gives_the_losses_of_texonnx(
    loss: str, web_example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)
    folder = texonnx.export(
        tmp_path / "folder",
        loss=loss,
        padding="circular",
        pool="max",
        weights="random:0",
        layers="conv1_1,conv2_1",
        training=False,
    )
    answer = tool.in_wasm(web_example, folder)
    assert tool.deviation(answer["losses"], folder) < tool.TOLERANCE
