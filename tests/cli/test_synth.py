"""``texonnx synth``: what it writes, and what it says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from support.commands import SHORT, SMALL, Texonnx, everything_below
from support.small_runs import psnr

from texonnx.images import load_image
from texonnx.runtime.installed import the_runtime

ADAM = ("--optimizer", "adam")


def files(folder: Path) -> set[str]:
    return set(everything_below(folder)) - {"stone.png"}


@pytest.mark.parametrize(
    ("loss", "label"), [("emd", "emd"), ("mean+cov", "mean+cov"), ("gram:1,emd:0.1", "gram+emd")]
)
def test_the_default_output_is_named_after_exemplar_and_loss(
    loss: str, label: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    assert texonnx("synth", exemplar, *SMALL, *SHORT, "--loss", loss).code == 0
    assert files(tmp_path) == {f"stone-{label}.png"}


def test_a_default_output_that_exists_is_kept_and_the_new_one_numbered(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    for _ in range(3):
        assert texonnx("synth", exemplar, *SMALL, *SHORT, "--loss", "emd").code == 0
    assert files(tmp_path) == {"stone-emd.png", "stone-emd-2.png", "stone-emd-3.png"}


def test_the_default_output_lies_in_the_current_folder_and_not_by_the_exemplar(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "textures"
    elsewhere.mkdir()
    exemplar.rename(elsewhere / "stone.png")
    assert texonnx("synth", "textures/stone.png", *SMALL, *SHORT).code == 0
    assert files(tmp_path) == {"textures", "textures/stone.png", "stone-gram.png"}


@pytest.mark.parametrize(
    ("name", "file_format"),
    [("made.png", "PNG"), ("made.jpg", "JPEG"), ("made.webp", "WEBP"), ("made.tif", "TIFF")],
)
def test_the_suffix_of_the_output_decides_its_format(
    name: str, file_format: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    assert texonnx("synth", exemplar, "-o", name, *SMALL, *SHORT).code == 0
    assert files(tmp_path) == {name}
    with PIL.Image.open(tmp_path / name) as picture:
        assert picture.format == file_format
        assert picture.size == (32, 32)


def test_an_output_that_is_named_replaces_what_was_there(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    (tmp_path / "made.png").write_text("an old file")
    assert texonnx("synth", exemplar, "-o", "made.png", *SMALL, *SHORT).code == 0
    assert load_image(tmp_path / "made.png").shape == (1, 3, 32, 32)


def test_the_summary_tells_file_engine_provider_seconds_and_losses(
    texonnx: Texonnx, exemplar: Path
) -> None:
    outcome = texonnx(
        "synth", exemplar, "-o", "made.png", *SMALL, *SHORT, "--provider", "cpu",
        "--history", "h.json",
    )  # fmt: skip
    summary, note = outcome.out.splitlines()
    assert "was used at" in note
    history = json.loads((exemplar.parent / "h.json").read_text())
    engine = "training" if the_runtime().can_train else "analytic"
    for part in ("made.png", f"{engine} engine", "cpu", " s,", "2 steps"):
        assert part in summary
    assert f"{history[0]['loss']:.4g} -> {history[-1]['loss']:.4g}" in summary


def test_random_weights_are_told_of_loudly(texonnx: Texonnx, exemplar: Path) -> None:
    outcome = texonnx("synth", exemplar, "-o", "made.png", *SMALL, *SHORT)
    assert "random" in outcome.err + outcome.out


def test_quiet_prints_nothing(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> None:
    outcome = texonnx("synth", exemplar, "-o", "made.png", *SMALL, *SHORT, "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert (tmp_path / "made.png").is_file()


def test_progress_is_plain_lines_where_there_is_no_terminal(
    texonnx: Texonnx, exemplar: Path
) -> None:
    outcome = texonnx("synth", exemplar, "-o", "a.png", *SMALL, *SHORT, *ADAM, "--scales", "2")
    lines = [line for line in outcome.err.splitlines() if line.startswith("scale ")]
    assert [line.partition("  ")[0] for line in lines] == [
        "scale 1/2 16x16 step 1/2",
        "scale 1/2 16x16 step 2/2",
        "scale 2/2 32x32 step 1/2",
        "scale 2/2 32x32 step 2/2",
    ]
    assert all("loss " in line and "steps/s" in line and "left" in line for line in lines)
    assert "\x1b" not in outcome.err
    assert "\r" not in outcome.err


def test_many_steps_make_few_lines(texonnx: Texonnx, exemplar: Path) -> None:
    outcome = texonnx("synth", exemplar, "-o", "a.png", *SMALL, *SHORT, *ADAM, "--steps", "40")
    assert len(outcome.err.splitlines()) <= 10


def test_save_every_writes_the_image_of_those_steps_beside_the_output(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    outcome = texonnx(
        "synth", exemplar, "-o", "out/made.png", *SMALL, *ADAM, "--exemplar-size", "32",
        "--scales", "2", "--steps", "5", "--save-every", "2",
    )  # fmt: skip
    assert outcome.code == 0
    sizes = {path.name: load_image(path).shape[2:] for path in (tmp_path / "out").iterdir()}
    assert sizes == {
        "made-1-0002.png": (16, 16),
        "made-1-0004.png": (16, 16),
        "made-2-0002.png": (32, 32),
        "made-2-0004.png": (32, 32),
        "made.png": (32, 32),
    }


def test_a_history_in_csv_has_a_row_for_every_step_and_a_column_for_every_layer(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    texonnx("synth", exemplar, *SMALL, *SHORT, *ADAM, "--scales", "2", "--history", "h.csv")
    with (tmp_path / "h.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "scale", "height", "width", "step", "seconds", "loss", "conv1_1", "conv2_1"
    ]  # fmt: skip
    where = [(row["scale"], row["height"], row["width"], row["step"]) for row in rows]
    assert where == [
        ("1", "16", "16", "1"),
        ("1", "16", "16", "2"),
        ("2", "32", "32", "1"),
        ("2", "32", "32", "2"),
    ]
    for row in rows:
        assert float(row["loss"]) == pytest.approx(
            float(row["conv1_1"]) + float(row["conv2_1"]), rel=1e-5
        )
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)


def test_a_history_in_json_has_an_object_for_every_step(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    texonnx("synth", exemplar, *SMALL, *SHORT, *ADAM, "--history", "h.json")
    steps = json.loads((tmp_path / "h.json").read_text())
    assert [step["step"] for step in steps] == [1, 2]
    assert set(steps[0]) == {
        "scale", "scales", "size", "step", "steps", "steps_to_come", "loss", "layer_losses",
        "seconds",
    }  # fmt: skip
    assert set(steps[0]["layer_losses"]) == {"conv1_1", "conv2_1"}
    assert steps[0]["size"] == [32, 32]


@pytest.mark.parametrize("loss", ["gram", "emd", "mean+cov"])
def test_the_output_may_be_larger_than_the_exemplar_and_of_another_shape(
    loss: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    outcome = texonnx(
        "synth", exemplar, "-o", "wide.png", *SMALL, *SHORT, "--loss", loss, "--size", "90x50"
    )
    assert outcome.code == 0
    assert load_image(tmp_path / "wide.png").shape == (1, 3, 50, 90)


def test_a_size_of_one_number_is_a_square(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> None:
    texonnx("synth", exemplar, "-o", "made.png", *SMALL, *SHORT, "--size", "48")
    assert load_image(tmp_path / "made.png").shape == (1, 3, 48, 48)


def test_the_first_image_may_be_a_file(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> None:
    PIL.Image.new("RGB", (50, 70), "red").save(tmp_path / "red.png")
    outcome = texonnx(
        "synth", exemplar, "-o", "made.png", *SMALL, *SHORT, *ADAM, "--init", "red.png",
        "--lr", "1e-6",
    )  # fmt: skip
    assert outcome.code == 0
    red = np.array([1, 0, 0]).reshape(1, 3, 1, 1)
    assert np.abs(load_image(tmp_path / "made.png") - red).max() <= 1 / 255


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "sgd"])
def test_a_run_from_an_exported_folder_makes_the_image_of_a_run_in_memory(
    optimizer: str, exported: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    options = (*SHORT, "--steps", "4", "--optimizer", optimizer, "--seed", "3")
    analytic = ("--engine", "analytic")
    built = texonnx("synth", exemplar, "-o", "built.png", *SMALL, *options, *analytic)
    ran = texonnx("synth", exemplar, "-o", "ran.png", "--artifacts", exported, *options, *analytic)
    assert (built.code, ran.code) == (0, 0)
    # The graphs differ in their symbolic shapes alone, so the arithmetic is the same.
    assert psnr(load_image(tmp_path / "built.png"), load_image(tmp_path / "ran.png")) > 60


def test_a_run_from_an_exported_folder_is_named_after_its_losses(
    exported: Path, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    assert texonnx("synth", exemplar, "--artifacts", exported, *SHORT).code == 0
    assert files(tmp_path) == {"stone-gram.png"}


def test_a_png_says_what_made_it(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> None:
    texonnx("synth", exemplar, "-o", "made.png", *SMALL, *SHORT)
    with PIL.Image.open(tmp_path / "made.png") as picture:
        text = picture.info
    assert text["Software"].startswith("texonnx ")
    assert text["Source"] == "stone.png"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_scale_may_have_a_number_of_steps_of_its_own(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    outcome = texonnx(
        "synth", exemplar, "-o", "a.png", *SMALL, *SHORT, *ADAM, "--scales", "2",
        "--steps", "3,1", "--history", "h.csv",
    )  # fmt: skip
    assert outcome.code == 0
    assert [row["scale"] for row in rows_of(tmp_path / "h.csv")] == ["1", "1", "1", "2"]
    assert "4 steps" in outcome.out


def test_until_ends_a_scale_before_its_steps_are_done(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    outcome = texonnx(
        "synth", exemplar, "-o", "a.png", *SMALL, *SHORT, *ADAM, "--steps", "60",
        "--until", "0.99", "--history", "h.csv",
    )  # fmt: skip
    assert outcome.code == 0
    assert 11 <= len(rows_of(tmp_path / "h.csv")) < 60


@pytest.mark.parametrize("optimizer", ["lbfgs", "scipy-lbfgs"])
def test_both_kinds_of_lbfgs_can_be_asked_for(
    optimizer: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    outcome = texonnx(
        "synth", exemplar, "-o", "a.png", *SMALL, *SHORT, "--optimizer", optimizer, "--loss", "emd"
    )
    assert outcome.code == 0
    assert load_image(tmp_path / "a.png").shape == (1, 3, 32, 32)


@pytest.mark.parametrize("init", ["spectrum", "noise", "mean"])
def test_the_first_image_may_be_chosen_by_its_name(
    init: str, texonnx: Texonnx, exemplar: Path
) -> None:
    assert texonnx("synth", exemplar, "-o", "a.png", *SMALL, *SHORT, "--init", init).code == 0


def test_a_run_from_an_exported_folder_of_a_loss_that_sorts_makes_the_image_of_one_in_memory(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    emd = ("--loss", "emd")
    assert texonnx("export", "-o", tmp_path / "emd", *SMALL, *emd).code == 0
    options = (*SHORT, "--engine", "analytic", "--steps", "4")
    built = texonnx("synth", exemplar, "-o", "built.png", *SMALL, *emd, *options)
    ran = texonnx("synth", exemplar, "-o", "ran.png", "--artifacts", tmp_path / "emd", *options)
    assert (built.code, ran.code) == (0, 0)
    # In memory the sorting is the host's, in the folder it is the runtime's.
    assert psnr(load_image(tmp_path / "built.png"), load_image(tmp_path / "ran.png")) > 60


# Several exemplars


def test_several_exemplars_are_mixed_and_name_the_output(
    texonnx: Texonnx, exemplar: Path, other: Path, tmp_path: Path
) -> None:
    outcome = texonnx("synth", exemplar, other, *SMALL, *SHORT, "--mix", "0.7,0.3")
    assert outcome.code == 0
    assert files(tmp_path) == {"wood.png", "stone+wood-gram.png"}
    with PIL.Image.open(tmp_path / "stone+wood-gram.png") as picture:
        assert picture.size == (32, 32)  # the first exemplar's
        assert picture.info["Source"] == "stone.png+wood.png"


def test_shares_decide_what_each_exemplar_counts(
    texonnx: Texonnx, exemplar: Path, other: Path, tmp_path: Path
) -> None:
    size = ("--size", "32x32")
    for name, arguments in {
        "alone.png": (other,),
        "nothing.png": (exemplar, other, "--mix", "0,2"),
        "alike.png": (exemplar, other),
        "halves.png": (exemplar, other, "--mix", "0.5,0.5"),
    }.items():
        assert texonnx("synth", *arguments, "-o", name, *SMALL, *SHORT, *size).code == 0
    made = {path.stem: load_image(path) for path in tmp_path.glob("*.png")}
    assert np.array_equal(made["alone"], made["nothing"])
    assert np.array_equal(made["alike"], made["halves"])
    assert not np.array_equal(made["alone"], made["alike"])


# Losses that draw and train


@pytest.mark.parametrize(
    "options",
    [
        ("--loss", "swd"),
        ("--loss", "gan"),
        ("--loss", "gan", "--disc-widths", "8,4", "--disc-steps", "2"),
        ("--loss", "gan", "--optimizer", "lbfgs"),
        ("--loss", "gram,tv:0.1"),
    ],
    ids=" ".join,
)
def test_every_kind_of_loss_can_be_asked_for(
    options: tuple[str, ...], texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    outcome = texonnx("synth", exemplar, *SMALL, *SHORT, *options, "--history", "h.json")
    assert outcome.code == 0
    label = options[1].replace(",tv:0.1", "+tv")
    assert files(tmp_path) == {f"stone-{label}.png", "h.json"}
    parts = json.loads((tmp_path / "h.json").read_text())[-1]["layer_losses"]
    assert list(parts) == ["conv1_1", "conv2_1", *(["tv"] if "tv" in label else [])]


@pytest.mark.parametrize(
    "loss", [("--loss", "swd"), ("--loss", "gan", "--disc-widths", "8,4")], ids=" ".join
)
def test_a_run_from_an_exported_folder_draws_and_trains_as_one_in_memory(
    loss: tuple[str, ...], texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    assert texonnx("export", "-o", tmp_path / "folder", *SMALL, *loss, "--no-training").code == 0
    options = (
        *SHORT,
        "--engine",
        "analytic",
        "--steps",
        "12",
        "--optimizer",
        "sgd",
        "--lr",
        "0.01",
    )
    built = texonnx("synth", exemplar, "-o", "built.png", *SMALL, *loss, *options)
    ran = texonnx("synth", exemplar, "-o", "ran.png", "--artifacts", tmp_path / "folder", *options)
    assert (built.code, ran.code) == (0, 0)
    assert psnr(load_image(tmp_path / "built.png"), load_image(tmp_path / "ran.png")) > 60
