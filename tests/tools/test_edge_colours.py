from __future__ import annotations

from functools import partial
from pathlib import Path

import edge_colours
import numpy as np
import pytest
from support.small_runs import draw_once

from texonnx.images import Image, save_image
from texonnx.weights import library


def framed(colour: tuple[float, float, float]) -> Image:
    """A grey image with a frame of two pixels."""
    image = np.full((1, 3, 32, 32), 0.5, np.float32)
    frame = np.ones((32, 32), bool)
    frame[2:-2, 2:-2] = False
    for channel, value in enumerate(colour):
        image[0, channel][frame] = value
    return image


def test_the_drift_is_what_the_edges_have_more_than_the_middle() -> None:
    np.testing.assert_allclose(
        edge_colours.drift(framed((0.5, 0.7, 0.4))), [0, 0.2, -0.1], atol=1e-6
    )


def test_a_gradient_from_edge_to_edge_is_no_drift() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 32, dtype=np.float32), (1, 3, 32, 32))
    np.testing.assert_allclose(edge_colours.drift(ramp), 0, atol=1e-6)


def test_what_cannot_be_chance_is_bold() -> None:
    steady = np.array([[0, 0.05, 0], [0, 0.06, 0.01], [0.01, 0.055, -0.01]])
    assert edge_colours.summary(steady) == "**+0.3 +5.5 +0.0 (±0.6)**"
    assert edge_colours.summary(steady - [0, 0.055, 0]) == "+0.3 +0.0 +0.0 (±0.6)"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two layers, and two steps of one of the settings; random weights drawn once."""
    layers = "conv1_1,conv2_1"
    share, steep = edge_colours.gradient_share, edge_colours.SETTINGS["steep, falling"]
    monkeypatch.setattr(library, "random_weights", draw_once)
    monkeypatch.setattr(edge_colours, "gradient_share", partial(share, layers=layers))
    few = {"steep, falling": {**steep, "layers": layers, "steps": 2}}
    monkeypatch.setattr(edge_colours, "SETTINGS", few)


@pytest.mark.usefixtures("small")
def test_a_row_is_an_exemplar_and_a_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "grain.png"
    save_image(path, np.random.default_rng(0).random((1, 3, 32, 32), dtype=np.float32))
    words = [str(path), "--seeds", "2", "--size", "32", "--weights", "random:0"]
    assert edge_colours.main([*words, "--settings", "steep, falling"]) == 0
    gradients, drifts = capsys.readouterr().out.split("\n\n")
    assert gradients.startswith("| gradient | layer weights | zeros | reflect | circular |")
    for line in gradients.splitlines()[2:]:
        zeros, *_, circular = (float(cell) for cell in line.strip("| ").split(" | ")[2:])
        assert zeros < 0.8 < circular < 1.25
    header, _, row = drifts.splitlines()
    assert header == "| exemplar | setting | circular | zeros adds | reflect adds |"
    assert row.startswith("| grain | steep, falling | ")
    assert row.count("±") == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["--seeds", "1"], "one seed says nothing"), ([], "nowhere.png")],
)
def test_bad_input_is_refused_in_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        edge_colours.main(["nowhere.png", *words])
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err
