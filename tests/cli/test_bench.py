"""``texonnx bench``: the table, the files, and what is refused before anything is measured."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from support.commands import Outcome, Texonnx, assert_refused, everything_below

from texonnx.benchmark import measuring
from texonnx.runtime.installed import the_runtime
from texonnx.weights import cache
from texonnx.weights.library import load_weights

QUICK = ("--layers", "conv1_1,conv2_1", "--size", "32,48x16", "--rounds", "2")


@pytest.fixture
def bench(texonnx: Texonnx) -> Texonnx:
    """Measure a small objective; its random weights are drawn once."""
    cache.save(load_weights("random:0"), "drawn")

    def run(*arguments: str | Path) -> Outcome:
        return texonnx("bench", "--weights", "drawn", *QUICK, *arguments)

    return run


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is measured fails the test."""

    def answers_of(*_: Any) -> Any:
        pytest.fail("a case was measured")

    monkeypatch.setattr(measuring, "answers_of", answers_of)


def test_the_table_the_json_and_the_plot_have_every_size(bench: Texonnx, tmp_path: Path) -> None:
    outcome = bench(
        "--provider", "cpu", "--engine", "analytic", "--json", "b.json", "--plot", "b.png"
    )
    assert (outcome.code, outcome.err) == (0, "")
    machine, _, _, heads, *rows = outcome.out.splitlines()
    assert str(the_runtime()) in machine
    assert heads.split()[:5] == ["engine", "provider", "precision", "size", "seconds"]
    assert [row.split()[:4] for row in rows] == [
        ["analytic", "cpu", "fp32", "48x16"],
        ["analytic", "cpu", "fp32", "32x32"],
    ]
    content = json.loads((tmp_path / "b.json").read_text())
    assert [case["size"] for case in content["cases"]] == [[16, 48], [32, 32]]
    assert all(0 < case["least_seconds"] <= case["most_seconds"] for case in content["cases"])
    with PIL.Image.open(tmp_path / "b.png") as picture:
        assert picture.format == "PNG"


def test_a_provider_that_does_not_start_is_a_row(bench: Texonnx) -> None:
    from texonnx.runtime.sessions import probe

    if probe("coreml") is None:
        pytest.skip("CoreML starts here")
    outcome = bench("--provider", "coreml", "--engine", "analytic")
    [row] = outcome.out.splitlines()[4:]
    assert row.split()[:4] == ["analytic", "coreml", "fp32", "48x16"]
    assert "coreml" in row[40:]
    assert (outcome.code, outcome.err) == (2, "")


def test_a_quiet_bench_writes_its_file_and_prints_nothing(bench: Texonnx, tmp_path: Path) -> None:
    outcome = bench("--provider", "cpu", "--engine", "analytic", "-q", "--json", "b.json")
    assert outcome == Outcome(0, "", "")
    assert (tmp_path / "b.json").is_file()


REFUSED = {
    "--size big": (("--size", "big"), "'big'"),
    "--size 1": (("--size", "1"), "2x2"),
    "--engine fast": (("--engine", "fast"), "training"),
    "--provider cud": (("--provider", "cud"), "did you mean 'cuda'"),
    "--precision fp8": (("--precision", "fp8"), "fp32"),
    "nothing left": (("--provider", "cpu", "--precision", "bf16"), "no engine"),
    "--rounds 0": (("--rounds", "0"), "1 or more, not 0"),
    "--threads -1": (("--threads", "-1"), "not -1"),
    "--loss grma": (("--loss", "grma"), "did you mean 'gram'"),
    "--plot b.jpg": (("--plot", "b.jpg"), ".png"),
    "--plot without a folder": (("--plot", "no-folder/b.png"), "no-folder"),
    "--json without a folder": (("--json", "no-folder/b.json"), "no-folder"),
}


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(("arguments", "hint"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_before_anything_is_measured(
    arguments: tuple[str, ...], hint: str, bench: Texonnx, tmp_path: Path
) -> None:
    assert hint in assert_refused(bench(*arguments))
    assert everything_below(tmp_path) == {}


@pytest.mark.usefixtures("unmeasured")
def test_a_plot_without_matplotlib_is_refused_before_anything_is_measured(
    bench: Texonnx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec

    def without_matplotlib(name: str, package: str | None = None) -> Any:
        return None if name == "matplotlib" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_matplotlib)
    assert "matplotlib" in assert_refused(bench("--plot", "b.png"))
    assert everything_below(tmp_path) == {}


def test_tuning_measures_what_auto_may_take_and_says_what_it_takes(
    texonnx: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    from texonnx.runtime import tuning
    from texonnx.runtime.tuning import Choice, Cost, Way

    costs = {Way("cpu", "fp32"): Cost(0.25, 0.5), Way("openvino", "bf16"): Cost(0.5, 0.125)}
    monkeypatch.setattr(tuning, "measured_anew", lambda: costs)
    ways = [Way("cpu", "fp32"), *[Way("openvino", "bf16")] * 3]
    monkeypatch.setattr(tuning, "choose_ways", lambda: Choice(tuple(ways)))
    outcome = texonnx("bench", "--tune")
    assert outcome.code == 0
    assert outcome.out.splitlines()[-3:] == [
        "  openvino bf16: 0.500 s, 0.125 s",
        "  cpu fp32: 0.250 s, 0.500 s",
        "for a texture of 256x256 pixels, auto is here: 32x32 on cpu fp32, 64x64 to 256x256 on "
        "openvino bf16",
    ]


@pytest.mark.parametrize("flag", [("--json", "f.json"), ("--plot", "f.png")], ids=str)
def test_tuning_refuses_what_it_would_not_write(texonnx: Texonnx, flag: tuple[str, str]) -> None:
    assert "--tune writes no figures" in assert_refused(texonnx("bench", "--tune", *flag))
