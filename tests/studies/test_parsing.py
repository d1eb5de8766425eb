"""The TOML of a study: what it says, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from texonnx.errors import OptionError
from texonnx.studies import cells_of, load_study

from .conftest import TINY, TWO_BY_TWO, write_study


def test_a_study_has_what_its_file_says(folder: Path) -> None:
    study = load_study(write_study(folder))
    assert study.name == "tiny.toml"
    assert study.title == "Tiny & small"
    assert study.verb.name == "synth"
    assert [subject.label for subject in study.subjects] == ["stone", "moss"]
    assert study.subjects[1].images == ((folder / "moss.png").resolve(),)
    assert [(one.label, one.note) for one in study.variants] == [
        ("Gram", ""),
        ("mean, of course", "the first moment"),
    ]
    assert study.variants[1].options == {"loss": "mean"}


def test_without_variants_there_is_one_column(folder: Path) -> None:
    study = load_study(write_study(folder, 'exemplars = ["stone.png"]'))
    assert [(one.label, one.options) for one in study.variants] == [("synth", {})]
    assert study.title == "tiny"


def test_a_grid_makes_a_column_of_every_combination(folder: Path) -> None:
    grid = '[grid]\nloss = ["gram", "emd"]\nactivation_scale = [true, false]'
    study = load_study(write_study(folder, ONE + grid))
    assert [one.label for one in study.variants] == [
        "loss gram, activation scale on",
        "loss gram, activation scale off",
        "loss emd, activation scale on",
        "loss emd, activation scale off",
    ]
    assert study.variants[3].options == {"loss": "emd", "activation_scale": False}


def test_a_grid_multiplies_the_variants(folder: Path) -> None:
    study = load_study(write_study(folder, TWO_BY_TWO + "[grid]\nsteps = [[2, 1], 3]"))
    assert [one.label for one in study.variants] == [
        "Gram, steps 2,1", "Gram, steps 3",
        "mean, of course, steps 2,1", "mean, of course, steps 3",
    ]  # fmt: skip


@pytest.mark.parametrize(("images", "place"), [(None, "images"), ("pictures", "pictures")])
def test_images_are_found_in_the_folder_that_is_named(
    images: str | None, place: str, folder: Path
) -> None:
    (folder / place).mkdir()
    (folder / "stone.png").rename(folder / place / "rock.png")
    line = f'images = "{images}"\n' if images else ""
    study = load_study(write_study(folder, f'{line}exemplars = ["rock.png", "moss.png"]'))
    assert [subject.label for subject in study.subjects] == ["rock", "moss"]


def test_one_number_is_a_square(folder: Path) -> None:
    study = load_study(write_study(folder, 'exemplars = ["moss.png"]\n[options]\nsize = 48'))
    assert study.options == {"size": [48, 48]}


ONE = 'exemplars = ["stone.png"]\n'
REFUSED = {
    "not TOML": ("title = ", "is not a TOML file"),
    "an unknown key": (f'{ONE}verbs = "synth"', "unknown key 'verbs' (did you mean 'verb'?)"),
    "a key of another type": (f"{ONE}title = 3", "title is text in quotes, not 3"),
    "an unknown verb": (f'{ONE}verb = "sinth"', "(did you mean 'synth'?)"),
    "no image": ('title = "x"', "exemplars names no image"),
    "an image that is not there": ('exemplars = ["rock.png"]', "there is no image 'rock.png' in"),
    "a pair for one": ('exemplars = [["stone.png", "moss.png"]]', "each of exemplars is a name"),
    "the same image twice": ('exemplars = ["stone.png", "stone.png"]', "called 'stone'"),
    "a variant without a label": (f'{ONE}[[variants]]\nloss = "emd"', "variant 1 has no label"),
    "the same label twice": (
        f'{ONE}[[variants]]\nlabel = "a"\n[[variants]]\nlabel = "a"',
        "two variants are labelled 'a'",
    ),
    "a note that is no text": (f'{ONE}[[variants]]\nlabel = "a"\nnote = 1', "note is text"),
    "an unknown option": (
        f'{ONE}[[variants]]\nlabel = "a"\nlayer_weight = "equal"',
        "variant 'a': unknown synth option 'layer_weight' (did you mean 'layer_weights'?)",
    ),
    "a callback": (f'{ONE}[options]\non_step = "x"', "[options]: unknown synth option 'on_step'"),
    "an option of another type": (
        f'{ONE}[quick]\nsteps = "8"',
        "[quick]: steps is a whole number or a list of whole numbers, not '8'",
    ),
    "a grid without values": (f"{ONE}[grid]\nloss = []", "[grid]: loss is a list of values"),
    "a grid of one value": (f'{ONE}[grid]\nloss = "emd"', "[grid]: loss is a list of values"),
}


@pytest.mark.parametrize(("text", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_accepted_is_one_sentence(text: str, hint: str, folder: Path) -> None:
    with pytest.raises(OptionError) as error:
        load_study(write_study(folder, text))
    assert hint in str(error.value)
    assert "tiny.toml" in str(error.value)


def test_a_file_that_is_not_there_is_one_sentence(folder: Path) -> None:
    with pytest.raises(OptionError, match="there is no study"):
        load_study(folder / "none.toml")


VALUES = {
    "loss": ('loss = "grma"', "did you mean 'gram'"),
    "layers": ('layers = "conv9_1"', "conv9_1"),
    "layer weights": ('layer_weights = "linaer"', "linear"),
    "padding": ('padding = "zero"', "did you mean 'zeros'"),
    "optimizer": ('optimizer = "adm"', "did you mean 'adam'"),
    "a learning rate of L-BFGS": ('optimizer = "lbfgs"\nlr = 0.1', "takes no learning rate"),
    "engine": ('engine = "fast"', "unknown engine 'fast'"),
    "provider": ('provider = "cdua"', "did you mean 'cuda'"),
    "precision": ('precision = "fp8"', "unknown precision"),
    "memory": ('memory = "lo"', "unknown memory use 'lo'"),
    "init": ('init = "noice"', "did you mean 'noise'"),
    "steps": ("steps = [3, 0]", "1 or more, not 0"),
}


@pytest.mark.parametrize(("line", "hint"), VALUES.values(), ids=VALUES)
def test_a_value_that_would_be_refused_is_refused_before_anything_runs(
    line: str, hint: str, folder: Path
) -> None:
    study = load_study(write_study(folder, f'{ONE}[[variants]]\nlabel = "bad one"\n{line}'))
    with pytest.raises(OptionError) as error:
        cells_of(study)
    assert str(error.value).startswith("tiny.toml, variant 'bad one': ")
    assert hint in str(error.value)


def test_values_for_a_quick_look_are_checked_when_they_are_used(folder: Path) -> None:
    study = load_study(write_study(folder, ONE + TINY + "[quick]\nsteps = 0"))
    assert len(cells_of(study)) == 1
    with pytest.raises(OptionError, match="1 or more, not 0"):
        cells_of(study, quick=True)
