"""The table and the JSON of what was measured."""

from __future__ import annotations

import json

from texonnx.benchmark.cases import Measurement, Series
from texonnx.benchmark.report import HEADS, as_json, row
from texonnx.options import ObjectiveOptions
from texonnx.sizes import Size
from texonnx.system.machine import Machine

CPU, OPENVINO = Series("training", "cpu"), Series("analytic", "openvino", "bf16")
GOOD = Measurement(CPU, Size(256, 512), 1.234, (0.3, 0.1, 0.2), 812.3)
BAD = Measurement(OPENVINO, Size(64, 64), failure="no such processor")


def test_a_row_has_median_least_and_most_below_their_heads() -> None:
    lines = [HEADS, row(GOOD)]
    assert lines[0].split() == [
        "engine", "provider", "precision", "size", "seconds", "(least", "to", "most)", "start",
        "peak", "MB",
    ]  # fmt: skip
    assert lines[1].split() == [
        "training", "cpu", "fp32", "512x256", "0.2", "(0.1", "to", "0.3)", "1.23", "812"
    ]  # fmt: skip
    assert len(lines[0]) == len(lines[1]) <= 80


def test_a_case_that_failed_has_its_sentence_in_place_of_figures() -> None:
    assert row(BAD).endswith("64x64     no such processor")


def test_memory_that_the_system_does_not_tell_is_unknown() -> None:
    assert row(Measurement(CPU, Size(8, 8), 1, (1,), None)).endswith("unknown")


def test_the_json_says_machine_objective_and_every_case() -> None:
    machine = Machine("Abacus", 2, "1 GiB", "onnxruntime 1.0")
    content = json.loads(json.dumps(as_json(machine, ObjectiveOptions(), 3, [GOOD, BAD])))
    assert content["machine"]["processor"] == "Abacus"
    assert content["objective"]["loss"] == "gram"
    good, bad = content["cases"]
    assert (good["median_seconds"], good["least_seconds"], good["most_seconds"]) == (0.2, 0.1, 0.3)
    assert (good["size"], good["failure"]) == ([256, 512], None)
    assert bad["failure"] == "no such processor"
    assert "median_seconds" not in bad
