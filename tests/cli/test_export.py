"""``texonnx export``: where the folder goes, what is said, and what is never replaced."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.commands import SHORT, SMALL, Texonnx, assert_refused, everything_below, run_process

from texonnx.runtime.installed import the_runtime

PLAIN = ("--no-training", *SMALL)
GRAPHS = (
    *("targets", "objective", "adam_start", "adam_step", "resize", "first_image", "finer_image"),
)
SEARCHING = {"lbfgs_start.onnx", "lbfgs_step.onnx"}
"""Of those without discriminators."""
FILES = {"manifest.json", "weights.bin", *(f"{name}.onnx" for name in GRAPHS)}
REPOSITORY = Path(__file__).parents[2]


def test_the_folder_is_written_and_its_files_listed(texonnx: Texonnx, tmp_path: Path) -> None:
    outcome = texonnx("export", "-o", "folder", *PLAIN)
    assert (outcome.code, outcome.err) == (0, "")
    assert set(everything_below(tmp_path / "folder")) == FILES | SEARCHING
    assert all(name in outcome.out for name in FILES | SEARCHING)
    assert "no training artifacts" in outcome.out


@pytest.mark.parametrize(
    ("options", "more"),
    [
        (("--loss", "swd"), ["directions.onnx"]),
        (
            ("--loss", "gan", "--disc-widths", "8,4"),
            ["discriminators.onnx", "discriminator_step.onnx"],
        ),
        (("--content-layers", "conv4_2", "--tv", "0.1"), ["content_targets.onnx"]),
    ],
    ids=" ".join,
)
def test_what_the_losses_need_is_written_and_listed(
    options: tuple[str, ...], more: list[str], texonnx: Texonnx, tmp_path: Path
) -> None:
    outcome = texonnx("export", "-o", "folder", *PLAIN, *options)
    assert (outcome.code, outcome.err) == (0, "")
    wanted = {*FILES, *more, *(set() if "gan" in options else SEARCHING)}
    assert set(everything_below(tmp_path / "folder")) == wanted
    assert all(name in outcome.out for name in wanted)


def test_the_default_folder_lies_in_models_and_is_named_after_network_and_losses(
    texonnx: Texonnx, tmp_path: Path
) -> None:
    assert texonnx("export", *PLAIN, "--loss", "mean+cov").code == 0
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["vgg16-mean+cov"]


def test_quiet_prints_nothing(texonnx: Texonnx) -> None:
    outcome = texonnx("export", "-o", "folder", *PLAIN, "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_a_folder_that_exists_is_replaced_with_force_alone(
    texonnx: Texonnx, tmp_path: Path
) -> None:
    assert texonnx("export", "-o", "folder", *PLAIN).code == 0
    before = everything_below(tmp_path)
    assert "--force" in assert_refused(texonnx("export", "-o", "folder", *PLAIN, "--fp16"))
    assert everything_below(tmp_path) == before

    assert texonnx("export", "-o", "folder", *PLAIN, "--fp16", "--force").code == 0
    manifest = json.loads((tmp_path / "folder" / "manifest.json").read_text())
    assert manifest["network"]["precision"] == "float16"
    assert {path.name for path in tmp_path.iterdir()} == {"folder"}


@pytest.mark.parametrize("options", [(), ("--force",)], ids=["plain", "--force"])
def test_what_is_no_exported_folder_is_never_replaced(
    options: tuple[str, ...], texonnx: Texonnx, tmp_path: Path
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    (tmp_path / "notes").write_text("more of it")
    before = everything_below(tmp_path)
    for name in ("thesis", "notes"):
        assert f"'{name}'" in assert_refused(texonnx("export", "-o", name, *PLAIN, *options))
    assert everything_below(tmp_path) == before


@pytest.mark.parametrize("output", ["no/such/folder", "stone.png/folder", "/proc/folder"])
def test_a_folder_that_cannot_be_written_is_refused(
    output: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    before = everything_below(tmp_path)
    assert f"'{output}'" in assert_refused(texonnx("export", "-o", output, *PLAIN))
    assert everything_below(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--loss", "grma"), "'gram'"),
        (("--layers", "conv9_9"), "conv9_9"),
        (("--size", "0"), "not 0"),
        (("--size", "-4x32"), "not -4"),
        (("--size", "wide"), "'wide'"),
        (("--size", "1"), "2x2"),
        (("--scales", "2"), "training artifacts"),
        (("--weights", "nothing.h5"), "nothing.h5"),
        (("--loss", "content"), "unknown loss 'content'"),
        (("--disc-widths", "0"), "not 0"),
        (("--content-layers", "conv4_22"), "'conv4_2'"),
        (("--content-layers", "conv4_2", "--content-weight", "-1"), "content weight"),
        (("--style-weight", "0"), "no content is kept"),
        (("--tv", "-1"), "not -1"),
    ],
    ids=" ".join,
)
def test_an_option_that_will_not_do_is_refused_and_nothing_written(
    options: tuple[str, ...], told: str, texonnx: Texonnx, tmp_path: Path
) -> None:
    sentence = assert_refused(texonnx("export", "-o", "folder", *PLAIN, *options))
    assert told in sentence
    assert everything_below(tmp_path) == {}


def test_training_artifacts_without_their_package_are_refused(
    texonnx: Texonnx, tmp_path: Path
) -> None:
    if the_runtime().can_train:
        pytest.skip("onnxruntime-training is installed here")
    sentence = assert_refused(texonnx("export", "-o", "folder", *SMALL, "--training"))
    assert "texonnx[training]" in sentence
    assert everything_below(tmp_path) == {}


@pytest.mark.training
def test_training_artifacts_are_written_where_they_can_be(texonnx: Texonnx, tmp_path: Path) -> None:
    outcome = texonnx("export", "-o", "folder", *SMALL, "--size", "32", "--scales", "2")
    assert (outcome.code, outcome.err) == (0, "")
    below = set(everything_below(tmp_path / "folder" / "training"))
    wanted = {"training_model.onnx", "eval_model.onnx", "optimizer_model.onnx", "checkpoint"}
    assert wanted <= below
    assert {f"16x16/{name}" for name in wanted} <= below


@pytest.mark.training
def test_the_training_artifacts_of_discriminators_lie_in_a_folder_of_their_own(
    texonnx: Texonnx, tmp_path: Path
) -> None:
    options = ("--loss", "gan", "--size", "32", "--scales", "1")
    assert texonnx("export", "-o", "folder", *SMALL, *options).code == 0
    below = set(everything_below(tmp_path / "folder" / "training"))
    wanted = {"training_model.onnx", "eval_model.onnx", "optimizer_model.onnx", "checkpoint"}
    assert wanted | {f"discriminator/{name}" for name in wanted} <= below


@pytest.mark.training
@pytest.mark.parametrize("size", ["0", "-4", "1"])
def test_a_size_that_will_not_do_for_training_artifacts_is_refused(
    size: str, texonnx: Texonnx, tmp_path: Path
) -> None:
    assert_refused(texonnx("export", "-o", "folder", *SMALL, "--size", size))
    assert everything_below(tmp_path) == {}


def test_a_folder_for_one_size_makes_images_of_that_size_alone(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    from texonnx.images import load_image

    assert texonnx("export", "-o", "folder", *PLAIN, "--size", "48x32").code == 0
    run = ("synth", exemplar, "-o", "out.png", "--artifacts", "folder", *SHORT)
    assert texonnx(*run).code == 0
    assert load_image(tmp_path / "out.png").shape == (1, 3, 32, 48)
    sentence = assert_refused(texonnx(*run, "--size", "64", "--quiet"))
    assert "48x32" in sentence


def test_the_script_among_the_tools_is_a_door_to_the_same_command(
    tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    script = REPOSITORY / "tools" / "export_artifacts.py"
    options = ["--weights", "drawn", "--layers", "conv1_1,conv2_1", "--no-training"]
    outcome = run_process(
        [sys.executable, str(script), "-o", "folder", *options], tmp_path, drawn_once
    )
    assert outcome.code == 0, outcome.err
    assert set(everything_below(tmp_path / "folder")) == FILES | SEARCHING
