"""``texonnx.transfer``: the content of one image, the texture of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import small_runs
from support.drawn_objective import noise_image, smooth_image
from support.small_runs import colour, draw_once, psnr, roughness

from texonnx import (
    NotFiniteError,
    Step,
    SynthesisInterrupted,
    SynthesisResult,
    save_image,
    transfer,
)
from texonnx.errors import ImageError, OptionError
from texonnx.images import Image, resize, scale_shorter_side
from texonnx.weights import library

CONTENT, STYLE, OTHER = (smooth_image(48, 64, 3), smooth_image(40, 48), smooth_image(40, 72, 1))
SHOWN = scale_shorter_side(CONTENT, 32)  # 64 * 32 / 48 = 42.7 pixels wide

SMALL: dict[str, Any] = {
    **small_runs.SMALL, "content_layers": "conv2_1", "size": 32, "steps": 4
}  # fmt: skip


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)


def run(content: Any = CONTENT, style: Any = STYLE, **options: Any) -> SynthesisResult:
    return transfer(content, style, **{**SMALL, **options})


# Sizes


@pytest.mark.parametrize(("size", "shape"), [(32, (32, 43)), (64, (64, 85)), (None, (48, 64))])
def test_the_result_has_the_contents_shape(size: int | None, shape: tuple[int, int]) -> None:
    result = run(size=size, steps=1)
    assert result.image.shape == (1, 3, *shape)
    assert result.image.min() >= 0
    assert result.image.max() <= 1


def test_a_large_content_is_scaled_down_to_512_where_no_size_is_given() -> None:
    shrunk = run(smooth_image(520, 780), size=None, steps=1, scales=1, layers="conv1_1",
                 content_layers="conv1_1")  # fmt: skip
    assert shrunk.image.shape == (1, 3, 512, 768)


def test_the_style_is_scaled_to_the_content_and_by_its_own_scale() -> None:
    # With texture alone, a style of half the size is the style shrunk to that size.
    options = {"content_weight": 0, "init": "noise", "steps": 20}
    half = run(style_scale=0.5, **options).image
    given = run(style=scale_shorter_side(STYLE, 16), style_scale=0.5, **options).image
    assert psnr(half, given) > psnr(half, run(**options).image) + 5


@pytest.mark.parametrize(("size", "coarsest"), [(127, 127), (128, 64), (300, 75)])
def test_sizes_are_halved_down_to_64_pixels(size: int, coarsest: int) -> None:
    assert min(run(size=size, steps=1).history[0].size) == coarsest


def test_the_default_steps_double_at_each_coarser_scale_and_are_48_at_least_there() -> None:
    steps = {step.size.height: step.steps for step in run(size=128, steps=None).history}
    assert steps == {64: 48, 128: 16}


def test_a_style_that_was_scaled_is_told_with_what_leaves_it_as_it_is() -> None:
    assert run(steps=1).notes == (
        "the style of 48x40 pixels was scaled to 38x32; a style scale of 1.25 leaves it as it is",
    )
    assert run(style_scale=1.25, steps=1).notes == ()


@pytest.mark.parametrize("style_scale", [0, -1, 17, float("nan")])
def test_a_scale_of_the_style_that_will_not_do_is_refused(style_scale: float) -> None:
    with pytest.raises(OptionError, match=f"at most 16, not {style_scale}"):
        run(style_scale=style_scale)


@pytest.mark.parametrize("size", [0, -3])
def test_a_size_that_will_not_do_is_refused(size: int) -> None:
    with pytest.raises(OptionError, match=f"size must be 1 or more, not {size}"):
        run(size=size)


def test_images_too_small_for_the_layers_are_refused() -> None:
    with pytest.raises(ImageError, match="has 1x1 pixels"):
        run(style=STYLE[:, :, :1, :1])
    with pytest.raises(OptionError, match="output would have 1x9 pixels"):
        run(CONTENT[:, :, :9, :1], size=None)


# Content and style


def test_without_style_the_content_is_kept_as_it_is() -> None:
    result = run(style_weight=0)
    assert [step.loss for step in result.history] == [0] * len(result.history)
    assert list(result.history[0].layer_losses) == ["content.conv2_1"]
    np.testing.assert_allclose(result.image, SHOWN, atol=1e-6)


def test_without_style_noise_becomes_the_content() -> None:
    made = run(style_weight=0, init="noise", content_layers="conv1_1", steps=30, scales=1).image
    assert psnr(made, SHOWN) > 30


def test_without_content_texture_alone_is_made() -> None:
    one, other = (
        run(content, content_weight=0, init="noise", steps=10)
        for content in (CONTENT, noise_image(48, 64))
    )
    assert list(one.history[0].layer_losses) == ["conv1_1", "conv2_1"]
    assert np.array_equal(one.image, other.image)


def test_without_content_layers_there_is_no_content_either() -> None:
    assert list(run(content_layers="").history[0].layer_losses) == ["conv1_1", "conv2_1"]


def test_the_more_the_content_counts_the_closer_the_result_is() -> None:
    kept = [
        psnr(run(content_weight=weight, init="noise", steps=20, scales=1).image, SHOWN)
        for weight in (0.01, 1, 10)
    ]
    assert kept == sorted(kept)
    assert kept[-1] > kept[0] + 3


def test_the_stronger_the_further_from_the_content() -> None:
    kept = [psnr(run(strength=strength, steps=20).image, SHOWN) for strength in (0, 0.5, 1)]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] > kept[-1] + 1


def test_a_strength_is_a_content_weight() -> None:
    assert np.array_equal(run(strength=1).image, run(content_weight=0.002).image)


def test_the_more_the_style_counts_the_closer_the_result_is() -> None:
    heavy, light = (run(style_weight=w, steps=20, scales=1).history[-1] for w in (10, 0.1))
    texture = [
        sum(step.layer_losses[layer] for layer in ("conv1_1", "conv2_1")) / weight
        for step, weight in ((heavy, 10), (light, 0.1))
    ]
    assert texture[0] < 0.5 * texture[1]


def test_total_variation_smooths() -> None:
    rough, smooth = (run(init="noise", tv=tv, steps=20, scales=1) for tv in (0, 10))
    assert roughness(smooth.image) < 0.7 * roughness(rough.image)


def test_the_parts_of_the_loss_are_told_by_their_names() -> None:
    history = run(content_layers="conv1_1,conv2_1", tv=0.1).history
    names = ["conv1_1", "conv2_1", "content.conv1_1", "content.conv2_1", "tv"]
    for step in history:
        assert list(step.layer_losses) == names
        assert step.loss == pytest.approx(sum(step.layer_losses.values()), rel=1e-5)


@pytest.mark.parametrize("loss", ["gram", "emd", "swd", "mean+cov", "gan"])
def test_every_texture_loss_can_be_had(loss: str) -> None:
    history = run(loss=loss, init="noise", steps=10, scales=1).history
    assert list(history[0].layer_losses) == ["conv1_1", "conv2_1", "content.conv2_1"]
    content = [step.layer_losses["content.conv2_1"] for step in history]
    assert min(content) < content[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"content_weight": 0, "style_weight": 0}, "style weight is 0, and no content is kept"),
        ({"content_layers": "", "style_weight": 0}, "style weight is 0, and no content is kept"),
        ({"content_weight": -1}, "the content weight must be a number from 0 up, not -1"),
        ({"style_weight": float("nan")}, "the style weight must be a number from 0 up, not nan"),
        ({"tv": float("inf")}, "the weight of tv must be a number from 0 up, not inf"),
        ({"tv": 1, "loss": "gram,tv"}, "tv is asked for twice"),
        ({"content_layers": "conv4_22"}, "did you mean 'conv4_2'"),
        ({"content_layers": "conv4_22", "content_weight": 0}, "did you mean 'conv4_2'"),
        ({"loss": "grma"}, "did you mean 'gram'"),
        ({"loss": "grma", "style_weight": 0}, "did you mean 'gram'"),
        ({"layers": "shalow", "style_weight": 0}, "did you mean 'shallow'"),
        ({"loss": "content"}, "unknown loss 'content'"),
        ({"preserve_colour": "luma"}, "did you mean 'luminance'"),
    ],
    ids=str,
)
def test_what_will_not_do_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        run(**options)


# Several styles


def test_a_style_that_counts_nothing_changes_nothing() -> None:
    alone = run(style=OTHER, scales=2).image
    assert np.array_equal(run(style=[(STYLE, 0), (OTHER, 2)], scales=2).image, alone)
    assert np.array_equal(run(style=[(OTHER, 2), (STYLE, 0)], scales=2).image, alone)


def test_the_more_a_style_counts_the_more_the_result_is_like_it() -> None:
    dark, bright = 0.4 * STYLE, 0.6 + 0.4 * OTHER
    brightness = [
        run(style=[(dark, 1 - share), (bright, share)], content_weight=0, steps=20).image.mean()
        for share in (0.1, 0.5, 0.9)
    ]
    assert brightness == sorted(brightness)
    assert brightness[-1] > brightness[0] + 0.1


def test_styles_by_themselves_count_alike() -> None:
    alike, *given = (
        run(style=style).image
        for style in (
            [STYLE, OTHER], (STYLE, OTHER), [(STYLE, 2), (OTHER, 2)], [STYLE, (OTHER, 1)],
        )
    )  # fmt: skip
    assert all(np.array_equal(alike, one) for one in given)


def test_one_style_may_come_with_what_it_counts() -> None:
    assert np.array_equal(run(style=(STYLE, 0.3)).image, run().image)
    assert np.array_equal(run(style=(STYLE, np.float32(3))).image, run().image)


@pytest.mark.parametrize(
    ("style", "error", "told"),
    [
        ([], OptionError, "there is no exemplar"),
        ([(STYLE, -1), (OTHER, 2)], OptionError, "not -1, 2"),
        ([(STYLE, 0), (OTHER, 0)], OptionError, "not all 0"),
        (None, ImageError, "shape"),
        (("a.png", "b.png"), ImageError, "there is no image file 'a.png'"),
    ],
    ids=["none", "negative", "all 0", "None", "files that are not there"],
)
def test_styles_that_will_not_do_are_refused(style: Any, error: Any, told: str) -> None:
    with pytest.raises(error, match=told):
        run(style=style)


def test_files_are_as_good_as_arrays(tmp_path: Path) -> None:
    for name, image in (("content.png", CONTENT), ("style.png", STYLE)):
        save_image(tmp_path / name, image)
    content, style = tmp_path / "content.png", str(tmp_path / "style.png")
    made = run(content, style).image
    assert np.array_equal(made, run(str(content), [(Path(style), 1)]).image)
    assert psnr(made, run().image) > 30  # but for the 8 bits


# Colours


def chrominance(image: Image) -> np.ndarray:
    """R - Y and B - Y with Y of BT.601, [2, H, W]."""
    luma = np.tensordot([0.299, 0.587, 0.114], image[0], axes=1)
    return np.stack([image[0, 0] - luma, image[0, 2] - luma])


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_with_luminance_the_colours_are_the_contents_and_the_brightness_is_made(
    optimizer: str,
) -> None:
    # Colours in the middle of what can be shown, so that none is cut off.
    content = 0.35 + 0.3 * CONTENT
    made = run(
        content, preserve_colour="luminance", optimizer=optimizer, init="noise", steps=8
    ).image
    wanted = chrominance(scale_shorter_side(content, 32))
    shown = (made > 0).all(axis=(0, 1)) & (made < 1).all(axis=(0, 1))
    assert shown.mean() > 0.9
    np.testing.assert_allclose(chrominance(made)[:, shown], wanted[:, shown], atol=1e-5)
    assert psnr(made, scale_shorter_side(content, 32)) < 40


def test_with_luminance_every_image_on_the_way_is_coloured() -> None:
    told: list[tuple[Step, Image]] = []
    run(
        0.35 + 0.3 * CONTENT, preserve_colour="luminance", scales=2, steps=2,
        on_step=lambda step, image: told.append((step, image)),
    )  # fmt: skip
    assert {step.scale for step, _ in told} == {1, 2}
    for step, image in told:
        wanted = chrominance(resize(scale_shorter_side(0.35 + 0.3 * CONTENT, 32), *step.size))
        shown = (image > 0).all(axis=(0, 1)) & (image < 1).all(axis=(0, 1))
        np.testing.assert_allclose(chrominance(image)[:, shown], wanted[:, shown], atol=1e-5)


def test_with_histogram_the_styles_colours_are_the_contents() -> None:
    made, plain = (
        run(preserve_colour=way, content_weight=0, init="noise", steps=60).image
        for way in ("histogram", "none")
    )
    wanted = colour(SHOWN)
    assert np.abs(colour(made) - wanted).max() < 0.5 * np.abs(colour(plain) - wanted).max()


# Optimisers, starts, seeds, engines


@pytest.mark.parametrize(
    ("optimizer", "lr"), [("lbfgs", None), ("scipy-lbfgs", None), ("adam", None), ("sgd", 0.03)]
)
def test_the_loss_falls_with_every_optimizer(optimizer: str, lr: float | None) -> None:
    history = run(optimizer=optimizer, lr=lr, steps=20, scales=1).history
    assert min(step.loss for step in history) < 0.6 * history[0].loss


def first_image(**options: Any) -> Image:
    told: list[Image] = []
    run(steps=1, on_step=lambda step, image: told.append(image.copy()), **options)
    return told[0]


def test_it_starts_from_the_content_in_the_styles_colours_unless_something_else_is_named(
    tmp_path: Path,
) -> None:
    style = scale_shorter_side(STYLE, 32)
    for preserve_colour, like in (("none", style), ("histogram", SHOWN)):
        start = first_image(scales=1, preserve_colour=preserve_colour)
        np.testing.assert_allclose(colour(start), colour(like), atol=0.01)
        assert np.corrcoef(start[0, 1].ravel(), SHOWN[0, 1].ravel())[0, 1] > 0.8
    coarse = first_image(scales=2)
    np.testing.assert_allclose(coarse, resize(first_image(scales=1), 16, 21), atol=1e-6)
    mean = first_image(scales=1, init="mean")
    np.testing.assert_allclose(colour(mean), colour(style), atol=0.01)
    assert mean.std(axis=(2, 3)).max() < 0.02
    save_image(tmp_path / "start.png", OTHER)
    start = first_image(scales=1, init=tmp_path / "start.png")
    assert psnr(start, resize(OTHER, 32, 43)) > 45


def test_the_contents_detail_comes_in_at_every_scale() -> None:
    """With hardly a step taken, beside that of the style's patches; without a style alone."""

    def detail(image: Image) -> Image:
        return image - resize(resize(image, 16, 21), 32, 43)

    hardly: dict[str, Any] = {"optimizer": "adam", "lr": 1e-7, "scales": 2, "steps": 1}
    start = first_image(scales=1).clip(0, 1)
    alike = np.corrcoef(detail(run(**hardly).image).ravel(), detail(start).ravel())[0, 1]
    assert 0.3 < alike < 0.99
    assert psnr(run(style_weight=0, **hardly).image, SHOWN) > 40


