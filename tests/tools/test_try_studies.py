"""The tool that tries every study: with one exemplar each, and a failure for what is broken."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest
from try_studies import main

STUDY = """
title = "Small"
question = "Does it run?"
exemplars = ["first.png", "second.png"]
[options]
weights = "random:0"
layers = "conv1_1"
[quick]
exemplar_size = 32
steps = 1
[[variants]]
label = "gram"
{options}
"""


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    for name in ("first.png", "second.png"):
        PIL.Image.effect_noise((32, 32), 60).convert("RGB").save(tmp_path / name)
    return tmp_path


def test_a_study_is_tried_with_its_first_exemplar_alone(
    studies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (studies / "good.toml").write_text(STUDY.format(options=""))
    place = studies / "out"
    assert main([str(studies), str(place)]) == 0
    assert capsys.readouterr().out == "good: 1 of 1\n"
    assert len(list(place.glob("cells/*/image.png"))) == 1
    assert "first.png" in (place / "report.html").read_text()


def test_a_study_of_which_nothing_can_be_made_fails(
    studies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (studies / "bad.toml").write_text(STUDY.format(options='weights = "absent.npz"'))
    assert main([str(studies), str(studies / "out")]) == 1
    assert capsys.readouterr().out.startswith("bad: 0 of 1\n")


def test_a_folder_without_studies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), str(tmp_path / "out")])
    assert ended.value.code == 2
