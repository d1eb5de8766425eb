"""The fastest way is measured once a machine; what was asked for by name is taken."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from texonnx.errors import RuntimeUnavailableError
from texonnx.objective.source import Traits
from texonnx.options import RunOptions
from texonnx.runtime import tuning
from texonnx.runtime.choose import choose_route
from texonnx.runtime.tuning import Cost, Way, Work, choose_ways, faster_engine, measured
from texonnx.sizes import Size
from texonnx.system.files import lock


class Machine:
    """Providers that start or not, and how long an evaluation takes on each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.seconds: dict[str, float | None] = {}
        self.start: dict[str, float] = {}
        self.failing: dict[str, str] = {}
        self.short: set[str] = set()
        self.times = 0
        monkeypatch.setenv("TEXONNX_CACHE", str(folder))
        monkeypatch.setattr(tuning, "listed_providers", lambda: list(self.seconds_by_provider()))
        monkeypatch.setattr(tuning, "probe", self.failing.get)
        monkeypatch.setattr(tuning, "_cost", self.measure)
        monkeypatch.setattr(
            tuning, "_precisions", lambda name: ("fp32", *["bf16"] * (name in self.short))
        )

    def seconds_by_provider(self) -> dict[str, float | None]:
        return {way.split()[0]: seconds for way, seconds in self.seconds.items()}

    def measure(self, way: Way, size: Size, threads: int) -> Cost | None:
        self.times += 1
        self.threads = threads
        seconds = self.seconds[str(way)]
        return None if seconds is None else Cost(self.start.get(way.provider, 0.0), seconds)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def test_where_there_is_the_cpu_alone_nothing_is_measured(machine: Machine) -> None:
    machine.seconds = {"cpu fp32": 1.0, "coreml fp32": 0.1}
    assert choose_ways() == ((("cpu", "fp32"),) * 4, "", ())
    assert machine.times == 0


@pytest.mark.parametrize(("of_openvino", "best"), [(0.1, "openvino"), (0.3, "cpu")])
def test_auto_is_the_fastest_and_says_of_what(
    machine: Machine, of_openvino: float, best: str
) -> None:
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.4, "openvino bf16": of_openvino}
    machine.short = {"openvino"}
    choice = choose_ways()
    assert choice.way.provider == best
    assert choice.why == (
        "the fastest here, start and evaluation: cpu fp32 0 + 200 ms, "
        f"openvino bf16 0 + {1000 * of_openvino:.0f} ms, openvino fp32 0 + 400 ms"
    )


def test_a_slow_start_is_worth_it_for_many_or_large_evaluations(machine: Machine) -> None:
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.1}
    machine.start = {"openvino": 2.0}
    scales = [
        Work(Size(*size), steps)
        for size, steps in (((256, 256), 19), ((256, 256), 21), ((512, 512), 4), ((512, 512), 6))
    ]
    ways = choose_ways(scales=scales).ways
    assert [way.provider for way in ways] == ["cpu", "openvino", "cpu", "openvino"]


def test_a_long_search_is_made_in_full_precision(machine: Machine) -> None:
    machine.seconds = {"cpu fp32": 0.3, "openvino fp32": 0.2, "openvino bf16": 0.1}
    machine.short = {"openvino"}
    ways = choose_ways(scales=[Work(Size(64, 64), steps) for steps in (61, 60)]).ways
    assert ways == (("openvino", "fp32"), ("openvino", "bf16"))
    # Unless that is what was asked for.
    assert choose_ways(precision="bf16", scales=[Work(Size(64, 64), 61)]).way.precision == "bf16"


def test_scales_go_to_providers_that_share_their_memory_alone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "cards_here", lambda: ["nvidia"])
    machine.seconds = {"cpu fp32": 1.0, "cuda fp32": 0.01, "openvino fp32": 0.5}
    machine.start = {"cuda": 0.5, "openvino": 0.4}
    small, large = Work(Size(32, 32), 10), Work(Size(256, 256), 10)
    assert choose_ways(scales=[small, large]).ways == (("cuda", "fp32"),) * 2
    machine.seconds["cuda fp32"] = None
    assert measured([Way("cuda", "fp32")], anew=True) == {}
    assert choose_ways(scales=[small, large]).ways == (("cpu", "fp32"), ("openvino", "fp32"))


def test_that_it_measures_is_said(
    machine: Machine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("texonnx"), "propagate", True)
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.1}
    with caplog.at_level("INFO", "texonnx"):
        choose_ways()
        choose_ways()
    assert machine.times == 2
    # Where other tests have left their handlers, it is recorded by each.
    assert {record.getMessage() for record in caplog.records} == {
        "measuring once which is the fastest on this machine: cpu fp32, openvino fp32"
    }


def test_of_two_processes_one_measures(machine: Machine, tmp_path: Path) -> None:
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.1}
    choose_ways()
    kept = next(tmp_path.rglob("tuning.json"))
    figures = kept.read_text()
    kept.unlink()
    other = kept.with_suffix(".lock").open("wb")
    assert lock(other)

    def end_of_the_other() -> None:
        kept.write_text(figures)
        other.close()

    timer = threading.Timer(0.3, end_of_the_other)
    timer.start()
    machine.seconds = {"cpu fp32": 0.01, "openvino fp32": 0.1}
    assert choose_ways().way.provider == "openvino"
    timer.join()
    assert machine.times == 2


def test_with_other_threads_it_is_measured_with_those(machine: Machine) -> None:
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.1}
    assert choose_ways().way.provider == "openvino"
    machine.seconds["openvino fp32"] = 0.3
    assert choose_ways(threads=1).way.provider == "cpu"
    assert (machine.times, machine.threads) == (4, 1)
    # Each is kept beside the other.
    assert choose_ways().way.provider == "openvino"
    assert choose_ways(threads=1).way.provider == "cpu"
    assert machine.times == 4