def test_a_first_image_that_is_none_is_refused() -> None:
    with pytest.raises(ImageError, match="there is no image file 'contnt'"):
        run(init="contnt")


def test_there_are_twice_the_steps_of_a_synthesis_where_none_are_given() -> None:
    [steps] = {step.steps for step in run(steps=None, optimizer="adam", until=0.99).history}
    assert steps == 80


@pytest.mark.parametrize("loss", ["gram", "swd", "gan"])
def test_the_same_seed_gives_the_same_image_and_another_another(loss: str) -> None:
    options = {"loss": loss, "init": "noise", "scales": 2}
    first, second, other = (run(seed=seed, **options).image for seed in (5, 5, 6))
    assert np.array_equal(first, second)
    assert np.abs(first - other).max() > 0.01


@pytest.mark.training
@pytest.mark.parametrize("loss", ["gram", "emd", "swd", "gan"])
def test_both_engines_make_about_the_same_image(loss: str) -> None:
    options = {"loss": loss, "tv": 0.1, "optimizer": "sgd", "lr": 0.01, "scales": 2}
    analytic, training = (run(engine=engine, **options) for engine in ("analytic", "training"))
    assert (analytic.engine, training.engine) == ("analytic", "training")
    assert psnr(training.image, analytic.image) > 45


