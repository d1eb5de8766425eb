"""Which way an objective is evaluated, and what is said of why."""

from __future__ import annotations

from typing import Any

import pytest

from texonnx.errors import RuntimeUnavailableError
from texonnx.objective.source import Traits
from texonnx.options import RunOptions
from texonnx.providers import PROVIDERS
from texonnx.runtime.installed import InstalledRuntime
from texonnx.runtime.route import Route, find_route
from texonnx.sizes import Size

SMALL, LARGE = Size(64, 96), Size(1024, 1024)
GRAM = {"averages": True}
EMD = {"sorts": True}
WHOLE: dict[str, Any] = {}
FOLDER = {"training_sizes": (SMALL,)}
TRAINS = "onnxruntime-training"


def route(
    traits: dict[str, Any],
    size: Size = SMALL,
    provider: str = "cpu",
    package: str = TRAINS,
    **options: Any,
) -> Route:
    return find_route(
        Traits((), 1, **traits),
        PROVIDERS[provider],
        RunOptions(**options),
        [SMALL, size],
        InstalledRuntime(package, "1"),
    )


TABLE: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (GRAM, {}, "training", "onnxruntime-training is installed"),
    (GRAM, {"provider": "cuda"}, "training", "onnxruntime-training is installed"),
    (GRAM, {"package": "onnxruntime"}, "analytic", "onnxruntime-training is not installed"),
    (GRAM, {"engine": "analytic"}, "analytic", "as asked for"),
    (GRAM, {"engine": "training", "size": LARGE}, "training", "as asked for"),
    (GRAM, {"size": LARGE}, "analytic", "in bands of rows"),
    (GRAM, {"size": LARGE, "memory": "high"}, "training", "onnxruntime-training is installed"),
    (GRAM, {"size": LARGE, "provider": "cuda"}, "training", "onnxruntime-training is installed"),
    (
        GRAM,
        {"size": LARGE, "package": "onnxruntime"},
        "analytic",
        "onnxruntime-training is not installed; in bands of rows",
    ),
    (GRAM, {"memory": "low"}, "analytic", "in bands of rows"),
    (GRAM, {"size": Size(4096, 4096)}, "analytic", "in windows"),
    (WHOLE, {"size": LARGE}, "training", "onnxruntime-training is installed"),
    (EMD, {}, "analytic", "sorted on the host"),
    (EMD, {"engine": "analytic"}, "analytic", "as asked for; sorted on the host"),
    (EMD, {"engine": "training"}, "training", "as asked for"),
    (EMD, {"provider": "cuda"}, "analytic", "it sorts"),
    (GRAM, {"provider": "webgpu"}, "analytic", "the training engine does not run on webgpu"),
    (GRAM, {"provider": "openvino", "precision": "bf16"}, "analytic", "the training engine does"),
    (GRAM, {"provider": "cuda", "precision": "tf32"}, "analytic", "computes in fp32"),
    (FOLDER, {}, "training", "onnxruntime-training is installed"),
    (FOLDER, {"size": LARGE}, "analytic", "no training artifacts for 1024x1024"),
]


@pytest.mark.parametrize(("traits", "given", "engine", "why"), TABLE)
def test_the_way_is_this_and_says_why(
    traits: dict[str, Any], given: dict[str, Any], engine: str, why: str
) -> None:
    found = route(traits, **given)
    assert found.engine == engine
    assert why in found.why
    assert str(found) == f"{engine} engine on {given.get('provider', 'cpu')} ({found.why})"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_host_takes_part_where_the_provider_computes_in_its_memory_alone(
    provider: str,
) -> None:
    on_host = PROVIDERS[provider].on_host
    assert route(EMD, provider=provider).cut == on_host
    assert (route(GRAM, provider=provider).banding(LARGE) is not None) == on_host


def test_the_training_engine_cuts_nothing() -> None:
    assert not route(EMD, engine="training").cut


@pytest.mark.parametrize(
    ("traits", "given", "told"),
    [
        (GRAM, {"engine": "training", "package": "onnxruntime"}, r"texonnx\[training\]"),
        (GRAM, {"engine": "training", "provider": "coreml"}, "on cpu and cuda, not on coreml"),
        (GRAM, {"engine": "training", "precision": "bf16"}, "fp32, not in bf16"),
        (FOLDER, {"engine": "training", "size": LARGE}, "for 1024x1024, but for 96x64"),
        (GRAM, {"engine": "training", "memory": "low"}, "memory use 'low'"),
        (EMD, {"memory": "low"}, "memory use 'low'"),
        (GRAM, {"memory": "low", "provider": "cuda"}, r"\(cpu, [a-z, ]+\)"),
    ],
)
def test_what_cannot_be_had_is_refused(
    traits: dict[str, Any], given: dict[str, Any], told: str
) -> None:
    with pytest.raises(RuntimeUnavailableError, match=told):
        route(traits, **given)
