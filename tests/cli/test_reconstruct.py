"""``texonnx reconstruct``: one layer, or the sheet of all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Outcome, Texonnx, assert_refused, everything_below
from support.small_runs import psnr

from texonnx.cli import reconstruct as reconstruct_command
from texonnx.images import Image, load_image, scale_shorter_side
from texonnx.options import ObjectiveOptions, ReconstructionOptions
from texonnx.verbs import reconstruction
from texonnx.vgg import layer_names

OPTIONS = ("--weights", "random:0", "--size", "32")


@pytest.fixture
def reconstruct(texonnx: Texonnx, content: Path) -> Texonnx:
    """Run a small reconstruction of ``town.png``."""

    def run(*arguments: str | Path) -> Outcome:
        return texonnx("reconstruct", "town.png", *OPTIONS, *arguments)

    return run


def files(folder: Path) -> set[str]:
    return set(everything_below(folder)) - {"town.png"}


def test_the_default_output_is_named_after_image_and_layer(
    reconstruct: Texonnx, tmp_path: Path
) -> None:
    short = ("--layer", "conv2_1", "--steps", "2")
    for arguments in (short, short, (*short, "--style")):
        assert reconstruct(*arguments).code == 0
    assert files(tmp_path) == {
        "town-conv2_1.png", "town-conv2_1-2.png", "town-conv2_1-style.png"
    }  # fmt: skip


def test_a_shallow_layer_gives_the_image_back(reconstruct: Texonnx, tmp_path: Path) -> None:
    outcome = reconstruct("--layer", "conv1_1", "--steps", "30", "-o", "made.png")
    assert outcome.code == 0
    assert outcome.out.startswith("made.png: ")
    assert "NOTE: random weights" in outcome.err
    shown = scale_shorter_side(load_image(tmp_path / "town.png"), 32)
    assert psnr(load_image(tmp_path / "made.png"), shown) > 35


def test_the_style_of_all_layers_up_to_the_named_one_is_compared(
    reconstruct: Texonnx, tmp_path: Path
) -> None:
    options = ("--layer", "conv2_1", "--steps", "2", "--history", "h.json")
    parts = []
    for style in ((), ("--style", "--loss", "emd")):
        assert reconstruct(*options, *style).code == 0
        parts.append(list(json.loads((tmp_path / "h.json").read_text())[0]["layer_losses"]))
    assert parts == [["content.conv2_1"], ["conv1_1", "conv1_2", "conv2_1"]]


REFUSED = {
    "layer": (("--layer", "conv1_11"), "did you mean 'conv1_1'"),
    "layers": (("--layer", "conv1_1,conv2_1"), "unknown vgg16 layer"),
    "layer of the other network": (("--layer", "conv3_4"), "unknown vgg16 layer 'conv3_4'"),
    "size": (("--size", "0"), "not 0"),
    "small": (("--layer", "conv5_1", "--size", "15"), "32x32"),
    "loss of a content": (("--layer", "conv1_1", "--loss", "emd"), "are of a style"),
    "loss": (("--style", "--loss", "edm"), "did you mean 'emd'"),
    "layer weights": (("--style", "--layer", "conv1_1", "--layer-weights", "1,2"), "1 layers"),
    "init": (("--init", "content"), "'content'"),
    "output": (("-o", "out.xyz"), "'.xyz'"),
    "save-every": (("--save-every", "0"), "--save-every"),
}


@pytest.mark.parametrize(("arguments", "told"), REFUSED.values(), ids=REFUSED)
def test_what_will_not_do_is_refused_and_nothing_written(
    arguments: tuple[str, ...], told: str, reconstruct: Texonnx, tmp_path: Path
) -> None:
    assert told in assert_refused(reconstruct("--steps", "1", *arguments))
    assert files(tmp_path) == set()


def test_an_image_that_does_not_exist_is_refused(texonnx: Texonnx) -> None:
    for all_layers in ((), ("--all",)):
        sentence = assert_refused(texonnx("reconstruct", "twon.png", *OPTIONS, *all_layers))
        assert sentence == "texonnx: there is no image file 'twon.png'"


# The sheet

Call = tuple[ReconstructionOptions, ObjectiveOptions]
UNCOUNTED = (ReconstructionOptions(), ObjectiveOptions())

ALL = ("--all", "--size", "16", "--steps", "1")


def test_the_sheet_has_a_cell_for_content_and_style_of_every_layer(
    reconstruct: Texonnx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the network ended there: all of its layers come below, without their runs.
    for module in (reconstruction, reconstruct_command):
        monkeypatch.setattr(module, "layer_names", lambda arch: ("conv1_1", "conv1_2", "conv2_1"))
    outcome = reconstruct(*ALL)
    assert outcome.code == 0
    assert files(tmp_path) == {"town-all.png"}
    assert "NOTE: random weights" in outcome.err
    assert outcome.out.splitlines() == ["town-all.png"]
    assert [line for line in outcome.err.splitlines() if "/6 " in line] == [
        "1/6 content of conv1_1", "2/6 content of conv1_2", "3/6 content of conv2_1",
        "4/6 style up to conv1_1", "5/6 style up to conv1_2", "6/6 style up to conv2_1",
    ]  # fmt: skip

    sheet = load_image(tmp_path / "town-all.png")
    height, width = sheet.shape[2:]
    # Cells of 16x21 pixels: the image and 3 layers beside each other, in two rows, and labels.
    assert 4 * 21 < width < 4 * 21 + 500
    assert 2 * 16 < height < 2 * 16 + 300


@pytest.fixture
def quick_runs(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The options of every reconstruction, which gives back a flat image; the fourth is cut off."""
    calls: list[Call] = []

    class Result:
        image = np.full((1, 3, 16, 21), 0.5, np.float32)
        random_weights = False

    def reconstruct(
        _: Image, chosen: ReconstructionOptions, objective: ObjectiveOptions, *rest: Any
    ) -> Result:
        calls.append((chosen, objective))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return Result()

    monkeypatch.setattr("texonnx.verbs.reconstruction.reconstruct_image", reconstruct)
    return calls