# Ends before the end


@pytest.mark.parametrize("preserve_colour", ["none", "luminance"])
def test_an_interrupt_carries_the_best_image_so_far_as_it_is_to_be_seen(
    preserve_colour: str,
) -> None:
    told: list[tuple[float, Image]] = []

    def on_step(step: Step, image: Image) -> None:
        told.append((step.loss, image.copy()))
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(SynthesisInterrupted) as caught:
        run(preserve_colour=preserve_colour, scales=1, steps=50, on_step=on_step)
    _, best = min(told, key=lambda pair: pair[0])
    np.testing.assert_allclose(caught.value.result.image, best.clip(0, 1), atol=1e-6)
    assert len(caught.value.result.history) == 3


def test_a_loss_that_is_not_finite_stops_with_the_last_good_image_in_the_contents_colours() -> None:
    content = 0.35 + 0.3 * CONTENT
    with pytest.raises(NotFiniteError, match=r"not finite at step 2 of size 43x32") as caught:
        run(content, preserve_colour="luminance", scales=1, optimizer="sgd", lr=1e25)
    # The last good image is where it began.
    made, shown = caught.value.result.image, scale_shorter_side(content, 32)
    np.testing.assert_allclose(chrominance(made), chrominance(shown), atol=1e-5)
    assert psnr(made, shown) > 25
