"""A run that is killed goes on to the image it would have made; a picture is made again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.commands import SMALL, Texonnx, assert_refused, command, everything_below, run_process
from support.limits import LONGEST_WAIT, wait_until

from texonnx.images import load_image, read_metadata, save_image
from texonnx.optimizers import OPTIMIZERS
from texonnx.run import checkpoint

TWO_SCALES = ("--exemplar-size", "64", "--steps", "24,6")
DRAWN = ("--weights", "drawn", "--layers", "conv1_1,conv2_1")
ALWAYS = ("--checkpoint", "kept", "--checkpoint-every", "1e-9", "--quiet")
WAYS: dict[str, tuple[str, ...]] = {
    **{name: ("--optimizer", name) for name in OPTIMIZERS},
    "emd": ("--loss", "emd"),
    "emd, adam": ("--loss", "emd", "--optimizer", "adam"),
    "swd": ("--loss", "swd"),
    "swd, adam": ("--loss", "swd", "--optimizer", "adam"),
    "gan": ("--loss", "gan"),
    "until": ("--until", "0.2"),
    "two": ("stone.png",),
}


TIMES = 3
"""That a run is stopped."""


class Killed(BaseException):
    """As abrupt as can be, within a process: nothing that catches errors catches it."""


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_is_stopped_goes_on_to_the_same_image(
    way: str,
    texonnx: Texonnx,
    exemplar: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ("synth", exemplar, *WAYS[way], *SMALL, *TWO_SCALES)
    assert texonnx(*words, "-o", "whole.png", "--history", "whole.json", "-q").code == 0
    kept = checkpoint.Checkpoint.save
    saves = 0

    def save(self: checkpoint.Checkpoint, run: checkpoint.Kept) -> None:
        nonlocal saves
        kept(self, run)
        saves += 1
        if saves % 9 == 0 and saves // 9 <= TIMES:
            raise Killed

    monkeypatch.setattr(checkpoint.Checkpoint, "save", save)
    first = (*words, "-o", "out.png", "--history", "out.json", *ALWAYS)
    for attempt in range(TIMES):
        arguments = first if attempt == 0 else ("resume", "kept", "-q")
        try:
            assert texonnx(*arguments).code == 0
        except Killed:
            continue
        break  # it keeps itself too seldom to be killed so often
    if not (tmp_path / "out.png").exists():
        assert texonnx("resume", "kept", "-q").code == 0
    np.testing.assert_array_equal(
        load_image(tmp_path / "out.png"), load_image(tmp_path / "whole.png")
    )
    histories = [json.loads((tmp_path / name).read_text()) for name in ("whole.json", "out.json")]
    for history in histories:
        for step in history:
            del step["seconds"]
    assert histories[0] == histories[1]
    assert not (tmp_path / "kept").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_process_that_is_killed_goes_on_from_where_it_was(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    words = ("synth", exemplar, *DRAWN, "--exemplar-size", "64", "--steps", "400,12")
    assert run_process(command(*words, "-o", "whole.png", "-q"), tmp_path, drawn_once).code == 0
    process = subprocess.Popen(
        command(*words, "-o", "out.png", *ALWAYS),
        cwd=tmp_path,
        env=os.environ | drawn_once,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until((tmp_path / "kept" / "run.npz").exists, "a run that is kept", process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LONGEST_WAIT)
    assert not (tmp_path / "out.png").exists()
    done = run_process(command("resume", "kept"), tmp_path, drawn_once)
    assert done.code == 0, done.err
    assert "went on from a run that was stopped after" in done.out
    np.testing.assert_array_equal(
        load_image(tmp_path / "out.png"), load_image(tmp_path / "whole.png")
    )
    assert set(everything_below(tmp_path)) == {"stone.png", "out.png", "whole.png"}


def test_the_same_command_goes_on_too_and_another_is_refused(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("synth", exemplar, *SMALL, *TWO_SCALES, "-o", "out.png", *ALWAYS[:-1])
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint.Checkpoint, "due", property(_stopping))
        with pytest.raises(Killed):
            texonnx(*words)
    told = assert_refused(texonnx(*words, "--seed", "3"))
    assert "'kept' keeps another run; go on with it by 'texonnx resume kept'" in told
    outcome = texonnx(*words)
    assert outcome.code == 0
    assert "went on from a run that was stopped after " in outcome.out


def _stopping(_: checkpoint.Checkpoint) -> bool:
    raise Killed


def test_a_run_is_kept_by_itself_in_the_cache_and_only_after_a_while(
    texonnx: Texonnx,
    exemplar: Path,
    tmp_path: Path,
    cache_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ("synth", exemplar, *SMALL, *TWO_SCALES, "-q")
    assert texonnx(*words, "-o", "whole.png").code == 0
    assert list(cache_root.rglob("run.npz")) == []
    kept = checkpoint.Checkpoint.save

    def save(self: checkpoint.Checkpoint, run: checkpoint.Kept) -> None:
        kept(self, run)
        raise Killed

    words = (*words, "--checkpoint-every", "1e-9")
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint.Checkpoint, "save", save)
        with pytest.raises(Killed):
            texonnx(*words)
    [run] = cache_root.rglob("run.npz")
    assert run.parent.parent == cache_root / "runs"
    assert set(everything_below(tmp_path)) == {"stone.png", "whole.png"}
    assert texonnx("resume", "-q").code == 0
    np.testing.assert_array_equal(
        load_image(tmp_path / "stone-gram.png"), load_image(tmp_path / "whole.png")
    )
    assert list(cache_root.rglob("run.npz")) == []


def test_what_took_the_place_of_a_killed_run_is_not_replaced(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("synth", exemplar, *SMALL, *TWO_SCALES, "-q")
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint.Checkpoint, "due", property(_stopping))
        with pytest.raises(Killed):
            texonnx(*words, "--checkpoint", "kept")
    assert texonnx(*words, "--seed", "5").code == 0
    other = (tmp_path / "stone-gram.png").read_bytes()
    assert texonnx("resume", "kept", "-q").code == 0
    assert (tmp_path / "stone-gram.png").read_bytes() == other
    assert texonnx(*words, "-o", "whole.png").code == 0
    np.testing.assert_array_equal(
        load_image(tmp_path / "stone-gram-2.png"), load_image(tmp_path / "whole.png")
    )


def test_a_cache_that_cannot_be_written_costs_nothing(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, cache_root: Path
) -> None:
    (cache_root / "runs").write_text("no folder")
    words = ("synth", exemplar, *SMALL, *TWO_SCALES, "-o", "out.png", "--checkpoint-every", "1e-9")
    assert texonnx(*words, "-q").code == 0
    assert (tmp_path / "out.png").exists()


def test_a_folder_in_use_is_refused(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> None:
    with_folder = checkpoint.Checkpoint(checkpoint.Keep(tmp_path / "kept"), {})
    words = ("synth", exemplar, *SMALL, *TWO_SCALES, "-o", "out.png", *ALWAYS)
    assert "another process keeps its run in 'kept'" in assert_refused(texonnx(*words))
    with_folder.remove()
    assert texonnx(*words).code == 0


@pytest.mark.parametrize("content", [None, b"", b"PK no run", b"\x93NUMPY"])
def test_a_folder_without_a_run_is_refused(
    content: bytes | None, texonnx: Texonnx, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    if content is not None:
        (tmp_path / "kept" / "run.npz").write_bytes(content)
    assert "'kept'" in assert_refused(texonnx("resume", "kept"))
    if content is None:
        assert "no run is kept" in assert_refused(texonnx("resume"))


# Replay


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_picture_is_made_again(
    suffix: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    words = ("--loss", "emd", "--seed", "5", *SMALL, "--exemplar-size", "32", "--steps", "3")
    assert texonnx("synth", exemplar, *words, "-o", f"made{suffix}").code == 0
    outcome = texonnx("replay", f"made{suffix}", "-o", f"again{suffix}")
    assert (outcome.code, [line for line in outcome.err.splitlines() if "differs" in line]) == (
        0,
        [],
    )
    made, again = (load_image(tmp_path / f"{name}{suffix}") for name in ("made", "again"))
    np.testing.assert_array_equal(made, again)


def test_what_is_not_as_it_was_is_told_and_what_is_set_is_otherwise(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    words = (*SMALL, "--exemplar-size", "32", "--steps", "3")
    assert texonnx("synth", exemplar, *words, "-o", "made.png").code == 0
    assert texonnx("synth", exemplar, *words, "--seed", "7", "-o", "seven.png").code == 0
    assert texonnx("replay", "made.png", "--set", "seed=7").code == 0
    np.testing.assert_array_equal(
        load_image(tmp_path / "made-again.png"), load_image(tmp_path / "seven.png")
    )
    save_image(exemplar, 1 - load_image(exemplar))
    outcome = texonnx("replay", "made.png", "-o", "other.png")
    assert outcome.code == 0
    assert "differs: exemplar: " in outcome.err
    with_other = load_image(tmp_path / "other.png")
    assert not np.array_equal(with_other, load_image(tmp_path / "made.png"))


def test_a_transfer_is_made_again_from_files_beside_the_picture(
    texonnx: Texonnx, exemplar: Path, content: Path, tmp_path: Path
) -> None:
    words = (*SMALL, "--content-layers", "conv2_1", "--size", "32", "--steps", "2")
    assert texonnx("transfer", content, exemplar, *words, "-o", "made.png").code == 0
    (tmp_path / "moved").mkdir()
    for name in ("made.png", exemplar.name, content.name):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert texonnx("replay", Path("moved", "made.png"), "-o", "again.png").code == 0
    np.testing.assert_array_equal(
        load_image(tmp_path / "moved" / "made.png"), load_image(tmp_path / "again.png")
    )


def test_a_recipe_tells_no_folders(texonnx: Texonnx, exemplar: Path, tmp_path: Path) -> None:
    words = (*SMALL, "--exemplar-size", "32", "--steps", "2")
    assert texonnx("synth", exemplar, *words, "-o", "made.png").code == 0
    recipe = read_metadata(tmp_path / "made.png")["Recipe"]
    assert str(tmp_path) not in recipe
    told = json.loads(recipe)
    assert told["options"]["exemplar"][0]["file"] == exemplar.name
    assert told["versions"]["texonnx"] and told["weights_digest"] and told["engine"]


@pytest.mark.parametrize(
    ("verb", "change", "size"),
    [
        (("transfer", "town.png", "stone.png", "--content-layers", "conv2_1", "--size", "32"),
         "size=40", (40, 53)),
        (("reconstruct", "town.png", "--layer", "conv2_1", "--size", "32"), "size=40", (40, 53)),
        (("retile", "stone.png"), "band=12", None),
        (("tile", "stone.png", "--exemplar-size", "32"), "tile=x", (32, 32)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and isinstance(value[0], str) else "",
)  # fmt: skip
def test_what_is_set_is_of_the_pictures_own_verb(
    verb: tuple[str, ...],
    change: str,
    size: tuple[int, int] | None,
    texonnx: Texonnx,
    exemplar: Path,
    content: Path,
    tmp_path: Path,
) -> None:
    """A size is a number of a transfer, and height and width of a texture."""
    words = ("--weights", "random:0", "--steps", "2")
    layers = () if verb[0] == "reconstruct" else ("--layers", "conv1_1,conv2_1")
    assert texonnx(*verb, *words, *layers, "-o", "made.png").code == 0
    outcome = texonnx("replay", "made.png", "--set", change, "-o", "other.png")
    assert outcome.code == 0, outcome
    made = load_image(tmp_path / "other.png")
    assert made.shape[2:] == (size or load_image(exemplar).shape[2:])


REFUSED = {
    "no recipe": (("replay", "stone.png"), "does not tell how it was made"),
    "no picture": (("replay", "none.png"), "'none.png'"),
    "no sign": (("replay", "made.png", "--set", "seed"), "--set takes OPTION=VALUE, not 'seed'"),
    "no option": (("replay", "made.png", "--set", "sead=1"), "did you mean 'seed'"),
    "no number": (("replay", "made.png", "--set", "seed=one"), "'one' is no value for seed"),
    "no loss": (("replay", "made.png", "--set", "loss=grma"), "'grma'"),
}


@pytest.mark.parametrize(("words", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_made_again_is_refused(
    words: tuple[str, ...], told: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    made = ("synth", exemplar, *SMALL, "--exemplar-size", "32", "--steps", "1", "-o", "made.png")
    assert texonnx(*made).code == 0
    assert told in assert_refused(texonnx(*words))
