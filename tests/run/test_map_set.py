"""Maps follow the photograph: what is known where the image is a part of the exemplar, or drawn."""

from __future__ import annotations

from pathlib import Path

import map_sets
import numpy as np
import pytest

from texonnx.errors import ImageError, OptionError
from texonnx.images import Image, MaterialMap, load_image, save_image
from texonnx.run.given import content_of
from texonnx.run.map_set import MapSet, read_maps
from texonnx.sizes import Size

SIDE = 96


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A drawn set: photograph, normals, roughness, height."""
    return map_sets.write_set(map_sets.pebbles(SIDE), tmp_path_factory.mktemp("set"))


@pytest.fixture(scope="module")
def together(files: list[Path]) -> MapSet:
    return read_maps(files[1:], content_of(files[0]), SIDE)


def followed(together: MapSet, image: Image, exemplar: Path, *, wraps: bool = False) -> list[Image]:
    maps, _ = together.follow(image, load_image(exemplar), wraps=wraps)
    return [one.image for one in maps]


def test_a_part_of_the_exemplar_has_that_part_of_its_maps(
    files: list[Path], together: MapSet
) -> None:
    part = (slice(None), slice(None), slice(12, 76), slice(20, 90))
    image = np.ascontiguousarray(load_image(files[0])[part])
    for found, file in zip(followed(together, image, files[0]), files[1:], strict=True):
        expected = load_image(file)[part]
        inner = (slice(None), slice(None), slice(8, -8), slice(8, -8))
        assert found.shape == expected.shape
        assert np.abs(found - expected)[inner].max() < 0.05, file.name


@pytest.mark.parametrize("size", [(64, 64), (63, 80), (80, 65)])
def test_sides_may_be_odd(files: list[Path], together: MapSet, size: tuple[int, int]) -> None:
    image = np.ascontiguousarray(load_image(files[0])[:, :, : size[0], : size[1]])
    for wraps in (True, False):
        for found in followed(together, image, files[0], wraps=wraps):
            assert found.shape == (1, 3, *size)
            assert np.isfinite(found).all()


def test_what_wraps_has_maps_that_wrap(files: list[Path], together: MapSet) -> None:
    image = load_image(files[0])[:, :, :64, :64]
    rolled = np.roll(image, (20, 30), axis=(2, 3))
    both = (followed(together, one, files[0], wraps=True) for one in (image, rolled))
    for plain, moved in zip(*both, strict=True):
        np.testing.assert_allclose(np.roll(plain, (20, 30), axis=(2, 3)), moved, atol=1e-4)


def test_of_another_drawing_with_the_same_rules_what_belongs_together_stays_together(
    files: list[Path], together: MapSet
) -> None:
    other = map_sets.pebbles(SIDE, seed=7)
    normal, roughness, height = followed(together, other.photograph, files[0])
    own = map_sets.measured(*map(load_image, files))
    kept = map_sets.measured(other.photograph, normal, roughness, height)
    assert kept.height == pytest.approx(own.height, abs=0.12)
    assert kept.roughness == pytest.approx(own.roughness, abs=0.12)
    # Of normals of one map to the heights of another: 40 degrees.
    assert kept.tilt < 20
    there = map_sets.measured(other.photograph, load_image(files[1]), roughness, height)
    assert there.tilt > 30
    # And height lies where it was drawn, as far as light tells.
    assert np.corrcoef(height[0, 0].ravel(), other.height.ravel())[0, 1] > 0.4


def test_normals_are_of_length_1(files: list[Path], together: MapSet) -> None:
    image = map_sets.pebbles(64, seed=3).photograph
    normal = 2 * followed(together, image, files[0])[0].astype(np.float64) - 1
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-5)
    assert normal[:, 2].min() > 0


def test_alphas_are_maps(files: list[Path], tmp_path: Path) -> None:
    height = load_image(files[3])
    opaque = height[0, 0]
    lead, also = tmp_path / "leaf.png", tmp_path / "leaf_normal.png"
    save_image(lead, load_image(files[0]), alpha=opaque)
    save_image(also, load_image(files[1]), alpha=1 - opaque)
    exemplar = content_of(lead)
    together = read_maps([also, files[3]], exemplar, SIDE)
    (normal, found), alpha = together.follow(exemplar.image, exemplar.image, wraps=False)
    assert alpha is not None and normal.alpha is not None and found.alpha is None
    np.testing.assert_allclose(alpha, found.image[0, 0], atol=0.03)
    np.testing.assert_allclose(normal.alpha, 1 - alpha, atol=0.03)


def test_flat_maps_stay_flat(files: list[Path]) -> None:
    exemplar = load_image(files[0])
    flat = np.full((1, 3, SIDE, SIDE), 0.25, np.float32)
    one = MaterialMap("flat.png", "data", flat, None, 8, content_of(files[0]).size)
    (found,), _ = MapSet((one,), None).follow(exemplar, exemplar, wraps=True)
    np.testing.assert_allclose(found.image, 0.25, atol=1e-5)


def test_what_does_not_fit_together_is_refused(files: list[Path], tmp_path: Path) -> None:
    exemplar = content_of(files[0])
    small = tmp_path / "height.png"
    save_image(small, np.full((1, 3, 40, 30), 0.5, np.float32))
    with pytest.raises(ImageError, match=f"has 30x40 pixels and the exemplar {SIDE}x{SIDE}"):
        read_maps([small], exemplar, SIDE)
    with pytest.raises(OptionError, match=r"two maps have the name 'height\.png'"):
        read_maps([files[3], files[3]], exemplar, SIDE)
    with pytest.raises(OptionError, match="unknown kind of map 'bump'"):
        read_maps([(files[3], "bump")], exemplar, SIDE)
    with pytest.raises(ImageError, match="of at least 10x10 pixels, and this one has 8x8"):
        read_maps(files[1:], exemplar, SIDE).check(Size(8, 8))
