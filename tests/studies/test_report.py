"""The report, from results made up here: whole in itself, and the same for the same results."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from texonnx.images import load_image, save_image
from texonnx.studies import Cell, Outcome, Study, cells_of, load_study, pictures, write_report
from texonnx.studies import report as report_module
from texonnx.studies.outcome import CellScore, write_outcome

from .conftest import write_exemplars, write_study
from .test_outcome import DONE, STEP

REFUSED = Outcome("refused", "the weights of <vgg19> cannot be had")


class Page(HTMLParser):
    """Collects what a page asks for, and checks that what it opens it closes."""

    EMPTY = ("meta", "img", "input", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.EMPTY:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.opened and self.opened[-1] != "style":
            self.text += data


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, list[Cell]]:
    folder = tmp_path_factory.mktemp("asked")
    write_exemplars(folder)
    study = load_study(write_study(folder))
    return study, cells_of(study)


def keep(cells: Sequence[Cell], place: Path, outcomes: Sequence[Outcome | None]) -> None:
    for number, (cell, outcome) in enumerate(zip(cells, outcomes, strict=True)):
        if outcome is None:
            continue
        folder = cell.folder(place)
        folder.mkdir(parents=True)
        if outcome.has_image:
            grey = np.full((1, 3, 32, 32), 0.2 * (number + 1), np.float32)
            save_image(folder / "image.png", grey)
        write_outcome(folder, outcome, dict(cell.settings))


def scored(mean: float) -> Outcome:
    later = replace(STEP, step=2, loss=0.05, seconds=1.0)
    score = CellScore(mean, (mean, mean), 0.4, 0.05, 0.06, 4 * mean, 2 * mean, 0.1, 0.6)
    return replace(DONE, history=(STEP, later), score=score)


GRID = (scored(0.25), scored(0.125), scored(0.5), REFUSED)


@pytest.fixture(scope="module")
def place(asked: tuple[Study, list[Cell]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results and their report; tests only read them."""
    place = tmp_path_factory.mktemp("out")
    keep(asked[1], place, GRID)
    write_report(*asked, place)
    return place


