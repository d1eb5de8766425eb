"""``texonnx doctor``: what is here, tried out, and what would add more."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from typing import Any

import pytest
from support.commands import Texonnx, assert_refused

from texonnx.runtime.installed import the_runtime
from texonnx.weights import cache
from texonnx.weights.library import load_weights

_version = metadata.version
_find_spec = importlib.util.find_spec


def pretend(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]) -> None:
    """Let the environment hold these packages of ONNX Runtime and no others."""

    def version(package: str) -> str:
        if not package.startswith(("onnxruntime", "ort-nightly")):
            return _version(package)
        if package not in versions:
            raise metadata.PackageNotFoundError(package)
        return versions[package]

    def find_spec(name: str, package: str | None = None) -> Any:
        if name == "onnxruntime" and not versions:
            return None
        return _find_spec(name, package)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def test_doctor_tells_the_one_runtime_and_its_version(texonnx: Texonnx) -> None:
    outcome = texonnx("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    assert str(the_runtime()) in outcome.out


def test_doctor_tries_every_listed_provider(texonnx: Texonnx) -> None:
    from texonnx.runtime.sessions import listed_providers

    lines = [line.strip() for line in texonnx("doctor").out.splitlines()]
    assert "cpu: runs" in lines
    for name in listed_providers():
        assert any(line.startswith(f"{name}: ") for line in lines)


def test_doctor_tells_a_listed_provider_that_does_not_start(
    texonnx: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime as ort

    monkeypatch.setattr(
        ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    outcome = texonnx("doctor")
    [cuda] = [line.strip() for line in outcome.out.splitlines() if "cuda:" in line]
    assert cuda != "cuda: runs"
    assert outcome.code == 0
    assert outcome.err == ""


def test_doctor_tells_the_engines_that_are_possible(texonnx: Texonnx) -> None:
    [line] = [line for line in texonnx("doctor").out.splitlines() if line.startswith("engines:")]
    assert "analytic" in line
    assert ("training" in line) == the_runtime().can_train


def test_doctor_without_a_runtime_says_what_to_install(
    texonnx: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, {})
    outcome = texonnx("doctor")
    assert outcome.code == 2
    assert "no ONNX Runtime is installed" in outcome.out
    assert "texonnx[cpu]" in outcome.out
    assert "Traceback" not in outcome.err


def test_doctor_names_the_packages_that_clash(
    texonnx: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, {"onnxruntime": "1.31.1", "onnxruntime-training": "1.19.2"})
    outcome = texonnx("doctor")
    assert outcome.code == 2
    assert "onnxruntime 1.31.1" in outcome.out
    assert "onnxruntime-training 1.19.2" in outcome.out
    assert "overwrite each other" in outcome.out


@pytest.mark.parametrize(
    ("versions", "hint"),
    [
        ({}, "no ONNX Runtime is installed"),
        ({"onnxruntime": "1.31.1", "onnxruntime-gpu": "1.31.1"}, "onnxruntime-gpu 1.31.1"),
    ],
    ids=["none", "clash"],
)
def test_a_run_without_exactly_one_runtime_is_refused_in_one_sentence(
    versions: dict[str, str],
    hint: str,
    texonnx: Texonnx,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch, versions)
    assert hint in assert_refused(texonnx("synth", "stone.png", "-o", "out.png"))


def test_doctor_shows_the_cached_weights(texonnx: Texonnx) -> None:
    assert "texonnx weights fetch" in texonnx("doctor").out
    cache.save(load_weights("random:0"), "mine")
    assert "vgg16 mine, 58.9 MB" in texonnx("doctor").out


def test_doctor_says_what_would_add_the_training_engine(
    texonnx: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, {"onnxruntime": "1.31.1"})
    outcome = texonnx("doctor")
    assert "texonnx[training]" in outcome.out


@pytest.mark.parametrize(
    ("package", "told"),
    [
        ("onnxruntime", "analytic engine on cpu (onnxruntime-training is not installed)"),
        ("onnxruntime-training", "training engine on cpu (onnxruntime-training is installed)"),
    ],
)
def test_doctor_says_what_a_run_takes_by_default_and_why(
    package: str, told: str, texonnx: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, {package: "1.19.2"})
    assert f"by default: {told}" in texonnx("doctor").out.splitlines()