def test_an_interrupted_sheet_is_written_with_what_is_there(
    reconstruct: Texonnx, quick_runs: list[Call], tmp_path: Path
) -> None:
    outcome = reconstruct(*ALL, "-o", "sheet.png")
    assert outcome.code == 130
    assert outcome.err.splitlines()[-1] == (
        "texonnx: interrupted; the sheet so far is in sheet.png"
    )
    assert [chosen.layer for chosen, _ in quick_runs] == list(layer_names("vgg16")[:4])
    assert load_image(tmp_path / "sheet.png").shape[3] > 14 * 21


def test_a_sheet_interrupted_before_anything_is_there_is_not_written(
    reconstruct: Texonnx, quick_runs: list[Call], tmp_path: Path
) -> None:
    quick_runs += [UNCOUNTED] * 3
    outcome = reconstruct(*ALL)
    assert outcome.code == 130
    assert outcome.err.splitlines()[-1] == "texonnx: interrupted"
    assert files(tmp_path) == set()


def test_the_texture_options_are_for_the_styles_alone(
    reconstruct: Texonnx, quick_runs: list[Call]
) -> None:
    quick_runs += [UNCOUNTED] * 4  # beyond the one that is cut off
    assert reconstruct(*ALL, "--loss", "emd", "--arch", "vgg19", "--quiet").code == 0
    content, style = quick_runs[4:20], quick_runs[20:]
    assert [chosen.layer for chosen, _ in style] == list(layer_names("vgg19"))
    assert not any(chosen.style or objective.loss == "emd" for chosen, objective in content)
    assert all(chosen.style and objective.loss == "emd" for chosen, objective in style)


@pytest.mark.parametrize(
    "option",
    [
        ("--style",),
        ("--save-every", "1"),
        ("--history", "h.csv"),
        ("--animate", "a.gif"),
        ("--plot", "p.png"),
    ],
    ids=" ".join,
)
def test_a_sheet_has_no_outputs_of_a_single_run(
    option: tuple[str, ...], reconstruct: Texonnx, tmp_path: Path
) -> None:
    sentence = assert_refused(reconstruct(*ALL, *option))
    assert "--all makes one sheet of many runs" in sentence
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--loss", "grma"), "did you mean 'gram'"),
        (("--gram-norm", "gatis"), "did you mean 'gatys'"),
        (("--layer-weights", "1,2"), "2 layer weights were given for 1 layers"),
        (("-o", "sheet.xyz"), "'.xyz'"),
        (("--arch", "vgg-16"), "did you mean 'vgg16'"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_will_not_do_for_a_sheet_is_refused_before_the_first_run(
    option: tuple[str, ...], told: str, reconstruct: Texonnx, tmp_path: Path
) -> None:
    # Nothing is printed, not even of a first run.
    assert told in assert_refused(reconstruct(*ALL, *option))
    assert files(tmp_path) == set()
