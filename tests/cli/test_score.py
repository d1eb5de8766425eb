"""``texonnx score``: the table, the JSON file, and what is refused."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import typer.main
from support.commands import Texonnx, assert_refused, everything_below, run_process

from texonnx import score
from texonnx.cli import app

from .conftest import write_exemplar

SIZE = ("--exemplar-size", "40")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """An image that is 64 pixels wide, under a name longer than most terminals are."""
    return write_exemplar(tmp_path / f"{'long-' * 30}name.png", 40, 64)


def test_the_table_has_the_floor_and_then_each_image_in_order(
    texonnx: Texonnx, exemplar: Path, other: Path
) -> None:
    outcome = texonnx("score", exemplar, other.name, "stone.png", *SIZE)
    assert (outcome.code, outcome.err) == (0, "")
    why, *tables = outcome.out.split("\n\n")
    assert why == "no structure: an image has 40x40 pixels, and 64x64 are needed"
    fine, even = ([line.split() for line in table.splitlines()] for table in tables)
    assert fine[:2] == [["colour,", "contrast,", "fine", "grain"], ["mean", "1/1", "spectrum"]]
    assert even[:2] == [["evenness"], ["edge", "contrast", "colour"]]
    assert [row[0] for row in fine[2:]] == ["floor", other.name, "stone.png"]
    assert [row[0] for row in even[2:]] == ["exemplar", other.name, "stone.png"]

    expected = score(exemplar, other, exemplar_size=40)
    floor, far, same = ([float(word) for word in row[1:]] for row in fine[2:])
    assert far == pytest.approx([expected.mean, *expected.levels, expected.spectrum], abs=1e-4)
    assert floor == pytest.approx(
        [expected.floor, *expected.floor_levels, expected.spectrum_floor], abs=1e-4
    )
    assert same == [0, 0, 0]
    own, far, same = ([float(word) for word in row[1:]] for row in even[2:])
    assert far == pytest.approx(dataclasses.astuple(expected.evenness), abs=1e-4)
    assert (
        own == same == pytest.approx(dataclasses.astuple(expected.evenness_of_exemplar), abs=1e-4)
    )


def test_the_json_file_has_the_numbers_of_the_function(
    texonnx: Texonnx, exemplar: Path, other: Path, tmp_path: Path
) -> None:
    outcome = texonnx(
        "score", exemplar, exemplar, other, *SIZE, "--seed", "3", "--json", "scores.json"
    )
    assert (outcome.code, outcome.err) == (0, "")
    expected = score(exemplar, other, exemplar_size=40, seed=3)
    content = json.loads((tmp_path / "scores.json").read_text())
    assert content["exemplar"] == str(exemplar)
    assert (content["exemplar_size"], content["seed"]) == (40, 3)
    assert content["floor"] == {
        "mean": expected.floor,
        "levels": list(expected.floor_levels),
        "spectrum": expected.spectrum_floor,
    }
    assert [one["image"] for one in content["images"]] == [str(exemplar), str(other)]
    assert content["images"][1] == {
        "image": str(other),
        "mean": expected.mean,
        "levels": list(expected.levels),
        "spectrum": expected.spectrum,
        "evenness": dataclasses.asdict(expected.evenness),
        "structure": None,
    }
    assert content["why_no_structure"] == expected.why_no_structure
    assert set(everything_below(tmp_path)) == {"stone.png", other.name, "scores.json"}


def refused(texonnx: Texonnx, folder: Path, *arguments: str | Path) -> str:
    before = everything_below(folder)
    sentence = assert_refused(texonnx("score", *arguments))
    assert everything_below(folder) == before
    return sentence


@pytest.mark.parametrize("arguments", [("stoen.png", "stone.png"), ("stone.png", "stoen.png")])
def test_an_image_that_does_not_exist_is_refused(
    arguments: tuple[str, str], texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    sentence = refused(texonnx, tmp_path, *arguments, "--json", "scores.json")
    assert sentence == "texonnx: there is no image file 'stoen.png'"


def test_a_file_that_is_no_image_is_refused(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_text("To whom it may concern")
    assert "not an image" in refused(texonnx, tmp_path, exemplar, exemplar, "bad.png")


def test_an_image_that_is_too_small_is_refused_by_its_name_and_size(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    PIL.Image.new("RGB", (20, 50), "red").save(tmp_path / "tiny.png")
    sentence = refused(texonnx, tmp_path, exemplar, "tiny.png")
    assert all(word in sentence for word in ("'tiny.png'", "20x50", "32x32"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--exemplar-size", "0"), "0"),
        (("--exemplar-size", "31"), "31x31"),
        (("--exemplar-size", "big"), "big"),
        (("--seed", "-1"), "-1"),
        (("--json", "no/such/folder/scores.json"), "no/such/folder"),
        (("--json", "."), "folder"),
        (("--losses",), "--losses"),
        (("--weights", "vgg"), "vgg"),
        (("--copy-map", "no/such/folder/map.png"), "no/such/folder"),
        (("--copy-map", "map.txt"), ".txt"),
        (("--copy-map", "map.png"), "no copy map: no structure: an image has 40x40"),
    ],
    ids=" ".join,
)
def test_an_option_that_will_not_do_is_refused_by_its_value(
    options: tuple[str, ...], told: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    assert told in refused(texonnx, tmp_path, exemplar, exemplar, *options)


def test_a_copy_map_is_of_one_image(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> None:
    sentence = refused(texonnx, tmp_path, exemplar, exemplar, exemplar, "--copy-map", "map.png")
    assert sentence == "texonnx: a copy map is of one image, and there are 2"


def test_nothing_to_score_is_refused(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> None:
    assert "image" in refused(texonnx, tmp_path, exemplar)


def test_every_option_has_a_help_and_the_default_of_the_function() -> None:
    group: Any = typer.main.get_command(app)
    options = {parameter.name: parameter for parameter in group.commands["score"].params}
    for word, parameter in options.items():
        assert parameter.help or word == "help", word
    for word, given in inspect.signature(score).parameters.items():
        assert word in options
        if given.default is not inspect.Parameter.empty:
            assert options[word].default == given.default


def test_a_score_imports_no_onnx_runtime(exemplar: Path, tmp_path: Path) -> None:
    code = (
        "import sys, texonnx; "
        "texonnx.score('stone.png', 'stone.png', exemplar_size=40); "
        "print({'onnx', 'onnx_ir', 'onnxruntime'} & set(sys.modules))"
    )
    assert run_process([sys.executable, "-c", code], tmp_path).out == "set()\n"


def test_the_seams_of_a_tile_are_told_where_they_are_asked_for(
    texonnx: Texonnx, exemplar: Path, other: Path, tmp_path: Path
) -> None:
    words = (
        "score",
        exemplar,
        other.name,
        *SIZE,
        "--tile",
        "--preview",
        "3.png",
        "--json",
        "s.json",
    )
    outcome = texonnx(*words)
    assert (outcome.code, outcome.err) == (0, "")
    seams = outcome.out.split("\n\n")[-1].splitlines()
    # Too small for a judge of structure: of steps from pixel to pixel alone.
    assert [line.split() for line in seams[:2]] == [["seams"], ["step", "x", "step", "y"]]
    expected = score(exemplar, other, exemplar_size=40, tile=True).seams
    assert expected is not None
    assert [float(word) for word in seams[2].split()[1:]] == pytest.approx(
        [expected.step_x, expected.step_y], abs=1e-4
    )
    told = json.loads((tmp_path / "s.json").read_text())["images"][0]["seams"]
    assert told == dataclasses.asdict(expected)
    with PIL.Image.open(tmp_path / "3.png") as preview:
        assert preview.size == (192, 120)


@pytest.mark.parametrize("option", ["--preview", "--copy-map"])
def test_what_is_drawn_does_not_replace_what_is_scored(
    option: str, texonnx: Texonnx, exemplar: Path, other: Path
) -> None:
    before = exemplar.read_bytes()
    told = assert_refused(texonnx("score", exemplar, other.name, *SIZE, option, exemplar))
    assert told.endswith("is what the run is made from; take another name")
    assert exemplar.read_bytes() == before