def test_it_is_measured_once_and_anew_when_asked(machine: Machine, tmp_path: Path) -> None:
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.1}
    ways = [Way("cpu", "fp32"), Way("openvino", "fp32")]
    choose_ways()
    choose_ways()
    assert machine.times == 2
    measured(ways, anew=True)
    assert machine.times == 4
    kept = json.loads((tmp_path / "tuning.json").read_text(encoding="utf-8"))
    assert list(kept.values()) == [{"cpu fp32": [0, 0.2], "openvino fp32": [0, 0.1]}]


def test_another_machine_runtime_or_plugin_is_measured_by_itself(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.1}
    choose_ways()
    monkeypatch.setattr(tuning, "this_machine", lambda runtime: "another processor")
    machine.seconds["cpu fp32"] = 0.05
    assert choose_ways().way.provider == "cpu"
    assert machine.times == 4


@pytest.mark.parametrize("content", ["", "[1]", "{"], ids=repr)
def test_a_damaged_file_is_measured_over(machine: Machine, tmp_path: Path, content: str) -> None:
    (tmp_path / "tuning.json").write_text(content, encoding="utf-8")
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.1}
    assert choose_ways().way.provider == "openvino"
    assert choose_ways().way.provider == "openvino"
    assert machine.times == 2


@pytest.mark.parametrize("cost", [3, [1], ["a", "b"], {}], ids=repr)
def test_a_figure_that_is_none_is_measured_over(
    machine: Machine, tmp_path: Path, cost: object
) -> None:
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.1}
    choose_ways()
    path = tmp_path / "tuning.json"
    [name] = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({name: {"cpu fp32": cost, "openvino fp32": cost}}), "utf-8")
    assert choose_ways().way.provider == "openvino"
    assert machine.times == 4


@pytest.mark.parametrize("cards", [["nvidia"], []], ids=["card", "no card"])
def test_what_does_not_start_is_said_and_what_does_not_run_is_left_out(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, cards: list[str]
) -> None:
    monkeypatch.setattr(tuning, "cards_here", lambda: cards)
    monkeypatch.setattr(tuning.sys, "platform", "linux")
    machine.seconds = {"cpu fp32": 0.2, "cuda fp32": 0.1, "openvino fp32": None}
    machine.failing["cuda"] = "no driver"
    choice = choose_ways()
    assert choice.way == ("cpu", "fp32")
    # Without a card nobody misses it.
    assert choice.passed_over == ("cuda is not used: no driver",) * bool(cards)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"provider": "cpu"}, ("cpu", "fp32")),
        ({"provider": "openvino", "precision": "fp32"}, ("openvino", "fp32")),
        ({"precision": "bf16"}, ("openvino", "bf16")),
        ({"precision": "tf32"}, ("cpu", "tf32")),
        ({"training": True}, ("cpu", "fp32")),
    ],
    ids=str,
)
def test_what_is_asked_for_is_taken(
    machine: Machine, asked: dict[str, Any], expected: tuple[str, str]
) -> None:
    machine.seconds = {"cpu fp32": 0.2, "openvino fp32": 0.3, "openvino bf16": 0.1}
    machine.short = {"openvino"}
    assert choose_ways(**asked).way == expected
    assert machine.times == 0


@pytest.mark.parametrize(("of_bf16", "best"), [(0.1, "bf16"), (0.3, "fp32")])
def test_of_a_named_provider_the_faster_precision_is_taken(
    machine: Machine, of_bf16: float, best: str
) -> None:
    machine.seconds = {"openvino fp32": 0.2, "openvino bf16": of_bf16}
    machine.short = {"openvino"}
    assert choose_ways("openvino").way == ("openvino", best)


def test_an_unknown_provider_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(RuntimeUnavailableError, match=r"'cdua' \(did you mean 'cuda'\?\)"):
        choose_ways("cdua")


def test_the_cpu_of_this_machine_is_measured_by_an_evaluation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEXONNX_CACHE", str(tmp_path))
    ways = [Way("cpu", "fp32"), Way("coreml", "fp32")]
    costs = measured(ways)
    assert list(costs) == ways[:1]
    assert costs == measured(ways)
    assert costs[ways[0]].evaluation > 0


@pytest.mark.training
@pytest.mark.parametrize(("of_training", "faster"), [(0.1, "training"), (0.3, "analytic")])
def test_of_two_engines_the_faster_is_taken_and_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, of_training: float, faster: str
) -> None:
    monkeypatch.setenv("TEXONNX_CACHE", str(tmp_path))
    monkeypatch.setattr(tuning, "faster_engine", faster_engine)
    seconds = {"analytic": 0.2, "training": of_training}
    monkeypatch.setattr(
        tuning, "_engine_cost", lambda name, provider, threads: Cost(0.0, seconds[name])
    )
    options = RunOptions(provider="cpu", precision="fp32")
    route = choose_route(Traits((), 1), options, [Size(64, 64)])
    assert route.engine == faster
    assert "the faster engine here" in route.why
    asked = choose_route(Traits((), 1), replace(options, engine="training"), [Size(64, 64)])
    assert (asked.engine, asked.why) == ("training", "as asked for")


@pytest.mark.training
def test_both_engines_of_this_machine_are_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEXONNX_CACHE", str(tmp_path))
    engine, of_what = faster_engine("cpu", tuning.TEXTURE)
    assert engine in ("analytic", "training")
    assert "analytic engine on cpu" in of_what
    assert "training engine on cpu" in of_what
