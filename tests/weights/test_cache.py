from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from texonnx.errors import OptionError, WeightsError
from texonnx.weights import VggWeights, cache


def test_what_is_saved_is_loaded(vgg16_weights: VggWeights, cache_root: Path) -> None:
    path = cache.save(vgg16_weights, "mine")
    assert path == cache_root / "weights" / "vgg16-mine.safetensors"
    loaded = cache.load("mine", "vgg16")
    assert loaded.digest == vgg16_weights.digest
    assert loaded.mean == vgg16_weights.mean
    assert loaded.activation_scale == vgg16_weights.activation_scale
    assert (loaded.source, loaded.random) == ("a test", False)
    np.testing.assert_array_equal(loaded.kernels["conv1_1"], vgg16_weights.kernels["conv1_1"])
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_who_may_read_them_is_the_umasks_to_say(
    vgg16_weights: VggWeights, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        path = cache.save(vgg16_weights, "mine")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_what_may_not_be_read_is_not_called_damaged(
    vgg16_weights: VggWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cache.save(vgg16_weights, "mine")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # root may read whatever the mode is
    with pytest.raises(WeightsError, match="Permission denied") as caught:
        cache.read(path)
    assert "damaged" not in str(caught.value)


def test_cached_weights_are_listed(vgg16_weights: VggWeights) -> None:
    assert cache.list_cached() == []
    path = cache.save(vgg16_weights, "my-own")
    [entry] = cache.list_cached()
    assert (entry.arch, entry.name, entry.path) == ("vgg16", "my-own", path)
    assert (entry.source, entry.digest) == ("a test", vgg16_weights.digest)
    assert entry.size == path.stat().st_size


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied"])
def test_a_damaged_file_is_named_and_kept(damage: str, vgg16_weights: VggWeights) -> None:
    path = cache.save(vgg16_weights, "pretrained")
    data = bytearray(path.read_bytes())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        data[len(data) // 2] ^= 1
    else:
        data = bytearray()
    path.write_bytes(data)
    with pytest.raises(WeightsError) as caught:
        cache.load("pretrained", "vgg16")
    assert str(path) in str(caught.value)
    assert "`texonnx weights fetch`" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == data


def test_other_weights_under_the_pretrained_name_are_refused(vgg16_weights: VggWeights) -> None:
    cache.save(vgg16_weights, "pretrained")
    with pytest.raises(WeightsError, match="does not hold the pretrained weights"):
        cache.load("pretrained", "vgg16")


def test_another_schema_version_is_refused(vgg16_weights: VggWeights) -> None:
    path = cache.save(vgg16_weights, "mine")
    save_file(load_file(path), path, {"texonnx_weights_schema": "99"})
    with pytest.raises(WeightsError, match="schema version 99, where 1 is accepted"):
        cache.load("mine", "vgg16")


def test_an_interrupted_save_leaves_what_was_there(
    vgg16_weights: VggWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cache.save(vgg16_weights, "mine")
    before = path.read_bytes()

    def interrupted(tensors: object, where: Path, metadata: object) -> None:
        Path(where).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("safetensors.numpy.save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.save(replace(vgg16_weights, source="another"), "mine")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_cache_that_cannot_be_written_is_one_sentence(
    vgg16_weights: VggWeights, cache_root: Path
) -> None:
    cache_root.write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="cannot be written"):
        cache.save(vgg16_weights, "mine")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b"])
def test_names_unfit_for_files_are_refused(name: str) -> None:
    with pytest.raises(WeightsError, match="cannot be called"):
        cache.path_of(name, "vgg16")


def test_missing_weights_and_unknown_architectures_are_refused() -> None:
    with pytest.raises(WeightsError, match="no cached weights 'mine' for vgg19"):
        cache.load("mine", "vgg19")
    with pytest.raises(OptionError, match="vgg13"):
        cache.path_of("mine", "vgg13")


def test_the_folder_is_the_users_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXONNX_CACHE")
    assert cache.cache_folder().name == "weights"
    assert "texonnx" in cache.cache_folder().parts
