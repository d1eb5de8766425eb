"""Which ONNX Runtime is here: none, one, or several."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from types import SimpleNamespace

import pytest

from texonnx.errors import RuntimeUnavailableError
from texonnx.runtime.installed import (
    InstalledRuntime,
    installed_runtimes,
    packages_for,
    the_runtime,
)


def pretend(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], module: bool = True) -> None:
    def version(package: str) -> str:
        if package not in versions:
            raise metadata.PackageNotFoundError(package)
        return versions[package]

    monkeypatch.setattr(metadata, "version", version)
    found = SimpleNamespace() if module else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: found)


def test_this_environment_has_one_runtime() -> None:
    import onnxruntime

    assert the_runtime().version == onnxruntime.__version__
    assert the_runtime().package.startswith("onnxruntime")


def test_one_runtime_is_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {"onnxruntime-gpu": "1.31.1"})
    assert the_runtime() == InstalledRuntime("onnxruntime-gpu", "1.31.1")


def test_no_runtime_is_one_sentence_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch, {}, module=False)
    assert installed_runtimes() == []
    with pytest.raises(RuntimeUnavailableError) as caught:
        the_runtime()
    sentence = str(caught.value)
    assert "no ONNX Runtime is installed" in sentence
    for extra in ("texonnx[cpu]", "[training]", "[gpu]", "[openvino]"):
        assert extra in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "versions",
    [
        {"onnxruntime": "1.31.1", "onnxruntime-gpu": "1.31.1"},
        {"onnxruntime": "1.31.1", "onnxruntime-training": "1.19.2"},
        {"onnxruntime": "1.1", "onnxruntime-gpu": "1.2", "onnxruntime-training": "1.19.2"},
    ],
    ids=lambda versions: " ".join(versions),
)
def test_several_runtimes_are_one_sentence_that_names_them_all(
    versions: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, versions)
    with pytest.raises(RuntimeUnavailableError) as caught:
        the_runtime()
    sentence = str(caught.value)
    for package, version in versions.items():
        assert f"{package} {version}" in sentence
    assert "exactly one" in sentence
    assert "\n" not in sentence


def test_a_runtime_without_a_package_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {})
    assert "source" in str(the_runtime())


def test_onnxruntime_training_alone_can_train(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {"onnxruntime-training": "1.19.2"})
    assert the_runtime().can_train
    pretend(monkeypatch, {"onnxruntime": "1.31.1"})
    assert not the_runtime().can_train


@pytest.mark.parametrize(
    ("system", "machine", "cards", "providers"),
    [
        ("linux", "x86_64", [], ["openvino", "webgpu"]),
        ("linux", "x86_64", ["nvidia", "amd"], ["openvino", "cuda", "migraphx", "webgpu"]),
        ("linux", "aarch64", [], ["webgpu"]),
        ("win32", "AMD64", [], ["openvino", "directml", "webgpu"]),
        ("darwin", "arm64", [], ["coreml", "webgpu"]),
    ],
)
def test_a_machine_is_told_the_packages_that_are_for_it(
    system: str, machine: str, cards: list[str], providers: list[str]
) -> None:
    told = packages_for(system, machine, cards)
    assert [sentence.split(",")[0].split()[0] for sentence in told] == providers
    assert all("pip install" in sentence for sentence in told)
