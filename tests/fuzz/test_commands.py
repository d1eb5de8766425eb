"""Commands of any options: one picture and exit code 0, or one sentence and exit code 2."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.mutation import thorough
from support.small_runs import draw_once

from texonnx.cli import main
from texonnx.images import save_image
from texonnx.weights import library

ODD = st.sampled_from(["", "-1", "0", "nan", "inf", "1e400", "x", "é", "1,2", "auto", "--", "a b"])


def option(name: str, *values: str) -> st.SearchStrategy[list[str]]:
    """Draw an option with one of these values, which are likely, or an odd one."""
    chosen = st.one_of(st.sampled_from(values), st.sampled_from(values), ODD)
    return chosen.map(lambda value: [name, value])


def flag(*names: str) -> st.SearchStrategy[list[str]]:
    return st.sampled_from([[name] for name in names])


COMMON = [
    option("--loss", "gram", "emd", "swd", "mean", "cov", "gan", "mean+cov", "gram:1,tv:0.1"),
    option("--layers", "conv1_1", "conv1_2", "conv2_1", "shallow"),
    option("--layer-weights", "equal", "geometric:0.5", "linear", "1,2", "quadratic:descending"),
    option("--gram-norm", "gatys", "no-n2", "chw"),
    option("--pool", "avg", "max"),
    option("--padding", "circular", "zeros", "reflect"),
    option("--weights", "random", "random:3", "none.h5"),
    option("--convention", "auto", "torch"),
    flag("--raw", "--activation-scale"),
    option("--scales", "1", "2", "3"),
    option("--steps", "1", "2", "1,1"),
    option("--until", "0.1", "0.5"),
    option("--optimizer", "lbfgs", "scipy-lbfgs", "adam", "sgd"),
    option("--lr", "0.01", "1e30", "1e-9"),
    option("--init", "noise", "mean", "spectrum", "stone.png"),
    option("--seed", "0", "1", "99999999999999999999"),
    option("--engine", "analytic", "auto"),
    option("--provider", "cpu", "auto", "cuda"),
    option("--precision", "fp32", "bf16"),
    option("--memory", "auto", "low", "high"),
    option("--threads", "1", "2"),
    option(
        "-o", "out.png", "out.jpg", "out.tif", "out.webp", "out.gif", "stone.png", "no/out.png", "f"
    ),
    option("--depth", "8", "16"),
    option("--save-every", "1", "2"),
    option("--preview", "p.png", "p.jpg", "out.png", "p.txt"),
    option("--history", "h.csv", "h.json", "h.txt"),
    option("--animate", "a.gif", "a.webp"),
    option("--checkpoint", "none", "auto", "kept"),
    flag("--force", "--quiet"),
]
VERBS = {
    "synth": [
        option("--exemplar-size", "20", "32", "40"),
        option("--size", "16", "24x40", "33"),
        option("--detail", "patches", "spectrum"),
        option("--quality", "draft", "good"),
        option("--mix", "1", "0.5,0.5"),
        option("--disc-widths", "4", "none", "4,4"),
        option("--disc-steps", "0", "1"),
        option("--tile", "x", "both", "none"),
        option(
            "--with", "stone.png", "grey.png:data", "clear.png:normal", "line.png", "text.png:x"
        ),
        flag("--plan", "--exact-size"),
    ],
    "tile": [
        option("--exemplar-size", "20", "40"),
        option("--tile", "y", "z"),
        option(
            "--with", "stone.png", "grey.png:data", "clear.png:normal", "line.png", "text.png:x"
        ),
        flag("--exact-size"),
    ],
    "retile": [
        option("--band", "1", "8", "19", "20", "999"),
        option("--axes", "x", "y", "both"),
    ],
    "transfer": [
        option("--size", "16", "24"),
        option("--content-layers", "conv1_1", "conv2_1", "none"),
        option("--strength", "0", "0.5", "1"),
        option("--style-scale", "0.5", "2"),
        option("--preserve-colour", "none", "luminance", "histogram"),
        option("--tv", "0", "0.1"),
    ],
    "reconstruct": [option("--size", "16", "24"), option("--layer", "conv1_1", "conv2_1")],
}
PICTURES = ["stone.png", "grey.png", "clear.png", "line.png", "none.png", "text.png", "stone.png"]
FREE = ("--size", "16", "--steps", "1", "--layers", "conv1_1", "--weights", "random", "-o", "o.png")
"""Small, unless another is drawn: the last one given counts."""


@st.composite
def commands(draw: st.DrawFn) -> list[str]:
    verb = draw(st.sampled_from(sorted(VERBS)))
    files = [draw(st.sampled_from(PICTURES)) for _ in range(2 if verb == "transfer" else 1)]
    words = list(FREE)
    if verb in ("synth", "tile"):
        words += ["--exemplar-size", "32"]
    if verb == "reconstruct":  # has no such option
        words = [word for word in words if word not in ("--layers", "conv1_1")]
    if verb == "retile":  # takes the image's
        words = words[2:]
    for one in draw(st.lists(st.one_of(*COMMON, *VERBS[verb]), max_size=5)):
        words += one
    return [verb, *files, *words]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with pictures, the current one; weights and cache of its own."""
    folder = tmp_path_factory.mktemp("workshop")
    given_ = folder / "given"
    given_.mkdir()
    image = np.random.default_rng(0).random((1, 3, 40, 48), np.float32)
    save_image(given_ / "stone.png", image)
    save_image(given_ / "grey.png", image[:, :1].repeat(3, axis=1))
    save_image(given_ / "line.png", image[:, :, :2])
    alpha = np.zeros((40, 48), np.float32)
    alpha[5:35, 5:40] = 1
    save_image(given_ / "clear.png", image, alpha=alpha)
    (given_ / "text.png").write_text("no picture")
    here = Path.cwd()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TEXONNX_CACHE", str(folder / "cache"))
        patched.setattr(library, "random_weights", draw_once)
        patched.setattr("texonnx.cli.heed", lambda: None)
        yield folder
    os.chdir(here)


def run(words: list[str]) -> tuple[int, str, str]:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with (
        pytest.MonkeyPatch.context() as patched,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patched.setattr(sys, "argv", ["texonnx", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    told = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return code or 0, told[0], told[1]


@thorough(1000)
@given(commands())
def test_a_command_makes_a_picture_or_says_why_not(workshop: Path, words: list[str]) -> None:
    place = workshop / "place"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(workshop / "given", place)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    os.chdir(place)
    code, _, err = run(words)
    assert code in (0, 2), (code, err)
    assert "Traceback" not in err
    if code == 2:
        told = [line for line in err.splitlines() if line.startswith("texonnx: ")]
        assert len([line for line in told if "NOTE" not in line]) == 1, err
    for path in place.rglob("*"):
        assert not path.name.startswith(".texonnx"), path
        if path.is_file() and path.name not in before:
            assert path.stat().st_size > 0, path
        if path.suffix in (".png", ".jpg", ".tif", ".webp", ".gif") and path.name != "text.png":
            with PIL.Image.open(path) as picture:
                picture.load()
    if "--force" not in words:
        for name, content in before.items():
            assert (place / name).read_bytes() == content, name
