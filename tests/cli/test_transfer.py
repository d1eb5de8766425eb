"""``texonnx transfer``: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from support.commands import SMALL, Outcome, Texonnx, assert_refused, everything_below
from support.small_runs import psnr

from texonnx.images import load_image, scale_shorter_side

OPTIONS = (*SMALL, "--content-layers", "conv2_1", "--size", "32", "--steps", "2")
GIVEN = {"stone.png", "wood.png", "town.png"}


@pytest.fixture
def transfer(texonnx: Texonnx, content: Path, exemplar: Path, other: Path) -> Texonnx:
    """Run a small transfer onto ``town.png``."""

    def run(*arguments: str | Path) -> Outcome:
        return texonnx("transfer", *OPTIONS, "town.png", *arguments)

    return run


def files(folder: Path) -> set[str]:
    return set(everything_below(folder)) - GIVEN


def test_the_default_output_is_named_after_content_and_style(
    transfer: Texonnx, tmp_path: Path
) -> None:
    for _ in range(2):
        assert transfer("stone.png").code == 0
    assert files(tmp_path) == {"town-stone.png", "town-stone-2.png"}
    assert load_image(tmp_path / "town-stone.png").shape == (1, 3, 32, 43)


def test_several_styles_name_the_output_and_are_noted_in_it(
    transfer: Texonnx, tmp_path: Path
) -> None:
    assert transfer("--style", "stone.png:0.7", "--style", "wood.png:0.3").code == 0
    assert files(tmp_path) == {"town-stone+wood.png"}
    with PIL.Image.open(tmp_path / "town-stone+wood.png") as picture:
        assert picture.info["Source"] == "town.png in the manner of stone.png+wood.png"


def test_shares_decide_what_each_style_counts(transfer: Texonnx, tmp_path: Path) -> None:
    for name, styles in {
        "alone.png": ("stone.png",),
        "option.png": ("--style", "stone.png"),
        "nothing.png": ("--style", "wood.png:0", "--style", "stone.png:3"),
        "both.png": ("stone.png", "--style", "wood.png"),
        "halves.png": ("--style", "stone.png:0.5", "--style", "wood.png:0.5"),
    }.items():
        assert transfer(*styles, "-o", name).code == 0
    made = {name: load_image(tmp_path / name) for name in files(tmp_path)}
    assert np.array_equal(made["alone.png"], made["option.png"])
    assert np.array_equal(made["alone.png"], made["nothing.png"])
    assert np.array_equal(made["both.png"], made["halves.png"])
    assert not np.array_equal(made["alone.png"], made["both.png"])


def test_a_style_whose_name_has_a_colon_is_a_style(transfer: Texonnx, tmp_path: Path) -> None:
    (tmp_path / "stone.png").rename(tmp_path / "stone:grey.png")
    for style in ("stone:grey.png", "stone:grey.png:0.5"):
        assert transfer("--style", style, "-o", "made.png").code == 0


def test_without_style_weight_the_content_is_kept(transfer: Texonnx, tmp_path: Path) -> None:
    assert transfer("stone.png", "-o", "made.png", "--style-weight", "0").code == 0
    shown = scale_shorter_side(load_image(tmp_path / "town.png"), 32)
    assert psnr(load_image(tmp_path / "made.png"), shown) > 45


@pytest.mark.parametrize(
    "options",
    [
        ("--preserve-colour", "luminance"),
        ("--preserve-colour", "histogram"),
        ("--style-scale", "2"),
        ("--init", "noise"),
        ("--optimizer", "adam"),
        ("--loss", "swd"),
        ("--loss", "gan", "--disc-widths", "8,4", "--disc-steps", "2"),
        ("--content-layers", "conv1_1,conv2_1"),
        ("--content-weight", "0"),
    ],
    ids=" ".join,
)
def test_every_option_does_something(
    options: tuple[str, ...], transfer: Texonnx, tmp_path: Path
) -> None:
    # At first, the content's loss is 0 and has no say.
    steps = ("--steps", "5")
    assert transfer("stone.png", "-o", "plain.png", *steps).code == 0
    assert transfer("stone.png", "-o", "made.png", *steps, *options).code == 0
    plain, made = (load_image(tmp_path / name) for name in ("plain.png", "made.png"))
    assert plain.shape == made.shape
    assert not np.array_equal(plain, made)


def test_the_history_names_texture_content_and_total_variation(
    transfer: Texonnx, tmp_path: Path
) -> None:
    assert transfer("stone.png", "--tv", "0.1", "--history", "h.csv").code == 0
    head, *rows = (tmp_path / "h.csv").read_text().splitlines()
    assert head == "scale,height,width,step,seconds,loss,conv1_1,conv2_1,content.conv2_1,tv"
    assert len(rows) == 2
    assert transfer("stone.png", "--history", "h.json").code == 0
    [first, _] = json.loads((tmp_path / "h.json").read_text())
    assert list(first["layer_losses"]) == ["conv1_1", "conv2_1", "content.conv2_1"]


def test_the_summary_tells_the_file_and_random_weights_are_told_of(transfer: Texonnx) -> None:
    outcome = transfer("stone.png", "-o", "made.png")
    assert outcome.out.startswith("made.png: ")
    assert "NOTE: random weights" in outcome.err


def test_quiet_prints_nothing(transfer: Texonnx) -> None:
    outcome = transfer("stone.png", "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


REFUSED = {
    "no style": ((), "there is no style; name an image after CONTENT, or give --style"),
    "no such style": (("brick.png",), "there is no image file 'brick.png'"),
    "no such style by option": (("--style", "brick.png:0.5"), "no image file 'brick.png'"),
    "no share": (("--style", "stone.png:half"), "no image file 'stone.png:half'"),
    "negative share": (("--style", "stone.png:-1", "--style", "wood.png:2"), "not -1, 2"),
    "no shares at all": (("--style", "stone.png:0"), "not all 0"),
    "nan": (("--style", "stone.png:nan"), "nan"),
    "content layer": (("stone.png", "--content-layers", "conv4_22"), "did you mean 'conv4_2'"),
    "way to preserve colour": (
        ("stone.png", "--preserve-colour", "luminence"), "did you mean 'luminance'",
    ),
    "content weight": (("stone.png", "--content-weight", "-1"), "content weight"),
    "strength": (("stone.png", "--strength", "1.5"), "goes from 0 to 1, and 1.5"),
    "no strength": (("stone.png", "--strength", "nan"), "nan"),
    "both": (("stone.png", "--strength", "1", "--content-weight", "1"), "one of the two, not both"),
    "style weight": (("stone.png", "--style-weight", "nan"), "style weight"),
    "tv": (("stone.png", "--tv", "-0.5"), "not -0.5"),
    "tv twice": (("stone.png", "--tv", "1", "--loss", "gram,tv"), "tv is asked for twice"),
    "nothing": (("stone.png", "--style-weight", "0", "--content-weight", "0"), "with nothing"),
    "loss": (("stone.png", "--loss", "content"), "unknown loss 'content'"),
    "style scale": (("stone.png", "--style-scale", "0"), "at most 16, not 0"),
    "large style scale": (("stone.png", "--style-scale", "17"), "at most 16, not 17"),
    "init": (("stone.png", "--init", "contnt"), "'contnt'"),
    "output": (("stone.png", "-o", "out.xyz"), "'.xyz'"),
    "until": (("stone.png", "--loss", "gan", "--until", "0.1"), "gan"),
    "widths": (("stone.png", "--disc-widths", "8;4"), "'8;4'"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "told"), REFUSED.values(), ids=REFUSED)
def test_what_will_not_do_is_refused_and_nothing_written(
    arguments: tuple[str, ...], told: str, transfer: Texonnx, tmp_path: Path
) -> None:
    assert told in assert_refused(transfer(*arguments))
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("size", "told"), [("0", "not 0"), ("-4", "not -4"), ("1", "4x4"), ("32x32", "'32x32'")]
)
def test_a_size_that_will_not_do_is_refused(size: str, told: str, transfer: Texonnx) -> None:
    assert told in assert_refused(transfer("stone.png", "--size", size))


def test_a_content_that_does_not_exist_is_refused(texonnx: Texonnx, exemplar: Path) -> None:
    sentence = assert_refused(texonnx("transfer", "twon.png", exemplar, *OPTIONS))
    assert sentence == "texonnx: there is no image file 'twon.png'"
