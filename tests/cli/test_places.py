"""Where outputs go: never over what was given, never lost, and through pipes."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
import tifffile
from support.commands import SHORT, SMALL, Texonnx, assert_refused, command, everything_below
from support.limits import LONGEST_WAIT

from texonnx.cli import places
from texonnx.errors import ImageError
from texonnx.images import load_image, read_metadata, save_image, writing

WORDS = (*SMALL, *SHORT)
DRAWN = ("--weights", "drawn", "--layers", "conv1_1,conv2_1", *SHORT)


@pytest.mark.parametrize("output", ["stone.png", "./stone.png", "link.png"])
def test_an_exemplar_is_not_replaced(
    output: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    before = exemplar.read_bytes()
    (tmp_path / "link.png").symlink_to(exemplar)
    told = assert_refused(texonnx("synth", exemplar, *WORDS, "-o", output))
    assert "is what the run is made from; with --force it goes" in told
    assert exemplar.read_bytes() == before
    assert texonnx("synth", exemplar, *WORDS, "-o", output, "--force").code == 0
    assert exemplar.read_bytes() != before


def test_neither_content_nor_style_is_replaced(
    texonnx: Texonnx, exemplar: Path, content: Path
) -> None:
    words = (*SMALL, "--content-layers", "conv2_1", "--size", "32", "--steps", "1")
    for output in (exemplar, content):
        assert_refused(texonnx("transfer", content, exemplar, *words, "-o", output))
    words = ("--weights", "random:0", "--layer", "conv2_1", "--size", "32", "--steps", "1")
    assert_refused(texonnx("reconstruct", content, *words, "-o", content))


@pytest.mark.parametrize(
    ("option", "name"),
    [("--history", "h.csv"), ("--history", "h.json"), ("--animate", "a.gif"),
     ("--animate", "a.webp"), ("--plot", "p.png"), ("--plot", "p.svg")],
)  # fmt: skip
def test_what_texonnx_did_not_write_is_not_replaced(
    option: str, name: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    words = ("synth", exemplar, *WORDS, "-o", "out.png", option, name)
    (tmp_path / name).write_bytes(b"dear diary")
    told = assert_refused(texonnx(*words))
    assert f"'{name}' exists, and texonnx did not write it; replace it with --force" in told
    assert (tmp_path / name).read_bytes() == b"dear diary"
    assert texonnx(*words, "--force").code == 0
    # Its own it replaces.
    assert texonnx(*words).code == 0


def test_steps_do_not_replace_other_pictures(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    words = ("synth", exemplar, *WORDS, "-o", "out.png", "--save-every", "1")
    shutil.copy(exemplar, tmp_path / "out-1-0002.png")
    assert "'out-1-0002.png' exists" in assert_refused(texonnx(*words))
    (tmp_path / "out-1-0002.png").unlink()
    assert texonnx(*words).code == 0
    assert texonnx(*words).code == 0


def test_two_outputs_in_one_place_are_refused(texonnx: Texonnx, exemplar: Path) -> None:
    words = ("synth", exemplar, *WORDS, "-o", "out.png", "--history", "h.csv")
    pytest.importorskip("matplotlib")
    told = assert_refused(texonnx(*words, "--plot", "out.png"))
    assert "two of the outputs would be written to 'out.png'" in told


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        ("out.webp", "16384x16", "WEBP has room for sides of 16383 pixels"),
        ("out.jpg", "16x65501", "JPEG has room for sides of 65500 pixels"),
    ],
)
def test_a_size_that_the_format_cannot_take_is_refused_before_the_first_step(
    name: str, size: str, told: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    words = ("synth", exemplar, *SMALL, "--exemplar-size", "32", "--size", size, "-o", name)
    assert told in assert_refused(texonnx(*words, "--quiet"))
    assert set(everything_below(tmp_path)) == {"stone.png"}


@pytest.mark.parametrize("way", ["WEBP", "JPEG"])
def test_the_limits_of_formats_are_those_of_their_writers(way: str) -> None:
    most = writing._MOST_PIXELS_A_SIDE[way]
    PIL.Image.new("RGB", (most, 1)).save(io.BytesIO(), way)
    with pytest.raises((ValueError, OSError)):
        PIL.Image.new("RGB", (most + 1, 1)).save(io.BytesIO(), way)


def test_names_of_steps_that_would_be_too_long_are_refused(
    texonnx: Texonnx, exemplar: Path
) -> None:
    name = "a" * 248 + ".png"
    assert texonnx("synth", exemplar, *WORDS, "-o", name).code == 0
    told = assert_refused(texonnx("synth", exemplar, *WORDS, "-o", name, "--save-every", "1"))
    assert "File name too long" in told


def test_a_folder_without_room_is_refused_before_the_first_step(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = SimpleNamespace(free=100_000)
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _: full)
    told = assert_refused(texonnx("synth", exemplar, *WORDS, "-o", "out.png", "-q"))
    assert "an image of 32x32 may take 1 MB, and there are 0 MB of room" in told
    assert set(everything_below(tmp_path)) == {"stone.png"}


def test_an_image_that_cannot_be_written_in_the_end_is_written_elsewhere(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()

    def vanish(*_: object) -> None:
        folder.rmdir()

    monkeypatch.setattr("texonnx.cli.outputs.check_room", vanish)
    told = assert_refused(texonnx("synth", exemplar, *WORDS, "-o", "gone/out.png", "-q"))
    assert "there is no folder 'gone'; the image is in " in told
    assert load_image(tmp_path / "out.png").shape == (1, 3, 32, 32)


def test_a_full_disk_does_not_cost_the_image(
    texonnx: Texonnx, exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = writing.write_whole

    def full(path: Path, *more: object) -> None:
        if Path(path).parent.name == "full":
            raise ImageError(f"cannot write '{path}': No space left on device")
        whole(path, *more)  # type: ignore[arg-type]

    (tmp_path / "full").mkdir()
    monkeypatch.setattr(writing, "write_whole", full)
    told = assert_refused(texonnx("synth", exemplar, *WORDS, "-o", "full/out.png", "-q"))
    assert "No space left on device; the image is in " in told
    assert (tmp_path / "out.png").exists()


def test_runs_that_start_together_have_names_of_their_own(
    exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    started = [
        subprocess.Popen(
            command("synth", exemplar, *DRAWN, "--seed", seed, "-q"),
            cwd=tmp_path,
            env=os.environ | drawn_once,
        )
        for seed in range(3)
    ]
    assert [process.wait(LONGEST_WAIT) for process in started] == [0, 0, 0]
    names = {"stone-gram.png", "stone-gram-2.png", "stone-gram-3.png"}
    assert set(everything_below(tmp_path)) == {"stone.png", *names}
    pictures = {load_image(tmp_path / name).tobytes() for name in names}
    assert len(pictures) == 3


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_written(
    suffix: str, texonnx: Texonnx, exemplar: Path, tmp_path: Path
) -> None:
    name = f"out{suffix}"
    assert texonnx("synth", exemplar, *WORDS, "-o", name, "--depth", "16").code == 0
    deep = load_image(tmp_path / name)
    assert not np.allclose(deep * 255, np.rint(deep * 255), atol=1e-2)
    if suffix == ".tif":
        assert tifffile.imread(tmp_path / name).dtype == np.uint16


def test_a_depth_that_there_is_not_is_refused(texonnx: Texonnx, exemplar: Path) -> None:
    told = assert_refused(texonnx("synth", exemplar, *WORDS, "-o", "out.jpg", "--depth", "16"))
    assert "use .png or .tif" in told
    assert "not 12" in assert_refused(texonnx("synth", exemplar, *WORDS, "--depth", "12"))


# Pipes


def piped(
    content: bytes, folder: Path, environment: dict[str, str], *words: str | Path
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*words),
        cwd=folder,
        env=os.environ | environment,
        input=content,
        capture_output=True,
        timeout=LONGEST_WAIT,
        check=False,
    )


@pytest.mark.parametrize(("name", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("tif", "TIFF")])
def test_pictures_go_through_pipes_and_words_do_not(
    name: str, kind: str, exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    content = exemplar.read_bytes()
    done = piped(content, tmp_path, drawn_once, "synth", "-", *DRAWN, "-o", "-", "--format", name)
    assert done.returncode == 0, done.stderr
    with PIL.Image.open(io.BytesIO(done.stdout)) as picture:
        assert (picture.format, picture.size) == (kind, (32, 32))
    assert b"analytic engine" in done.stderr or b"training engine" in done.stderr
    assert set(everything_below(tmp_path)) == {"stone.png"}


def test_what_comes_through_a_pipe_has_a_name(
    exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    done = piped(exemplar.read_bytes(), tmp_path, drawn_once, "synth", "-", *DRAWN)
    assert done.returncode == 0, done.stderr
    assert set(everything_below(tmp_path)) == {"stone.png", "stdin-gram.png"}


def test_what_is_no_picture_in_a_pipe_is_refused(
    tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    done = piped(b"no picture", tmp_path, drawn_once, "synth", "-", *DRAWN, "-o", "-")
    assert done.returncode == 2
    assert done.stdout == b""
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_standard_input_is_read_once_and_steps_need_a_name(
    texonnx: Texonnx, exemplar: Path
) -> None:
    assert "name '-' once" in assert_refused(texonnx("transfer", "-", "-", *SMALL))
    words = ("synth", exemplar, *WORDS, "-o", "-")
    assert "--save-every" in assert_refused(texonnx(*words, "--save-every", "1"))
    assert "gif" in assert_refused(texonnx(*words, "--format", "gif"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudoterminals of this kind")
def test_a_picture_is_not_printed_to_a_terminal(
    exemplar: Path, tmp_path: Path, drawn_once: dict[str, str]
) -> None:
    master, terminal = os.openpty()
    done = subprocess.run(
        command("synth", exemplar, *DRAWN, "-o", "-"), cwd=tmp_path, stdout=terminal,
        stderr=subprocess.PIPE, env=os.environ | drawn_once, timeout=LONGEST_WAIT, check=False,
        text=True,
    )  # fmt: skip
    for one in (master, terminal):
        os.close(one)
    assert done.returncode == 2
    assert "standard output is a terminal" in done.stderr


def test_a_picture_that_texonnx_wrote_says_so_in_every_format(tmp_path: Path) -> None:
    image = np.random.default_rng(0).random((1, 3, 8, 8), np.float32)
    for name in ("a.png", "a.jpg", "a.webp", "a.tif"):
        save_image(tmp_path / name, image, {"Software": "texonnx 1", "Comment": "ä 漢"})
        told = read_metadata(tmp_path / name)
        assert (told["Software"], told["Comment"]) == ("texonnx 1", "ä 漢")
