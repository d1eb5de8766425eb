"""Execution providers: one that was asked for runs, or is an error."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import onnx_ir as ir
import onnxruntime as ort
import pytest

from texonnx.errors import RuntimeUnavailableError
from texonnx.graph.tape import Tape
from texonnx.runtime.sessions import listed_providers, open_session, probe


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """y = relu(x) of four numbers."""
    tape = Tape("small")
    tape.output(tape.relu(tape.input("x", [1, 4])), "y")
    path = tmp_path / "small.onnx"
    path.write_bytes(ir.to_proto(tape.model()).SerializeToString())
    return path


def test_the_cpu_is_listed_and_runs() -> None:
    assert "cpu" in listed_providers()
    assert probe("cpu") is None


def test_a_session_runs_on_the_provider_that_was_asked_for(model: Path) -> None:
    session = open_session(model, "cpu")
    assert session.get_providers() == ["CPUExecutionProvider"]
    [y] = session.run(["y"], {"x": [[-1.0, 0.0, 1.0, 2.0]]})
    assert y.tolist() == [[0.0, 0.0, 1.0, 2.0]]


def test_an_unknown_provider_is_refused_with_the_nearest_known_one(model: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match=r"'cdua' \(did you mean 'cuda'\?\)"):
        open_session(model, "cdua")


def test_a_provider_that_this_runtime_lacks_is_refused_with_those_it_has(model: Path) -> None:
    missing = "coreml" if sys.platform != "darwin" else "directml"
    with pytest.raises(RuntimeUnavailableError) as caught:
        open_session(model, missing)
    assert f"no {missing} provider" in str(caught.value)
    assert "cpu" in str(caught.value)
    assert ort.__version__ in str(caught.value)


def test_a_listed_provider_that_silently_falls_back_is_an_error(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: both)
    fallen = SimpleNamespace(get_providers=lambda: both[1:], disable_fallback=lambda: None)
    monkeypatch.setattr(ort, "InferenceSession", lambda *_, **__: fallen)
    with pytest.raises(RuntimeUnavailableError, match="cuda provider is listed but does not start"):
        open_session(model, "cuda")


def test_a_listed_provider_that_raises_is_one_sentence(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("libcudnn.so.9: cannot open shared object file\nand\nmuch more")

    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(ort, "InferenceSession", fail)
    with pytest.raises(RuntimeUnavailableError) as caught:
        open_session(model, "cuda")
    assert "cuda provider does not start" in str(caught.value)
    assert "libcudnn" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def openvino_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin package is installed that serves no device of this machine."""
    plugin: Any = ModuleType("onnxruntime_ep_openvino")
    plugin.__spec__ = ModuleSpec(plugin.__name__, None)
    plugin.get_library_path = lambda: "/no/such/library.so"
    monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(ort, "get_ep_devices", list, raising=False)
    monkeypatch.setattr(ort, "register_execution_provider_library", lambda *_: None, raising=False)
    monkeypatch.setattr(ort, "OrtHardwareDeviceType", SimpleNamespace(CPU="cpu"), raising=False)


@pytest.mark.usefixtures("openvino_plugin")
def test_an_installed_plugin_is_listed() -> None:
    assert "openvino" in listed_providers()


@pytest.mark.usefixtures("openvino_plugin")
def test_a_plugin_without_a_device_is_an_error(model: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="finds no processor that it serves"):
        open_session(model, "openvino")


@pytest.mark.usefixtures("openvino_plugin")
def test_a_plugin_that_cannot_be_loaded_is_an_error(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("/no/such/library.so: cannot open shared object file")

    monkeypatch.setattr(ort, "register_execution_provider_library", fail, raising=False)
    with pytest.raises(RuntimeUnavailableError, match="plugin cannot be loaded: /no/such/library"):
        open_session(model, "openvino")


@pytest.mark.usefixtures("openvino_plugin")
def test_a_plugin_beside_an_old_runtime_is_an_error(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(ort, "register_execution_provider_library")
    monkeypatch.delattr(ort, "get_ep_devices")
    with pytest.raises(RuntimeUnavailableError, match="newer ONNX Runtime than"):
        open_session(model, "openvino")


def test_a_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(RuntimeUnavailableError):
        open_session(path, "cpu")
