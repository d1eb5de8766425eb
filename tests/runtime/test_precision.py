"""Precisions: which provider may have which, what it is told, and whether it is true."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from texonnx.errors import OptionError, RuntimeUnavailableError
from texonnx.providers import PRECISIONS, PROVIDERS
from texonnx.runtime import sessions
from texonnx.runtime.sessions import check_precision_is_real, open_session


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_has_fp32(provider: str) -> None:
    assert isinstance(PROVIDERS[provider].told("fp32", 0), dict)


@pytest.mark.parametrize(("precision", "home"), [("bf16", "openvino"), ("tf32", "cuda")])
def test_the_others_are_one_providers_alone(precision: str, home: str) -> None:
    for provider in PROVIDERS:
        if provider == home:
            assert PROVIDERS[provider].told(precision, 0)
            continue
        with pytest.raises(RuntimeUnavailableError) as caught:
            PROVIDERS[provider].told(precision, 0)
        sentence = str(caught.value)
        assert f"{provider} provider has no {precision}" in sentence
        assert f"--provider {home}" in sentence
        assert "\n" not in sentence


def test_an_unknown_precision_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(OptionError, match=r"'fp23' \(did you mean 'fp32'\?\)"):
        PROVIDERS["cpu"].told("fp23", 0)


def test_openvino_is_told_what_float32_means_too() -> None:
    for precision, hint in (("fp32", "f32"), ("bf16", "bf16")):
        told = json.loads(PROVIDERS["openvino"].told(precision, 0)["load_config"])
        assert told == {"CPU": {"INFERENCE_PRECISION_HINT": hint}}


def test_openvino_is_told_its_threads() -> None:
    told = json.loads(PROVIDERS["openvino"].told("fp32", 3)["load_config"])
    assert told["CPU"]["INFERENCE_NUM_THREADS"] == "3"


def test_cuda_uses_tf32_where_it_is_asked_for_alone() -> None:
    assert PROVIDERS["cuda"].told("fp32", 0)["use_tf32"] == "0"
    assert PROVIDERS["cuda"].told("tf32", 0)["use_tf32"] == "1"


def test_other_providers_are_told_nothing() -> None:
    for provider in set(PROVIDERS) - {"openvino", "cuda"}:
        assert PROVIDERS[provider].told("fp32", 2) == {}


def test_all_that_providers_are_told_is_text() -> None:
    for provider, precision in (("openvino", "bf16"), ("cuda", "tf32")):
        for key, value in PROVIDERS[provider].told(precision, 2).items():
            assert isinstance(key, str)
            assert isinstance(value, str)


def test_a_session_of_a_precision_that_its_provider_lacks_is_refused() -> None:
    with pytest.raises(RuntimeUnavailableError, match="cpu provider has no bf16"):
        open_session(b"", "cpu", precision="bf16")


class PretendSession:
    """Multiplies matrices, in bfloat16 if it is told to and `honest`."""

    def __init__(self, precision: str, honest: bool) -> None:
        self._rounds = precision != "fp32" and honest

    def run(self, names: Any, inputs: dict[str, Any]) -> list[np.ndarray]:
        matrix = next(iter(inputs.values()))
        product = np.asarray(matrix @ matrix, np.float32)
        if self._rounds:
            product = (product.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
        return [product]


def pretend(monkeypatch: pytest.MonkeyPatch, honest: bool) -> list[str]:
    """Let sessions open anywhere; return the precisions that they are opened in."""
    opened: list[str] = []

    def open_anywhere(
        model: bytes, provider: str, threads: int = 0, precision: str = "fp32"
    ) -> PretendSession:
        opened.append(precision)
        return PretendSession(precision, honest)

    monkeypatch.setattr(sessions, "open_session", open_anywhere)
    return opened


def test_a_precision_that_changes_the_product_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = pretend(monkeypatch, honest=True)
    check_precision_is_real("openvino", "bf16")
    assert sorted(opened) == ["bf16", "fp32"]


@pytest.mark.parametrize(("provider", "precision"), [("openvino", "bf16"), ("cuda", "tf32")])
def test_a_precision_that_changes_nothing_is_refused(
    provider: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, honest=False)
    with pytest.raises(RuntimeUnavailableError) as caught:
        check_precision_is_real(provider, precision)
    assert f"{provider} provider takes {precision}" in str(caught.value)
    assert "float32" in str(caught.value)


def test_fp32_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = pretend(monkeypatch, honest=True)
    check_precision_is_real("cpu", "fp32")
    assert opened == []


def test_what_a_provider_cannot_have_is_not_tried_either(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = pretend(monkeypatch, honest=True)
    for precision in set(PRECISIONS) - {"fp32"}:
        with pytest.raises(RuntimeUnavailableError):
            check_precision_is_real("cpu", precision)
    assert opened == []
