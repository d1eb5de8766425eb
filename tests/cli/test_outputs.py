"""What the verbs that make an image write beside it: animations, curves, steps, histories."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest
from support.commands import SMALL, Outcome, Texonnx, assert_refused, everything_below

from texonnx.images import load_image

GIVEN = {"stone.png", "town.png"}
SHORT = ("--steps", "4", "--scales", "2", "--optimizer", "adam")
VERBS = {
    "synth": ("synth", "stone.png", *SMALL, "--exemplar-size", "32", *SHORT),
    "transfer": (
        "transfer", "town.png", "stone.png", *SMALL, "--content-layers", "conv2_1", "--size", "32",
        *SHORT,
    ),
    "reconstruct": (
        "reconstruct", "town.png", "--weights", "random:0", "--layer", "conv2_1", "--size", "32",
        *SHORT,
    ),
}  # fmt: skip
SIZES = {"synth": (32, 32), "transfer": (43, 32), "reconstruct": (43, 32)}


@pytest.fixture(params=VERBS)
def verb(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(verb: str, texonnx: Texonnx, exemplar: Path, content: Path) -> Texonnx:
    """Run a verb with ``out.png`` as its output and `arguments` behind."""

    def run(*arguments: str | Path) -> Outcome:
        return texonnx(*VERBS[verb], "-o", "out.png", *arguments)

    return run


def files(folder: Path) -> set[str]:
    return set(everything_below(folder)) - GIVEN


@pytest.mark.parametrize("name", ["run.gif", "run.webp"])
def test_an_animation_goes_from_the_first_step_to_the_result(
    name: str, verb: str, make: Texonnx, tmp_path: Path
) -> None:
    assert make("--animate", name).code == 0
    assert files(tmp_path) == {"out.png", name}
    with PIL.Image.open(tmp_path / name) as animation:
        assert animation.format == Path(name).suffix[1:].upper()
        assert animation.size == SIZES[verb]
        assert 3 <= animation.n_frames <= 9  # 2 scales of 4 steps, and the result


def test_a_preview_is_the_image_three_times_across_and_down(make: Texonnx, tmp_path: Path) -> None:
    assert make("--preview", "preview.png").code == 0
    image = load_image(tmp_path / "out.png")
    preview = load_image(tmp_path / "preview.png")
    height, width = image.shape[2:]
    assert preview.shape[2:] == (3 * height, 3 * width)
    assert (preview[:, :, height : 2 * height, 2 * width :] == image).all()
    assert "two of the outputs" in assert_refused(make("--preview", "out.png"))
    assert_refused(make("--preview", "preview.txt"))


@pytest.mark.parametrize("name", ["curves.png", "curves.svg"])
def test_curves_are_drawn_of_the_loss_and_its_parts(
    name: str, verb: str, make: Texonnx, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    assert make("--plot", name).code == 0
    assert files(tmp_path) == {"out.png", name}
    if name.endswith(".png"):
        assert min(load_image(tmp_path / name).shape[2:]) > 300
    else:
        assert (tmp_path / name).read_text().count("<svg") == 1


def test_steps_are_saved_beside_the_output(verb: str, make: Texonnx, tmp_path: Path) -> None:
    assert make("--save-every", "3").code == 0
    assert files(tmp_path) == {"out.png", "out-1-0003.png", "out-2-0003.png"}
    width, height = SIZES[verb]
    assert load_image(tmp_path / "out-2-0003.png").shape == (1, 3, height, width)


def test_a_history_has_a_row_for_each_step(make: Texonnx, tmp_path: Path) -> None:
    assert make("--history", "h.csv").code == 0
    assert len((tmp_path / "h.csv").read_text().splitlines()) == 1 + 8


def test_all_of_them_may_be_had_at_once(make: Texonnx, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    outcome = make(
        "--animate", "a.webp", "--plot", "p.svg", "--history", "h.json", "--save-every", "4", "-q"
    )
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert files(tmp_path) == {
        "out.png", "a.webp", "p.svg", "h.json", "out-1-0004.png", "out-2-0004.png"
    }  # fmt: skip


REFUSED = {
    "animation's suffix": (("--animate", "a.mp4"), "'.mp4'"),
    "animation without suffix": (("--animate", "a"), "'a'"),
    "animation's folder": (("--animate", "no/such/a.gif"), "'no/such/a.gif'"),
    "plot's suffix": (("--plot", "p.pdf"), "'.pdf'"),
    "plot's folder": (("--plot", "no/such/p.png"), "'no/such/p.png'"),
    "history's suffix": (("--history", "h.xlsx"), "'h.xlsx'"),
    "output's suffix": (("-o", "out.gif"), "'.gif'"),
    "plot in the image's place": (("--plot", "out.png"), "'out.png'"),
    "animation in the image's place": (("-o", "a.webp", "--animate", "a.webp"), "'a.webp'"),
    "save-every": (("--save-every", "-1"), "--save-every must be 1 or more, not -1"),
}


@pytest.mark.parametrize(("arguments", "told"), REFUSED.values(), ids=REFUSED)
def test_what_could_not_be_written_is_refused_before_the_run(
    arguments: tuple[str, ...], told: str, make: Texonnx, tmp_path: Path
) -> None:
    if "--plot" in arguments:
        pytest.importorskip("matplotlib")
    assert told in assert_refused(make(*arguments))
    assert files(tmp_path) == set()


def test_an_interrupted_run_leaves_all_that_it_was_asked_for(
    make: Texonnx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    from texonnx.cli.progress import RunProgress

    monkeypatch.setattr(RunProgress, "show", _interrupt_at_step_2)
    outputs = ("--animate", "a.gif", "--plot", "p.png", "--history", "h.json")
    outcome = make(*outputs)
    assert outcome.code == 130
    assert "Traceback" not in outcome.err
    assert "interrupted; the image so far" in outcome.err
    assert files(tmp_path) == {"out.png", "a.gif", "p.png", "h.json"}


def _interrupt_at_step_2(_: object, step: object) -> None:
    if getattr(step, "step", 0) == 2:
        raise KeyboardInterrupt


def test_a_run_that_ends_before_its_first_step_has_no_curves(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("texonnx.run.course.optimise", interrupt)
    outcome = texonnx(*VERBS["synth"], "-o", "out.png", "--plot", "p.png", "--history", "h.json")
    assert outcome.code == 130
    assert files(tmp_path) == {"out.png", "h.json"}
    assert (tmp_path / "h.json").read_text().strip() == "[]"
