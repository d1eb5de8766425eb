"""Cells and their digests: what makes a result another one, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from texonnx.images import load_image, save_image
from texonnx.studies import Cell, cells, cells_of, load_study

from .conftest import TWO_BY_TWO, write_study


def the_cells(folder: Path, text: str = TWO_BY_TWO, quick: bool = False) -> list[Cell]:
    return cells_of(load_study(write_study(folder, text)), quick)


def digests(folder: Path, text: str = TWO_BY_TWO, quick: bool = False) -> list[str]:
    return [cell.digest for cell in the_cells(folder, text, quick)]


def test_cells_come_row_by_row_with_all_their_settings(folder: Path) -> None:
    found = the_cells(folder)
    assert [cell.label for cell in found] == [
        "stone, Gram", "stone, mean, of course", "moss, Gram", "moss, mean, of course"
    ]  # fmt: skip
    assert found[1].settings["loss"] == "mean"
    assert found[1].settings["exemplar_size"] == 32
    assert found[1].settings["padding"] == "auto"
    assert "on_step" not in found[1].settings
    assert len({cell.digest for cell in found}) == 4


@pytest.mark.parametrize(
    "change",
    [
        ("question", "findings"),
        ('label = "Gram"', 'label = "Gatys"'),
        ("the first moment", "mu"),
        ('label = "Gram"', 'label = "Gram"\nloss = "gram"'),
    ],
    ids=["text", "a label", "a note", "a default written out"],
)
def test_words_and_defaults_do_not_make_another_result(
    change: tuple[str, str], folder: Path
) -> None:
    assert digests(folder, TWO_BY_TWO.replace(*change)) == digests(folder)


def test_an_option_makes_other_results_of_its_column_alone(folder: Path) -> None:
    before = digests(folder)
    after = digests(folder, TWO_BY_TWO.replace('loss = "mean"', 'loss = "cov"'))
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False] * 2


def test_an_image_makes_other_results_of_its_row_alone(folder: Path) -> None:
    before = digests(folder)
    save_image(folder / "stone.png", 1 - load_image(folder / "stone.png"))
    after = digests(folder)
    assert [old == new for old, new in zip(before, after, strict=True)] == [False] * 2 + [True] * 2


def test_another_version_makes_other_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digests(folder)
    monkeypatch.setattr(cells, "__version__", "another")
    assert not set(before) & set(digests(folder))


def test_a_folder_elsewhere_has_the_same_results(folder: Path) -> None:
    before = digests(folder)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    for name in ("stone.png", "moss.png"):
        (folder / name).rename(elsewhere / name)
    assert digests(elsewhere) == before


def test_the_first_image_is_found_beside_the_study_and_counts_by_what_it_holds(
    folder: Path,
) -> None:
    text = TWO_BY_TWO.replace("steps = 2", 'steps = 2\ninit = "moss.png"')
    [first, *_] = the_cells(folder, text)
    assert first.settings["init"] == str((folder / "moss.png").resolve())
    save_image(folder / "moss.png", 1 - load_image(folder / "moss.png"))
    assert the_cells(folder, text)[0].digest != first.digest


def test_a_quick_look_replaces_the_options_of_all(folder: Path) -> None:
    text = TWO_BY_TWO.replace('loss = "mean"', 'loss = "mean"\nsteps = 9') + "[quick]\nsteps = 1"
    assert [cell.settings["steps"] for cell in the_cells(folder, text)] == [2, 9, 2, 9]
    assert [cell.settings["steps"] for cell in the_cells(folder, text, quick=True)] == [1] * 4


def test_the_folder_of_a_result_is_readable_and_outlives_a_new_label(
    folder: Path, tmp_path: Path
) -> None:
    cell = the_cells(folder)[1]
    place = cell.folder(tmp_path / "out")
    assert place.name == f"stone-mean-of-course-{cell.digest}"
    place.mkdir(parents=True)
    renamed = the_cells(folder, TWO_BY_TWO.replace("mean, of course", "mu"))[1]
    assert renamed.folder(tmp_path / "out") == place
