"""The studies in the repository's ``studies/``: all of them can be run as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from texonnx.studies import cells_of, load_study

STUDIES = Path(__file__).parents[2] / "studies"
FILES = sorted(STUDIES.glob("*.toml"))


def test_every_question_has_its_study() -> None:
    assert {path.name[:2] for path in FILES} == {f"{number:02}" for number in range(1, 10)}


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_it_says_what_is_accepted_in_full_and_for_a_quick_look(path: Path) -> None:
    study = load_study(path)
    assert study.question
    whole, quick = cells_of(study), cells_of(study, quick=True)
    assert len(whole) == len(quick) == len(study.subjects) * len(study.variants)
    # No two columns are the same run, and a quick look is another run than the whole.
    assert len({cell.digest for cell in (*whole, *quick)}) == 2 * len(whole)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_readme_names_it(path: Path) -> None:
    assert path.stem.partition("-")[0] in (STUDIES / "README.md").read_text(encoding="utf-8")


def test_all_of_them_take_less_than_three_hours_on_two_cores() -> None:
    cells = [cell for path in FILES for cell in cells_of(load_study(path))]
    # About 16 s each on two cores at 256x256; EMD and the discriminator take longer.
    assert 16 * len(cells) < 3 * 3600
