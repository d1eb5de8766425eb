from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from peers import transfer as module
from peers.transfer import Pair, Transfer, transfer_table

from texonnx.images import save_image

_PEER = Transfer("PyTorch", [200.0], 0.5, 0.1, 0.3)
_OURS = Transfer("texonnx", [9.0, 10.0, 30.0], 0.25, 0.08, 0.2)


def test_the_ratio_is_to_the_peers_seconds():
    lines = transfer_table([_PEER, _OURS]).splitlines()
    assert lines[2] == "| PyTorch | 200.0 (200.0 to 200.0) | 1.000 | 0.5 | 0.1 | 0.3 |"
    assert lines[3] == "| texonnx | 10.0 (9.0 to 30.0) | 0.050 | 0.25 | 0.08 | 0.2 |"


def test_a_row_keeps_every_figure():
    assert _OURS.as_json()["seconds"] == [9.0, 10.0, 30.0]
    assert not _OURS.failed


def test_texonnx_runs_as_a_user_would_run_it(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(module, "wall_seconds", lambda command: ran.append(command) or 1.5)
    pair = Pair(Path("a.png"), Path("b.png"), tmp_path)
    picture, seconds = pair.run_texonnx("python", 2)
    assert seconds == [1.5, 1.5]
    assert ran[0] == [
        *("python", "-m", "texonnx", "transfer", "a.png", "b.png"),
        *("-o", str(picture), "--size", "512", "--padding", "zeros", "--quiet"),
    ]


@pytest.mark.weights
def test_the_content_itself_has_no_content_loss_and_the_style_no_other(tmp_path, pretrained):
    style, content = np.random.default_rng(0).random((2, 1, 3, 64, 64), dtype=np.float32)
    for name, image in (("style", style), ("content", content)):
        save_image(tmp_path / f"{name}.png", image)
    pair = Pair(tmp_path / "content.png", tmp_path / "style.png", tmp_path)
    np.savez(pair.shared, exemplar=style, content=content)
    as_content, as_style = (
        pair.judge(name, tmp_path / f"{name}.png", [1.0]) for name in ("content", "style")
    )
    # But for the rounding to 256 levels.
    assert as_content.content < 1e-3 * as_content.loss
    assert as_style.loss == pytest.approx(as_style.content, rel=1e-3)
    assert as_style.score == pytest.approx(0, abs=1e-3)
    assert as_content.score > 0.01
