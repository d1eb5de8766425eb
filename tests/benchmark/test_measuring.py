"""Going through the cases: order, failures, and one measured for real."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from texonnx.benchmark import measuring
from texonnx.benchmark.cases import Series
from texonnx.errors import RuntimeUnavailableError
from texonnx.options import ObjectiveOptions
from texonnx.sizes import Size
from texonnx.weights import cache, random_weights

CPU, CUDA = Series("analytic", "cpu"), Series("analytic", "cuda")
SIZES = [Size(64, 64), Size(32, 48), Size(32, 32)]


@pytest.fixture
def without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every case on the CPU take two seconds, and none on CUDA start."""

    def answers_of(module: str, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if job["provider"] == "cuda":
            raise RuntimeUnavailableError("no card")
        yield {"start_seconds": 1.0, "seconds": [2.0] * job["rounds"], "megabytes": 3.0}

    monkeypatch.setattr(measuring, "answers_of", answers_of)


@pytest.mark.usefixtures("without_cuda")
def test_sizes_go_from_small_to_large_and_a_failure_ends_a_series_alone() -> None:
    found = list(measuring.measure(ObjectiveOptions(), [CUDA, CPU], SIZES, 2))
    assert [(one.series, one.size, one.failure) for one in found] == [
        (CUDA, (32, 32), "no card"),
        (CPU, (32, 32), ""),
        (CPU, (32, 48), ""),
        (CPU, (64, 64), ""),
    ]
    assert all(one.seconds == (2.0, 2.0) for one in found[1:])


def test_a_case_is_measured_in_a_process_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXONNX_CACHE", str(tmp_path_factory.mktemp("cache")))
    cache.save(random_weights("vgg16", 0), "drawn")
    objective = ObjectiveOptions(layers="conv1_1,conv2_1", weights="drawn")
    one = measuring.measure_case(objective, CPU, (32, 48), 3)
    assert one.failure == ""
    assert len(one.seconds) == 3
    assert min(*one.seconds, one.start_seconds) > 0
    assert one.megabytes is None or 50 < one.megabytes < 1000
