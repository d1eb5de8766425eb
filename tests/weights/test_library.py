from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from texonnx.errors import WeightsError
from texonnx.weights import VggWeights, cache, import_weights, load_weights
from texonnx.weights.catalogue import DIGESTS

from .conftest import Layer, make_layers
from .test_importing import save_npz

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("unmeasured")


@pytest.fixture
def file(vgg16_layers: list[Layer], tmp_path: Path) -> Path:
    return save_npz(tmp_path / "mine.npz", vgg16_layers)


def test_an_imported_file_is_loaded_by_its_stem(file: Path, vgg16_weights: VggWeights) -> None:
    path = import_weights(file)
    assert path == cache.path_of("mine", "vgg16")
    file.unlink()
    assert load_weights("mine").digest == vgg16_weights.digest


def test_a_path_is_loaded_without_the_cache(file: Path, cache_root: Path) -> None:
    assert load_weights(str(file)).arch == "vgg16"
    assert load_weights(file).arch == "vgg16"
    assert not cache_root.exists()


def test_a_file_of_another_architecture_is_refused(file: Path) -> None:
    with pytest.raises(WeightsError, match="holds vgg16, not vgg19"):
        load_weights(file, arch="vgg19")


def test_a_taken_name_is_kept_unless_replacing(file: Path, vgg16_weights: VggWeights) -> None:
    import_weights(file)
    assert import_weights(file) == cache.path_of("mine", "vgg16")
    save_npz(file, make_layers("vgg16", seed=9))
    with pytest.raises(WeightsError, match="called 'mine'"):
        import_weights(file)
    assert cache.load("mine", "vgg16").digest == vgg16_weights.digest
    import_weights(file, replace=True)
    assert cache.load("mine", "vgg16").digest != vgg16_weights.digest


def test_the_canonical_weights_are_imported_as_pretrained(
    file: Path, vgg16_weights: VggWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DIGESTS, "vgg16", vgg16_weights.digest)
    assert import_weights(file) == cache.path_of("pretrained", "vgg16")
    assert load_weights().digest == vgg16_weights.digest


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("pretrained", "does not hold the pretrained weights"),
        ("random", "asks for random weights"),
        ("a/b", "cannot be called"),
    ],
)
def test_names_with_a_meaning_are_refused(name: str, sentence: str, file: Path) -> None:
    with pytest.raises(WeightsError, match=sentence):
        import_weights(file, name=name)


def test_an_unknown_name_suggests_a_cached_one(vgg16_weights: VggWeights) -> None:
    cache.save(vgg16_weights, "painter")
    with pytest.raises(WeightsError, match=r"did you mean 'painter'\?") as caught:
        load_weights("paintr")
    assert "pretrained, random, painter" in str(caught.value)


def test_a_missing_path_is_named() -> None:
    with pytest.raises(WeightsError, match=r"no weights file 'missing\.h5'"):
        load_weights("missing.h5")


@pytest.mark.parametrize("spec", ["random:", "random:x", "random:-1", "random:1.5"])
def test_a_seed_that_is_no_number_is_refused(spec: str) -> None:
    with pytest.raises(WeightsError, match="whole number"):
        load_weights(spec)


def test_random_weights_are_loaded_by_seed() -> None:
    seeded, default = load_weights("random:7"), load_weights("random")
    assert seeded.random
    assert default.random
    assert seeded.digest != default.digest


def test_pretrained_is_fetched_when_it_is_not_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(arch: str, progress: object = None) -> Path:
        raise WeightsError(f"fetching {arch}")

    monkeypatch.setattr("texonnx.weights.library.fetch", refused)
    with pytest.raises(WeightsError, match="fetching vgg19"):
        load_weights("pretrained", arch="vgg19")