def test_the_page_is_whole_in_itself(place: Path) -> None:
    page = Page((place / "report.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert "link" not in page.tags
    beside = {"results.csv", "sheet.png"}
    assert all(one.startswith("data:image/") or one in beside for one in page.addresses)
    # Two exemplars, three results, two plots.
    assert page.tags.count("img") == 7
    style = (place / "report.html").read_text(encoding="utf-8").partition("</style>")[0]
    assert "prefers-color-scheme: dark" in style
    assert "url(" not in style


def test_the_page_says_what_was_asked_and_what_came_of_it(place: Path) -> None:
    text = Page((place / "report.html").read_text(encoding="utf-8")).text
    assert "Tiny & small" in text
    assert "Is <this> a question?" in text
    assert "mean, of course" in text
    assert "the first moment" in text
    assert "not here: the weights of <vgg19> cannot be had" in text
    assert "structure 0.38 · score 0.125" in text
    assert "2 × 2 runs, 1 of them without an image" in text
    assert "matplotlib" not in text
    assert "quick look" not in text


def closest(place: Path) -> list[str]:
    """Return the figures of a page that are marked, from top to bottom."""
    page = (place / "report.html").read_text(encoding="utf-8")
    return re.findall(r'<td class="score best"[^>]*>([\d.]+)', page)


def test_the_closest_of_a_row_is_marked_by_structure_and_by_grain(place: Path) -> None:
    assert closest(place) == ["0.38", "0.125"], "a row with one score has nothing to compare"


def test_the_closest_of_a_row_may_be_another_for_the_eye(
    asked: tuple[Study, list[Cell]], tmp_path: Path
) -> None:
    fine = replace(DONE, score=CellScore(0.1, (0.1,), 0.4, 0.05, 0.06, 0.9, 0.8, 0.0, 0.5))
    seen = replace(DONE, score=CellScore(0.2, (0.2,), 0.4, 0.05, 0.06, 0.7, 0.6, 0.0, 0.5))
    keep(asked[1], tmp_path, (fine, seen, None, None))
    write_report(*asked, tmp_path)
    assert closest(tmp_path) == ["0.65", "0.100"]


def test_where_no_structure_was_judged_the_page_has_the_other_figures(
    asked: tuple[Study, list[Cell]], tmp_path: Path
) -> None:
    keep(asked[1], tmp_path, (DONE, REFUSED, DONE, REFUSED))
    write_report(*asked, tmp_path)
    text = Page((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "score 0.200" in text
    assert "structure" not in text


def test_the_table_has_a_row_for_every_cell(asked: tuple[Study, list[Cell]], place: Path) -> None:
    with (place / "results.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames is not None
    options = list(asked[1][0].settings)
    assert reader.fieldnames[-len(options) :] == options, "no other column has an option's name"
    assert [(row["exemplar"], row["variant"], row["status"]) for row in rows] == [
        ("stone.png", "Gram", "done"),
        ("stone.png", "mean, of course", "done"),
        ("moss.png", "Gram", "done"),
        ("moss.png", "mean, of course", "refused"),
    ]
    assert rows[3]["message"] == REFUSED.message
    assert rows[3]["seconds"] == rows[3]["score"] == rows[3]["covers"] == rows[3]["image"] == ""
    first = rows[0]
    assert (first["first_loss"], first["last_loss"], first["steps_taken"]) == ("0.125", "0.05", "2")
    assert (first["plausible"], first["covers"], first["copied"]) == ("1.0", "0.5", "0.1")
    assert (first["score"], first["score_1/1"], first["score_1/2"]) == ("0.25", "0.25", "0.25")
    assert (first["score_floor"], first["spectrum"]) == ("0.05", "0.4")
    assert (first["loss"], first["layers"], first["size"]) == ("gram", "conv1_1,conv2_1", "")
    assert (place / first["image"]).is_file()


def test_the_sheet_has_the_exemplars_and_a_place_for_every_cell(place: Path) -> None:
    height, width = load_image(place / "sheet.png").shape[2:]
    assert width > 3 * 32
    assert height > 2 * 32


def test_the_same_results_give_the_same_files(
    asked: tuple[Study, list[Cell]], place: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    keep(asked[1], again, GRID)
    write_report(*asked, again)
    names = sorted(path.name for path in place.iterdir() if path.is_file())
    assert names == [
        "curves-moss.png",
        "curves-stone.png",
        "report.html",
        "results.csv",
        "sheet.png",
    ]
    for name in names:
        assert (again / name).read_bytes() == (place / name).read_bytes(), name


def test_cells_not_run_yet_are_shown_as_such(
    asked: tuple[Study, list[Cell]], tmp_path: Path
) -> None:
    keep(asked[1], tmp_path, (scored(0.25), None, None, None))
    results = write_report(*asked, tmp_path)
    assert [one.outcome.status for one in results].count("not run yet") == 3
    assert Page((tmp_path / "report.html").read_text()).text.count("not run yet") >= 3


def test_a_quick_look_and_an_image_too_small_for_a_score_are_called_so(
    asked: tuple[Study, list[Cell]], tmp_path: Path
) -> None:
    keep(asked[1], tmp_path, (replace(DONE, score=None),) * 4)
    write_report(*asked, tmp_path, quick=True)
    text = Page((tmp_path / "report.html").read_text()).text
    assert "quick look" in text
    assert text.count("no score") == 4


def test_without_matplotlib_the_page_has_no_curves_and_says_so(
    asked: tuple[Study, list[Cell]],
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Path(shutil.copytree(place, tmp_path / "out"))
    monkeypatch.setattr(report_module, "can_plot", lambda: False)
    write_report(*asked, place)
    text = (place / "report.html").read_text(encoding="utf-8")
    assert Page(text).tags.count("img") == 5
    assert "texonnx[plot]" in text
    assert not list(place.glob("curves-*"))


def test_a_long_sentence_fits_the_place_of_a_missing_image() -> None:
    image = pictures.notice("the weights of vgg19 cannot be had " * 20, 64, 96)
    assert image.shape == (1, 3, 64, 96)
    paper = image[0, :, 0, 0]
    assert np.array_equal(image[0, :, -1, :], np.repeat(paper[:, np.newaxis], 96, axis=1))
    assert (image != paper[:, np.newaxis, np.newaxis]).any()


def test_noise_is_an_image_for_the_page_too() -> None:
    noise = np.random.default_rng(0).random((1, 3, 256, 256), dtype=np.float32)
    content, width, height = pictures.as_jpeg(noise.round())
    assert (width, height) == (256, 256)
    assert len(content) > 65536


def test_an_image_of_the_page_is_of_web_size() -> None:
    content, width, height = pictures.as_jpeg(np.zeros((1, 3, 600, 1200), np.float32))
    assert (width, height) == (512, 256)
    assert content.startswith(b"\xff\xd8")
