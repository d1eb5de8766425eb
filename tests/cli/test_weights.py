"""``texonnx weights``: fetch, import, list."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import SHORT, Texonnx, assert_refused, everything_below

from texonnx.weights import cache, random_weights
from texonnx.weights.catalogue import DIGESTS
from texonnx.weights.library import load_weights


@pytest.fixture
def file(tmp_path: Path, cache_root: Path) -> Path:
    """A weights file of the user's, whose stem is ``mine``."""
    path = tmp_path / "mine.safetensors"
    cache.save(load_weights("random:0"), "given").rename(path)
    return path


def test_fetching_what_is_cached_needs_no_network(
    texonnx: Texonnx, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = load_weights("random:0")
    monkeypatch.setitem(DIGESTS, "vgg16", weights.digest)
    path = cache.save(weights, "pretrained")
    outcome = texonnx("weights", "fetch")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"verified: {path}\n", "")


def test_fetching_without_a_network_is_refused(texonnx: Texonnx, cache_root: Path) -> None:
    sentence = assert_refused(texonnx("weights", "fetch"))
    assert "no connection" in sentence
    assert everything_below(cache_root) == {}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--source", "kears"), "did you mean 'keras'?"),
        (("--arch", "vgg-19"), "did you mean 'vgg19'?"),
        (("--arch", "vgg19", "--source", "mirror"), "keras"),
    ],
)
def test_fetching_what_is_unknown_is_refused(
    arguments: tuple[str, ...], hint: str, texonnx: Texonnx
) -> None:
    assert hint in assert_refused(texonnx("weights", "fetch", *arguments))


def test_imported_weights_are_listed_and_used_by_their_name(
    texonnx: Texonnx, file: Path, exemplar: Path, tmp_path: Path
) -> None:
    outcome = texonnx("weights", "import", file)
    assert (outcome.code, outcome.err) == (0, "")
    assert "--weights mine" in outcome.out

    listed = texonnx("weights", "list")
    assert listed.code == 0
    assert "mine" in listed.out
    assert "vgg16" in listed.out
    assert load_weights("random:0").digest[:12] in listed.out

    options = ("--weights", "mine", "--layers", "conv1_1", *SHORT)
    assert texonnx("synth", exemplar, "-o", "out.png", *options).code == 0
    assert (tmp_path / "out.png").is_file()


def test_the_name_may_be_chosen(texonnx: Texonnx, file: Path) -> None:
    assert "--weights my-net" in texonnx("weights", "import", file, "--name", "my-net").out
    assert cache.path_of("my-net", "vgg16").is_file()


def test_importing_the_same_weights_twice_is_no_error(texonnx: Texonnx, file: Path) -> None:
    assert texonnx("weights", "import", file).code == 0
    assert texonnx("weights", "import", file).code == 0


def test_other_weights_of_that_name_are_replaced_with_force_alone(
    texonnx: Texonnx, file: Path
) -> None:
    texonnx("weights", "import", file)
    other = random_weights("vgg16", 1)
    cache.save(other, "given").rename(file)
    before = cache.load("mine", "vgg16").digest
    sentence = assert_refused(texonnx("weights", "import", file))
    assert "'mine'" in sentence
    assert "--force" in sentence
    assert cache.load("mine", "vgg16").digest == before

    assert texonnx("weights", "import", file, "--force").code == 0
    assert cache.load("mine", "vgg16").digest == other.digest


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--name", "no/such"), "no/such"),
        (("--name", "random"), "random"),
        (("--name", "pretrained"), "pretrained"),
        (("--arch", "vgg19"), "vgg16"),
        (("--arch", "vgg"), "vgg"),
        (("--convention", "tourch"), "did you mean 'torch'?"),
    ],
    ids=" ".join,
)
def test_an_import_that_cannot_be_is_refused_and_changes_nothing(
    options: tuple[str, ...], hint: str, texonnx: Texonnx, file: Path, cache_root: Path
) -> None:
    before = everything_below(cache_root)
    assert hint in assert_refused(texonnx("weights", "import", file, *options))
    assert everything_below(cache_root) == before


@pytest.mark.parametrize("name", ["nothing.h5", "."])
def test_importing_what_is_no_file_is_refused(name: str, texonnx: Texonnx) -> None:
    assert name in assert_refused(texonnx("weights", "import", name))


def test_an_empty_cache_lists_as_empty(texonnx: Texonnx, cache_root: Path) -> None:
    outcome = texonnx("weights", "list")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{cache_root / 'weights'}: 0 cached\n"


def test_a_damaged_file_in_the_cache_is_listed_as_unreadable(texonnx: Texonnx) -> None:
    path = cache.path_of("broken", "vgg16")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no weights")
    outcome = texonnx("weights", "list")
    assert outcome.code == 0
    assert "broken" in outcome.out
    assert "unreadable" in outcome.out


def test_quiet_prints_nothing(texonnx: Texonnx, file: Path) -> None:
    outcome = texonnx("weights", "import", file, "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_a_cache_that_cannot_be_written_is_refused(
    texonnx: Texonnx, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXONNX_CACHE", str(file))
    assert "cannot be written" in assert_refused(texonnx("weights", "import", file))
