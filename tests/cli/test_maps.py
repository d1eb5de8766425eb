"""``--with``: an exemplar's maps in, the result's maps out, and what is refused before any work."""

from __future__ import annotations

from pathlib import Path

import map_sets
import numpy as np
import PIL.Image
import pytest
from support.commands import SMALL, Texonnx, assert_refused

from texonnx import load_image
from texonnx.weights import cache
from texonnx.weights.library import load_weights

QUICK = (*SMALL, "--weights", "drawn", "--exemplar-size", "48", "--steps", "2", "--quiet")
NAMES = ["albedo.png", "height.png", "normal.png", "roughness.png"]


@pytest.fixture
def maps(tmp_path: Path) -> list[Path]:
    """A drawn set in ``set``."""
    cache.save(load_weights("random:0"), "drawn")
    return map_sets.write_set(map_sets.pebbles(64), tmp_path / "set")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def with_all(maps: list[Path]) -> list[str | Path]:
    return [word for file in maps[1:] for word in ("--with", file)]


@pytest.mark.parametrize("verb", ["synth", "tile"])
def test_a_folder_gets_a_set_under_its_own_names(
    verb: str, texonnx: Texonnx, maps: list[Path], tmp_path: Path
) -> None:
    outcome = texonnx(verb, maps[0], *with_all(maps), "-o", "out", *QUICK[:-1])
    assert outcome.code == 0, outcome.err
    assert names(tmp_path / "out") == NAMES
    assert "'normal.png' is taken as normal, by its name" in outcome.out
    assert "albedo.png, normal.png, roughness.png, height.png: " in outcome.out
    sizes = {load_image(tmp_path / "out" / name).shape for name in NAMES}
    assert len(sizes) == 1
    with PIL.Image.open(tmp_path / "out" / "height.png") as height:
        assert height.mode == "I;16"
    normal = 2 * load_image(tmp_path / "out" / "normal.png").astype(np.float64) - 1
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-3)


def test_beside_a_named_image_maps_begin_with_its_name(
    texonnx: Texonnx, maps: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    assert texonnx("synth", maps[0], *with_all(maps), "-o", folder / "x.png", *QUICK).code == 0
    assert names(folder) == ["x-height.png", "x-normal.png", "x-roughness.png", "x.png"]


def test_a_set_is_made_again_from_its_picture(
    texonnx: Texonnx, maps: list[Path], tmp_path: Path
) -> None:
    assert texonnx("synth", maps[0], *with_all(maps), "-o", "out", *QUICK).code == 0
    picture = tmp_path / "out" / "albedo.png"
    # The result is named as the exemplar is, and is not taken for it.
    outcome = texonnx("replay", picture, "-o", "again", "-q")
    assert "there is no image file 'albedo.png'" in assert_refused(outcome)
    outcome = texonnx("replay", picture, "--exemplar", maps[0], "-o", "again")
    assert outcome.code == 0 and "differs" not in outcome.err, outcome.err
    for name in NAMES:
        pictures = (load_image(tmp_path / folder / name) for folder in ("out", "again"))
        assert np.array_equal(*pictures), name


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--with", "set/height.png:bump"], "unknown kind of map 'bump'"),
        (["--with", "set/nothing.png"], "there is no image file 'set/nothing.png'"),
        (["--with", "set/height.png:normal"], "has one channel, and normals have three"),
        (["--with", "set/height.png", "-o", "-"], "standard output takes one picture"),
        (["set/height.png", "--with", "set/normal.png"], "maps belong to one exemplar"),
        (["--with", "set/height.png", "-o", "set"], "is what the run is made from"),
    ],
)
def test_what_will_not_do_is_refused(
    words: list[str], told: str, texonnx: Texonnx, maps: list[Path], tmp_path: Path
) -> None:
    before = names(maps[0].parent)
    outcome = texonnx("synth", "set/albedo.png", *words, *QUICK)
    assert told in assert_refused(outcome)
    assert names(maps[0].parent) == before


def test_maps_that_others_wrote_are_not_replaced(
    texonnx: Texonnx, maps: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    PIL.Image.new("L", (9, 9)).save(tmp_path / "out" / "height.png")
    words = ("synth", maps[0], *with_all(maps), "-o", "out", *QUICK)
    assert "texonnx did not write it" in assert_refused(texonnx(*words))
    assert texonnx(*words, "--force").code == 0
    assert texonnx(*words).code == 0


def test_an_exemplar_without_patches_is_refused_before_the_run(
    texonnx: Texonnx, maps: list[Path]
) -> None:
    words = ("synth", maps[0], *with_all(maps), "-o", "out", *QUICK)
    tiny = texonnx(*words, "--layers", "conv1_1", "--exemplar-size", "8", "--steps", "100000")
    assert "maps follow an exemplar of at least 10x10 pixels" in assert_refused(tiny)


def test_maps_are_resampled_as_their_exemplar_is(texonnx: Texonnx, tmp_path: Path) -> None:
    cache.save(load_weights("random:0"), "drawn")
    files = map_sets.write_set(map_sets.bricks(144), tmp_path / "set")
    words = ("tile", files[0], *with_all(files), "-o", "out", "--exact-size", "--size", "145")
    outcome = texonnx(*words, *QUICK, "--exemplar-size", "144")
    assert outcome.code == 0, outcome.err
    assert {load_image(tmp_path / "out" / name).shape[2:] for name in NAMES} == {(145, 145)}
