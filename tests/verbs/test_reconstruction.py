"""``texonnx.reconstruct``: what a layer still knows of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.drawn_objective import smooth_image
from support.small_runs import draw_once, psnr

from texonnx import Step, SynthesisInterrupted, SynthesisResult, reconstruct, save_image
from texonnx.errors import ImageError, OptionError
from texonnx.images import Image, scale_shorter_side
from texonnx.weights import library

IMAGE = smooth_image(48, 64, 3)
SHOWN = scale_shorter_side(IMAGE, 32)


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)


def run(image: Any = IMAGE, **options: Any) -> SynthesisResult:
    return reconstruct(image, **{"weights": "random:0", "size": 32, "steps": 4, **options})


def first_image(**options: Any) -> Image:
    told: list[Image] = []
    run(on_step=lambda step, image: told.append(image.copy()), **{"steps": 1, **options})
    return told[0]


# Content


def test_the_first_layer_knows_the_image() -> None:
    start = psnr(first_image(layer="conv1_1"), SHOWN)
    assert start < 15
    made = run(layer="conv1_1", steps=30).image
    assert made.shape == SHOWN.shape
    assert psnr(made, SHOWN) > start + 25


def test_a_deeper_layer_knows_less() -> None:
    known = [psnr(run(layer=f"conv{k}_1", steps=30).image, SHOWN) for k in (1, 2, 3)]
    assert known == sorted(known, reverse=True)
    assert known[-1] > 15


def test_the_features_of_the_named_layer_alone_are_compared() -> None:
    assert list(run(layer="conv2_2").history[0].layer_losses) == ["content.conv2_2"]


def test_without_a_number_of_steps_there_are_enough_for_the_first_layers() -> None:
    # Of L-BFGS, 60 evaluations; it may end before, when there is nothing left to gain.
    result = run(layer="conv1_2", steps=None)
    assert {step.steps for step in result.history} == {60}
    assert psnr(result.image, SHOWN) > 30


def test_the_content_is_reconstructed_at_one_scale_unless_more_are_asked_for() -> None:
    assert {step.scales for step in run(layer="conv2_1", size=128, steps=1).history} == {1}
    history = run(layer="conv2_1", size=64, scales=2, steps=2).history
    assert {step.size for step in history} == {(32, 42), (64, 85)}


def test_the_image_itself_is_not_given_away_by_where_it_starts() -> None:
    start = first_image(layer="conv2_1")
    assert start.std(axis=(2, 3)).max() < 0.1
    assert np.abs(np.corrcoef(start.ravel(), SHOWN.ravel())[0, 1]) < 0.5


@pytest.mark.parametrize("init", ["noise", "mean", "spectrum"])
def test_the_start_may_be_chosen(init: str) -> None:
    deviation = first_image(layer="conv1_1", init=init).std(axis=(2, 3)).max()
    low, high = {"noise": (0.03, 0.07), "mean": (0.005, 0.015), "spectrum": (0.1, 0.4)}[init]
    assert low < deviation < high


def test_it_may_start_from_an_image(tmp_path: Any) -> None:
    save_image(tmp_path / "start.png", IMAGE)
    assert psnr(first_image(layer="conv1_1", init=tmp_path / "start.png"), SHOWN) > 45


@pytest.mark.parametrize("option", [{"loss": "emd"}, {"layer_weights": "linear"},
                                    {"gram_norm": "chw"}], ids=str)  # fmt: skip
def test_what_is_of_a_style_is_refused_for_a_content(option: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="are of a style"):
        run(**option)


# Style


def test_the_style_is_that_of_all_layers_up_to_the_named_one() -> None:
    result = run(layer="conv2_1", style=True)
    assert list(result.history[0].layer_losses) == ["conv1_1", "conv1_2", "conv2_1"]
    assert result.image.shape == SHOWN.shape


@pytest.mark.parametrize("loss", ["gram", "emd", "gan"])
def test_the_style_may_be_of_any_texture_loss(loss: str) -> None:
    result = run(layer="conv1_2", style=True, loss=loss, layer_weights="2,1", steps=8)
    assert list(result.history[0].layer_losses) == ["conv1_1", "conv1_2"]


def test_the_style_goes_from_coarse_to_fine_where_the_size_allows() -> None:
    history = run(layer="conv1_1", style=True, size=128, steps=1).history
    assert [step.size for step in history] == [(64, 85), (128, 171)]


def test_the_style_does_not_know_where_things_are() -> None:
    made = run(layer="conv1_1", style=True, steps=30).image
    assert psnr(made, SHOWN) < 20


# Either


@pytest.mark.parametrize("style", [False, True])
@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ("conv1_11", "did you mean 'conv1_1'"),
        ("conv3_4", "unknown vgg16 layer 'conv3_4'"),  # VGG-19 has it
        ("deep", "unknown vgg16 layer 'deep'"),
        ("", "unknown vgg16 layer ''"),
        ("conv1_1,conv2_1", "unknown vgg16 layer 'conv1_1,conv2_1'"),
    ],
)
def test_a_layer_that_the_network_lacks_is_refused(layer: str, told: str, style: bool) -> None:
    with pytest.raises(OptionError, match=told):
        run(layer=layer, style=style)


@pytest.mark.parametrize(("style", "least"), [(False, "32x32"), (True, "16x16")])
def test_an_image_too_small_for_the_layer_is_refused(style: bool, least: str) -> None:
    with pytest.raises(OptionError, match=f"at least {least}"):
        run(layer="conv5_1", style=style, size=15)
    with pytest.raises(ImageError, match=f"at least {least}"):
        run(IMAGE[:, :, :15], layer="conv5_1", style=style)


@pytest.mark.parametrize("style", [False, True])
def test_the_same_seed_gives_the_same_image_and_another_another(style: bool) -> None:
    first, second, other = (
        run(layer="conv2_1", style=style, seed=seed).image for seed in (5, 5, 6)
    )
    assert np.array_equal(first, second)
    assert np.abs(first - other).max() > 0.01


@pytest.mark.parametrize(
    ("optimizer", "lr"), [("lbfgs", None), ("scipy-lbfgs", None), ("adam", None), ("sgd", 0.01)]
)
def test_the_loss_falls_with_every_optimizer(optimizer: str, lr: float | None) -> None:
    history = run(layer="conv2_1", optimizer=optimizer, lr=lr, steps=20).history
    assert min(step.loss for step in history) < 0.7 * history[0].loss


def test_an_interrupt_carries_the_image_so_far() -> None:
    def on_step(step: Step, image: Image) -> None:
        if step.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(SynthesisInterrupted) as caught:
        run(layer="conv1_1", on_step=on_step)
    assert caught.value.result.image.shape == SHOWN.shape


@pytest.mark.training
def test_both_engines_make_about_the_same_image() -> None:
    options = {"layer": "conv2_1", "optimizer": "sgd", "lr": 0.01}
    analytic, training = (run(engine=engine, **options) for engine in ("analytic", "training"))
    assert (analytic.engine, training.engine) == ("analytic", "training")
    assert psnr(training.image, analytic.image) > 55
