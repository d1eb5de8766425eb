"""``texonnx batch``: every exemplar by sizes and seeds, under plain names, and what fails alone."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from support.cells import WorkerInThisProcess
from support.commands import Outcome, Texonnx, assert_refused

from texonnx import batch as make_batch
from texonnx import load_image, synthesize
from texonnx.errors import OptionError
from texonnx.studies import running
from texonnx.weights import cache
from texonnx.weights.library import load_weights

SMALL = (
    "--layers",
    "conv1_1,conv2_1",
    "--weights",
    "drawn",
    "--exemplar-size",
    "32",
    "--steps",
    "2",
)


@pytest.fixture
def batch(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Texonnx:
    """Run a batch into ``out``, in this process; its random weights are drawn once."""
    monkeypatch.setattr(running, "Worker", WorkerInThisProcess)
    cache.save(load_weights("random:0"), "drawn")
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.jpg"):
        PIL.Image.open(exemplar).convert("RGB").save(folder / name)
    (folder / "notes.txt").write_text("no image")

    def run(*arguments: str | Path) -> Outcome:
        return texonnx("batch", *(arguments or ["in"]), "-o", "out", *SMALL)

    return run


def images(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*-seed-*.png"))


def test_every_exemplar_is_made_by_every_size_and_seed(batch: Texonnx, tmp_path: Path) -> None:
    outcome = batch("in", "--seeds", "1-2", "--sizes", "32,48x40")
    assert outcome.code == 0, outcome
    assert outcome.out == "out/report.html: 8 of 8 done\n"
    assert images(tmp_path / "out") == sorted(
        f"{name}-{size}-seed-{seed}.png"
        for name in "ab"
        for size in ("32x32", "48x40")
        for seed in (1, 2)
    )
    made = load_image(tmp_path / "out" / "a-48x40-seed-2.png")
    expected = synthesize(
        tmp_path / "in" / "a.png", layers="conv1_1,conv2_1", weights="drawn", exemplar_size=32,
        steps=2, seed=2, size=(40, 48),
    ).image  # fmt: skip
    np.testing.assert_allclose(made, expected, atol=0.51 / 255)
    with (tmp_path / "out" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert {row["status"] for row in rows} == {"done"}


def test_what_is_done_is_not_done_again(batch: Texonnx) -> None:
    batch("in", "--seeds", "1")
    again = batch("in", "--seeds", "1,2")
    assert again.err.splitlines()[0] == "2 of 4 are done already"
    assert again.out == "out/report.html: 4 of 4 done\n"


def test_of_the_seeds_the_best_is_kept(batch: Texonnx, tmp_path: Path) -> None:
    batch("in/a.png", "--seeds", "1-3", "--sizes", "32,48", "--keep", "best")
    kept = images(tmp_path / "out")
    assert len(kept) == 2
    with (tmp_path / "out" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    for size, name in zip(("32,32", "48,48"), kept, strict=True):
        of_size = [row for row in rows if row["size"] == size]
        # Too small for a judge of structure: by colour, contrast and grain.
        best = min(of_size, key=lambda row: float(row["score"]))
        assert name == f"a-{size.replace(',', 'x')}-seed-{best['seed']}.png"


def test_of_more_seeds_the_best_that_was_goes(batch: Texonnx, tmp_path: Path) -> None:
    batch("in/a.png", "--seeds", "1-3")
    assert len(images(tmp_path / "out")) == 3
    batch("in/a.png", "--seeds", "1-4", "--keep", "best")
    assert len(images(tmp_path / "out")) == 1


def test_an_image_that_cannot_be_read_costs_its_own_run_alone(
    batch: Texonnx, tmp_path: Path
) -> None:
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    outcome = batch()
    assert outcome.code == 0
    assert outcome.out == "out/report.html: 2 of 3 done, 1 could not be run\n"
    assert "broken" in outcome.err
    assert images(tmp_path / "out") == ["a-seed-0.png", "b-seed-0.png"]


def test_names_that_are_alike_are_told_apart(batch: Texonnx, tmp_path: Path) -> None:
    PIL.Image.open(tmp_path / "in" / "a.png").save(tmp_path / "in" / "a.bmp")
    batch("in/a.png", "in/a.bmp")
    assert images(tmp_path / "out") == ["a-bmp-seed-0.png", "a-png-seed-0.png"]


def test_what_is_wrong_is_told_before_anything_runs(batch: Texonnx, tmp_path: Path) -> None:
    for arguments, told in (
        (["in", "--seeds", "3-1"], "seeds are numbers or ranges"),
        (["in", "--seeds", "0-99999999"], "too many"),
        (["in", "--sizes", "big"], "a size is N or WxH"),
        (["in", "--keep", "some"], "choice of what to keep"),
        (["nothing.png"], "there is no image file 'nothing.png'"),
        (["in", "--loss", "no"], "unknown loss"),
        (["in", "--jobs", "0"], "number of jobs"),
    ):
        assert told in assert_refused(batch(*arguments))
    (tmp_path / "empty").mkdir()
    assert "no image in the folder" in assert_refused(batch("empty"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    PIL.Image.new("RGB", (9, 9)).save(tmp_path / "out" / "a-seed-0.png")
    assert "texonnx did not write it" in assert_refused(batch())
    assert batch("in", "--force").code == 0


def test_results_do_not_go_among_the_exemplars(texonnx: Texonnx, exemplar: Path) -> None:
    told = assert_refused(texonnx("batch", ".", "-o", "."))
    assert "has the exemplars" in told


def test_a_program_gets_the_images_and_what_failed(
    batch: Texonnx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in" / "c.png").write_bytes(b"no image")
    told: list[str] = []
    options: dict[str, Any] = {
        "layers": "conv1_1,conv2_1",
        "weights": "drawn",
        "exemplar_size": 32,
        "steps": 2,
    }
    options |= {"seeds": [1, 2], "sizes": [(32, 48)], "on_told": told.append}
    made = make_batch([tmp_path / "in"], tmp_path / "made", **options)
    assert [path.name for path in made.images] == [
        f"{name}-48x32-seed-{seed}.png" for name in ("a", "b") for seed in (1, 2)
    ]
    assert load_image(made.images[0]).shape == (1, 3, 32, 48)
    assert set(made.failures) == {"c, 48x32 seed 1", "c, 48x32 seed 2"}
    assert "not an image in a known format" in made.failures["c, 48x32 seed 1"]
    assert "a, 48x32 seed 1: done" in told and len(told) == 6
    assert (tmp_path / "made" / "report.html").exists()
    # And they are the command's.
    words = ("--sizes", "48x32", "--seeds", "1-2")
    assert batch("in/a.png", *words).code == 0
    again = load_image(tmp_path / "out" / made.images[0].name)
    assert np.array_equal(again, load_image(made.images[0]))
    told.clear()
    make_batch([tmp_path / "in"], tmp_path / "made", **options)
    assert len(told) == 2  # what failed is tried again, what is done is not


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"keep": "few"}, "unknown choice of what to keep 'few'"),
        ({"jobs": 0}, "the number of jobs must be 1 or more, not 0"),
        ({"maps": ["x_normal.png"]}, "unknown option of synth 'maps'"),
        ({"strength": 1}, "unknown option of synth 'strength'"),
    ],
)
def test_in_a_program_what_will_not_do_is_refused(
    given: dict[str, Any], told: str, exemplar: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=told):
        make_batch([exemplar], tmp_path / "made", **given)


def test_a_program_keeps_results_out_of_the_exemplars_folder_too(
    batch: Texonnx, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="has the exemplars; take another folder"):
        make_batch([tmp_path / "in"], tmp_path / "in")
