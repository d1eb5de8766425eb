"""Which cases there are."""

from __future__ import annotations

from texonnx.benchmark.cases import Series, series_of
from texonnx.options import ENGINES
from texonnx.providers import PRECISIONS


def test_every_engine_provider_and_precision_that_go_together_are_a_series() -> None:
    found = list(series_of(ENGINES, ["cpu", "cuda", "openvino"], PRECISIONS, 3))
    assert found == [
        Series("analytic", "cpu", "fp32", 3),
        Series("analytic", "cuda", "fp32", 3),
        Series("analytic", "cuda", "tf32", 3),
        Series("analytic", "openvino", "fp32", 3),
        Series("analytic", "openvino", "bf16", 3),
        Series("training", "cpu", "fp32", 3),
        Series("training", "cuda", "fp32", 3),
    ]
