"""Animations: which frames are kept, how long they are shown, and files that are whole or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageSequence
import pytest
from numpy.typing import NDArray

from texonnx.errors import ImageError, OptionError
from texonnx.images import ANIMATION_SUFFIXES, Animation, Image, check_animation_path, load_image

IMAGES = Path(__file__).parents[2] / "images"


def grey(level: int, height: int = 12, width: int = 16) -> Image:
    return np.full((1, 3, height, width), level / 255, np.float32)


def animation_of(*levels: int, most_frames: int = 120) -> Animation:
    animation = Animation(most_frames)
    for level in levels:
        animation.add(grey(level))
    return animation


def frames_in(path: Path) -> list[NDArray[np.uint8]]:
    """Return the frames of a file, [H, W, 3] each."""
    with PIL.Image.open(path) as picture:
        return [np.asarray(one.convert("RGB")) for one in PIL.ImageSequence.Iterator(picture)]


def durations_in(path: Path) -> list[int]:
    """Return the milliseconds of each frame of a file."""
    durations = []
    with PIL.Image.open(path) as picture:
        for frame in PIL.ImageSequence.Iterator(picture):
            frame.load()
            durations.append(round(frame.info["duration"]))
    return durations


def levels_in(path: Path) -> list[int]:
    """Return the level in the middle of each frame of a file."""
    return [int(frame[6, 8, 0]) for frame in frames_in(path)]


def test_a_gif_has_the_frames_in_order(tmp_path: Path) -> None:
    animation_of(0, 80, 160, 255).save(tmp_path / "a.gif")
    assert levels_in(tmp_path / "a.gif") == [0, 80, 160, 255]


def test_a_webp_has_the_frames_in_order(tmp_path: Path) -> None:
    animation_of(0, 80, 160, 255).save(tmp_path / "a.webp")
    np.testing.assert_allclose(levels_in(tmp_path / "a.webp"), [0, 80, 160, 255], atol=3)


@pytest.mark.parametrize("suffix", ANIMATION_SUFFIXES)
def test_an_animation_loops_for_ever(tmp_path: Path, suffix: str) -> None:
    animation_of(0, 255).save(tmp_path / f"a{suffix}")
    with PIL.Image.open(tmp_path / f"a{suffix}") as picture:
        assert picture.info["loop"] == 0


@pytest.mark.parametrize("suffix", ANIMATION_SUFFIXES)
@pytest.mark.parametrize(("count", "each"), [(4, 250), (60, 100), (120, 50)])
def test_all_frames_take_about_six_seconds_and_the_last_two_more(
    tmp_path: Path, suffix: str, count: int, each: int
) -> None:
    animation_of(*[0, 255] * (count // 2)).save(tmp_path / f"a{suffix}")
    durations = durations_in(tmp_path / f"a{suffix}")
    assert durations == [each] * (count - 1) + [2000]


@pytest.mark.parametrize("most", [2, 3, 4, 7, 120])
def test_more_frames_are_thinned_evenly_from_the_first_to_the_last(
    tmp_path: Path, most: int
) -> None:
    for count in (1, 2, 3, 50, 119, 120, 121, 256):
        animation = animation_of(*range(count), most_frames=most)
        animation.save(tmp_path / "a.gif")
        levels = levels_in(tmp_path / "a.gif")
        assert len(levels) == len(animation) <= most
        assert levels[0] == 0
        assert levels[-1] == count - 1
        gaps = np.diff(levels[:-1])
        assert len(set(gaps.tolist())) <= 1
        assert count <= 2 or 1 <= levels[-1] - levels[-2] <= max(gaps, default=count)
        assert len(animation) >= min(count, most) / 2


def test_frames_are_copied_as_they_come(tmp_path: Path) -> None:
    animation, image = Animation(2), grey(10)
    for level in (10, 20, 30):
        image[:] = level / 255
        animation.add(image)
    image[:] = 1
    animation.save(tmp_path / "a.gif")
    assert levels_in(tmp_path / "a.gif") == [10, 30]


def test_an_animation_can_be_saved_and_go_on(tmp_path: Path) -> None:
    animation = animation_of(0, 50)
    animation.save(tmp_path / "a.gif")
    animation.add(grey(100))
    animation.save(tmp_path / "a.gif")
    assert levels_in(tmp_path / "a.gif") == [0, 50, 100]


def test_coarse_frames_are_enlarged_to_the_size_of_the_last(tmp_path: Path) -> None:
    animation = Animation()
    for size in (8, 16, 32):
        animation.add(grey(size, size, size * 2))
    animation.save(tmp_path / "a.gif")
    frames = frames_in(tmp_path / "a.gif")
    assert [frame.shape for frame in frames] == [(32, 64, 3)] * 3
    assert [int(frame[20, 30, 0]) for frame in frames] == [8, 16, 32]


def test_a_size_that_is_given_is_the_files(tmp_path: Path) -> None:
    animation_of(0, 255).save(tmp_path / "a.webp", (40, 60))
    with PIL.Image.open(tmp_path / "a.webp") as picture:
        assert picture.size == (60, 40)


def test_large_images_are_shrunk_to_the_longest_side(tmp_path: Path) -> None:
    animation = Animation(longest_side=20)
    animation.add(grey(0, 40, 80))
    animation.add(grey(255, 40, 80))
    animation.save(tmp_path / "a.gif")
    assert frames_in(tmp_path / "a.gif")[0].shape == (10, 20, 3)


def test_values_outside_the_range_are_clipped(tmp_path: Path) -> None:
    animation_of(-100, 400).save(tmp_path / "a.gif")
    assert levels_in(tmp_path / "a.gif") == [0, 255]


def test_frames_all_the_same_and_one_alone_make_a_file(tmp_path: Path) -> None:
    for suffix in ANIMATION_SUFFIXES:
        animation_of(50, 50, 50).save(tmp_path / f"same{suffix}")
        animation_of(50).save(tmp_path / f"one{suffix}")
        for name in ("same", "one"):
            np.testing.assert_allclose(levels_in(tmp_path / f"{name}{suffix}")[0], 50, atol=2)


def test_a_photograph_as_gif_is_near_the_photograph(tmp_path: Path) -> None:
    image = load_image(IMAGES / "hedgehog.jpg")
    animation = Animation()
    animation.add(image[..., ::-1])
    animation.add(image)
    animation.save(tmp_path / "a.gif")
    error = frames_in(tmp_path / "a.gif")[1] / 255 - image[0].transpose(1, 2, 0)
    # Error diffusion trades the single pixel for the mean of a neighbourhood.
    means = error.reshape(32, 8, 32, 8, 3).mean(axis=(1, 3))
    assert np.sqrt((error**2).mean()) < 0.05
    assert np.sqrt((means**2).mean()) < 0.01


def test_an_animation_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no frames"):
        Animation().save(tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_image_is_refused_and_not_counted() -> None:
    animation = Animation()
    for bad in (np.zeros((8, 8), np.float32), np.full((1, 3, 8, 8), np.nan, np.float32)):
        with pytest.raises(ImageError):
            animation.add(bad)
    assert len(animation) == 0


def test_a_suffix_other_than_gif_and_webp_is_refused(tmp_path: Path) -> None:
    says = r"unknown animation suffix '\.png'.*known: \.gif, \.webp"
    with pytest.raises(ImageError, match=says):
        check_animation_path(tmp_path / "a.png")
    with pytest.raises(ImageError, match=says):
        animation_of(0, 1).save(tmp_path / "a.png")


def test_a_missing_folder_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="there is no folder"):
        check_animation_path(tmp_path / "missing" / "a.gif")
    (tmp_path / "a.gif").mkdir()
    with pytest.raises(ImageError, match="it is a folder"):
        check_animation_path(tmp_path / "a.gif")


def test_a_check_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    check_animation_path(tmp_path / "a.GIF")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.gif").write_bytes(b"before")
    check_animation_path(tmp_path / "a.gif")
    assert (tmp_path / "a.gif").read_bytes() == b"before"


def test_a_failure_leaves_the_file_that_was_there_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(b"before")
    with pytest.raises(ImageError, match="cannot write"):
        # WebP's sides end at 16383 pixels.
        animation_of(0, 1).save(tmp_path / "a.webp", (1, 17000))
    assert [path.name for path in tmp_path.iterdir()] == ["a.webp"]
    assert (tmp_path / "a.webp").read_bytes() == b"before"


@pytest.mark.parametrize(("most", "longest"), [(1, 512), (0, 512), (120, 0)])
def test_limits_that_make_no_animation_are_refused(most: int, longest: int) -> None:
    with pytest.raises(OptionError, match=r"not (0|1)"):
        Animation(most, longest)
