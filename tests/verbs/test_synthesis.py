"""``texonnx.synthesize``: what a run promises, whichever way it ends."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import small_runs
from support.drawn_objective import smooth_image
from support.limits import LONGEST_WAIT
from support.small_runs import colour, draw_once, psnr, roughness

from texonnx import (
    NotFiniteError,
    Step,
    SynthesisInterrupted,
    SynthesisResult,
    TexonnxError,
    load_image,
    save_image,
    synthesize,
)
from texonnx.errors import ImageError, OptionError, RuntimeUnavailableError
from texonnx.images import Image, scale_shorter_side
from texonnx.optimizers import ADAM
from texonnx.providers import PROVIDERS
from texonnx.runtime.installed import the_runtime
from texonnx.weights import cache, library

EXEMPLAR = smooth_image(40, 48)

SMALL: dict[str, Any] = {**small_runs.SMALL, "exemplar_size": 32, "steps": 4}


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)


def run(exemplar: Any = EXEMPLAR, **options: Any) -> SynthesisResult:
    return synthesize(exemplar, **{**SMALL, **options})


@pytest.mark.parametrize(("optimizer", "lr"), [("lbfgs", None), ("adam", None), ("sgd", 0.01)])
def test_the_loss_falls(optimizer: str, lr: float | None) -> None:
    history = run(optimizer=optimizer, lr=lr, steps=20).history
    assert min(step.loss for step in history) < 0.9 * history[0].loss


@pytest.mark.parametrize(
    "loss", ["gram", "emd", "swd", "mean", "cov", "mean+cov", "gram:1,emd:0.1", "gram,tv"]
)
def test_every_loss_falls(loss: str) -> None:
    history = run(loss=loss, steps=10).history
    assert min(step.loss for step in history) < history[0].loss


@pytest.fixture
def red(tmp_path: Path) -> Path:
    """An image file in one colour that no exemplar here has."""
    path = tmp_path / "red.png"
    save_image(path, np.array([0.9, 0, 0], np.float32).reshape(1, 3, 1, 1) * np.ones((32, 32)))
    return path


@pytest.mark.parametrize("loss", ["gan", "gram,gan"])
def test_discriminators_draw_the_image_to_the_colours_of_the_exemplar(loss: str, red: Path) -> None:
    made = run(loss=loss, init=red, steps=30).image
    before = np.linalg.norm(colour(load_image(red)) - colour(EXEMPLAR))
    assert np.linalg.norm(colour(made) - colour(EXEMPLAR)) < 0.9 * before


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("threads", [0, 1])
def test_the_same_seed_gives_the_same_image_bit_for_bit(optimizer: str, threads: int) -> None:
    first, second = (run(optimizer=optimizer, threads=threads, scales=2, seed=5) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert [step.loss for step in first.history] == [step.loss for step in second.history]


@pytest.mark.parametrize("loss", ["swd", "gan", "gan,swd"])
def test_the_same_seed_draws_the_same_directions_and_discriminators(loss: str) -> None:
    options = {"loss": loss, "disc_widths": (8, 4), "steps": 12, "scales": 2}
    first, second = (run(seed=5, **options) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert [step.loss for step in first.history] == [step.loss for step in second.history]


@pytest.mark.parametrize("loss", ["swd", "gan"])
def test_another_seed_draws_other_directions_and_discriminators(loss: str, red: Path) -> None:
    # The first image is the same, so what differs comes of what is drawn.
    first, second = (
        run(loss=loss, disc_widths=(8,), init=red, seed=seed, steps=12).image for seed in (5, 6)
    )
    assert np.abs(first - second).max() > 0.001


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_another_seed_gives_another_image(optimizer: str) -> None:
    first, second = (run(optimizer=optimizer, seed=seed).image for seed in (5, 6))
    assert np.abs(first - second).mean() > 0.01


_PROCESS = """
import hashlib, sys
import numpy as np
from texonnx import synthesize
image = synthesize(sys.argv[1], optimizer=sys.argv[2], weights="drawn",
                   layers="conv1_1,conv2_1", exemplar_size=32, steps=4, scales=2, seed=5).image
print(hashlib.sha256(image.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_same_seed_gives_the_same_image_in_two_processes(
    optimizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXONNX_CACHE", str(tmp_path))
    cache.save(draw_once("vgg16", 0), "drawn")
    exemplar = tmp_path / "exemplar.png"
    save_image(exemplar, EXEMPLAR)
    digests = [
        subprocess.run(
            [sys.executable, "-c", _PROCESS, str(exemplar), optimizer],
            capture_output=True,
            text=True,
            timeout=LONGEST_WAIT,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert len(digests[0]) == 65
    assert digests[0] == digests[1]


def test_the_result_is_an_image_and_says_what_made_it() -> None:
    result = run()
    assert result.image.shape == (1, 3, 32, 38)  # 48 * 32 / 40 = 38.4
    assert result.image.dtype == np.float32
    assert result.image.min() >= 0
    assert result.image.max() <= 1
    assert result.provider == "cpu"
    assert result.engine == ("training" if the_runtime().can_train else "analytic")
    assert result.seconds >= result.history[-1].seconds > 0


def test_the_history_tells_scale_size_step_losses_and_seconds() -> None:
    history = run(optimizer="adam", scales=2, steps=3).history
    assert [(step.scale, step.scales) for step in history] == [(1, 2)] * 3 + [(2, 2)] * 3
    assert [step.size for step in history] == [(16, 19)] * 3 + [(32, 38)] * 3
    assert [(step.step, step.steps) for step in history] == [(1, 3), (2, 3), (3, 3)] * 2
    assert [step.seconds for step in history] == sorted(step.seconds for step in history)
    for step in history:
        assert list(step.layer_losses) == ["conv1_1", "conv2_1"]
        assert step.loss == pytest.approx(sum(step.layer_losses.values()), rel=1e-5)


def test_the_history_of_lbfgs_has_no_more_steps_than_were_asked_for() -> None:
    assert 1 <= len(run(optimizer="lbfgs", steps=7).history) <= 7


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "sgd"])
def test_on_step_gets_every_step_of_the_history_with_the_image(optimizer: str) -> None:
    told: list[tuple[Step, Image]] = []
    result = run(
        optimizer=optimizer, scales=2, on_step=lambda step, image: told.append((step, image))
    )
    assert [step for step, _ in told] == result.history
    assert all(image.shape == (1, 3, *step.size) for step, image in told)
    assert len({image.tobytes() for _, image in told}) == len(told)


def test_an_array_and_a_file_of_it_give_the_same_image(tmp_path: Path) -> None:
    path = tmp_path / "exemplar.png"
    save_image(path, EXEMPLAR)
    from_path = run(path).image
    assert np.array_equal(from_path, run(str(path)).image)
    assert np.array_equal(from_path, run(load_image(path)).image)


def test_the_exemplar_is_left_alone() -> None:
    before = EXEMPLAR.copy()
    run()
    assert np.array_equal(EXEMPLAR, before)


@pytest.mark.parametrize("size", [(48, 80), (20, 64)])
def test_the_output_may_have_another_size(size: tuple[int, int]) -> None:
    assert run(size=size).image.shape == (1, 3, *size)


@pytest.mark.parametrize("init", ["noise", "mean"])
def test_the_first_image_may_be_chosen(init: str) -> None:
    first: list[Image] = []
    run(init=init, steps=1, on_step=lambda step, image: first.append(image.copy()))
    contrast = first[0].std(axis=(2, 3)).max()
    assert (contrast > 0.03) == (init == "noise")


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_an_interrupt_carries_the_best_image_so_far_and_the_history(optimizer: str) -> None:
    images: list[tuple[float, Image]] = []

    def on_step(step: Step, image: Image) -> None:
        images.append((step.loss, image.copy()))
        if len(images) == 3:
            raise KeyboardInterrupt

    with pytest.raises(SynthesisInterrupted) as caught:
        run(optimizer=optimizer, steps=50, on_step=on_step)
    result = caught.value.result
    assert len(result.history) == 3
    _, best = min(images, key=lambda pair: pair[0])
    assert np.array_equal(result.image, best.clip(0, 1))
    assert isinstance(caught.value, KeyboardInterrupt)


def test_an_interrupt_at_a_finer_scale_carries_an_image_of_that_scale() -> None:
    def on_step(step: Step, image: Image) -> None:
        if step.scale == 2:
            raise KeyboardInterrupt

    with pytest.raises(SynthesisInterrupted) as caught:
        run(scales=2, on_step=on_step)
    assert caught.value.result.image.shape == (1, 3, 32, 38)


def test_an_interrupt_before_the_first_image_carries_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object) -> Image:
        raise KeyboardInterrupt

    monkeypatch.setattr("texonnx.run.hosting.Host.first_image", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        run()
    assert not isinstance(caught.value, SynthesisInterrupted)


def test_an_interrupt_where_discriminators_learn_carries_the_last_image() -> None:
    # Their loss is least at first, when they have learnt nothing.
    images: list[Image] = []

    def on_step(step: Step, image: Image) -> None:
        images.append(image.copy())
        if len(images) == 6:
            raise KeyboardInterrupt

    with pytest.raises(SynthesisInterrupted) as caught:
        run(loss="gan", scales=1, steps=50, on_step=on_step)
    history = caught.value.result.history
    assert history[-1].loss > history[0].loss
    assert np.array_equal(caught.value.result.image, images[-1].clip(0, 1))


@pytest.mark.parametrize(("optimizer", "lr"), [("sgd", 1e25), ("adam", 1e37)])
def test_a_loss_that_is_not_finite_stops_with_the_last_good_image(
    optimizer: str, lr: float
) -> None:
    images: list[Image] = []
    with pytest.raises(NotFiniteError, match=r"loss is not finite at step 2 of size 38x32") as e:
        run(optimizer=optimizer, lr=lr, on_step=lambda step, image: images.append(image.copy()))
    assert isinstance(e.value, TexonnxError)
    assert np.array_equal(e.value.result.image, images[0].clip(0, 1))
    assert len(e.value.result.history) == 1


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": -1}, "steps"),
        ({"scales": 0}, "scales"),
        ({"exemplar_size": 0}, "exemplar size"),
        ({"size": (0, 32)}, "height"),
        ({"size": (32, -1)}, "width"),
        ({"threads": -1}, "threads"),
        ({"seed": -1}, "seed"),
        ({"optimizer": "adam", "lr": 0.0}, "learning rate"),
        ({"optimizer": "adam", "lr": float("nan")}, "learning rate"),
        ({"optimizer": "lbfgs", "lr": 0.1}, "learning rate"),
        ({"lr": 0.1}, "lbfgs takes no learning rate"),
        ({"loss": "gan", "disc_steps": 0}, "discriminators' steps"),
        ({"loss": "gan", "disc_widths": (8, 0)}, "channels, not 0"),
        ({"loss": "gan", "disc_widths": (4,) * 5}, "at most 4 hidden layers, not 5"),
    ],
    ids=str,
)
def test_a_number_out_of_range_is_an_option_error(options: dict[str, Any], what: str) -> None:
    with pytest.raises(OptionError, match=what):
        run(**options)


@pytest.mark.parametrize(
    "exemplar",
    [
        EXEMPLAR[0],
        EXEMPLAR * 255,
        (EXEMPLAR * 255).astype(np.uint8),
        np.full_like(EXEMPLAR, np.nan),
        EXEMPLAR[:, :1],
        None,
        [[1, 2], [3]],
    ],
    ids=["[3, H, W]", "0..255", "uint8", "nan", "grey", "None", "ragged"],
)
def test_an_array_that_is_no_image_is_an_image_error(exemplar: Any) -> None:
    with pytest.raises(ImageError):
        run(exemplar)


def test_a_run_leaves_nothing_behind_and_warns_of_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run()
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert [str(warning.message) for warning in recwarn] == []


# What is compared


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("content", "unknown loss 'content'"),
        ("tv", "'tv' compares the image with nothing; name a texture loss beside it"),
    ],
)
def test_what_is_no_texture_loss_is_refused(loss: str, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        run(loss=loss)


def test_total_variation_beside_a_texture_loss_smooths_and_is_told_by_its_name() -> None:
    rough, smooth = (run(loss=loss, steps=20) for loss in ("gram", "gram,tv"))
    assert roughness(smooth.image) < 0.7 * roughness(rough.image)
    assert list(smooth.history[0].layer_losses) == ["conv1_1", "conv2_1", "tv"]


def test_adam_is_taken_by_itself_where_discriminators_learn() -> None:
    by_itself, named = (run(loss="gan", **given) for given in ({}, {"optimizer": "adam"}))
    assert np.array_equal(by_itself.image, named.image)
    assert np.array_equal(run(loss="gan", lr=ADAM.adversarial_learning_rate).image, named.image)
    lbfgs = run(loss="gan", optimizer="lbfgs")
    assert not np.array_equal(lbfgs.image, named.image)


def test_discriminators_may_be_wider_and_take_more_steps() -> None:
    made = [
        run(loss="gan", steps=6, **given).history[-1].loss
        for given in ({}, {"disc_widths": (8, 4)}, {"disc_steps": 3})
    ]
    assert len(set(made)) == 3


def test_a_scale_cannot_end_by_the_loss_of_discriminators_that_learn() -> None:
    with pytest.raises(OptionError, match="leave 'until' out"):
        run(loss="gan", until=0.1)


# Several exemplars

DARK, BRIGHT = 0.4 * smooth_image(40, 48), 0.6 + 0.4 * smooth_image(56, 40, seed=5)


@pytest.mark.parametrize("loss", ["gram", "emd", "swd", "mean+cov", "gan"])
def test_the_more_an_exemplar_counts_the_more_the_image_is_like_it(loss: str, red: Path) -> None:
    steps = 60 if loss == "gan" else 30
    brightness = [
        run([DARK, BRIGHT], loss=loss, mix=mix, size=(32, 32), init=red, steps=steps).image.mean()
        for mix in ((0.9, 0.1), (0.5, 0.5), (0.1, 0.9))
    ]
    if loss != "gan":  # a game between two comes near, in no order
        assert brightness == sorted(brightness)
    assert brightness[-1] > brightness[0] + 0.02


@pytest.mark.parametrize("loss", ["gram", "swd", "gan"])
def test_an_exemplar_that_counts_nothing_changes_nothing(loss: str) -> None:
    options = {"loss": loss, "size": (32, 32), "scales": 2}
    alone = run(BRIGHT, **options).image
    assert np.array_equal(run([BRIGHT, DARK], mix=(1, 0), **options).image, alone)
    assert np.array_equal(run([DARK, BRIGHT], mix=(0, 1), **options).image, alone)


def test_exemplars_count_alike_and_shares_are_divided_by_their_sum() -> None:
    alike, *given = (
        run([DARK, BRIGHT], mix=mix).image for mix in (None, (0.5, 0.5), [3, 3], np.ones(2))
    )
    assert all(np.array_equal(alike, one) for one in given)


def test_one_exemplar_in_a_list_is_one_exemplar() -> None:
    assert np.array_equal(run([EXEMPLAR]).image, run(EXEMPLAR).image)
    assert np.array_equal(run([EXEMPLAR], mix=[7]).image, run(EXEMPLAR).image)


def test_the_first_exemplar_decides_the_size() -> None:
    assert run([DARK, BRIGHT], mix=(0, 1)).image.shape == (1, 3, 32, 38)  # 48 * 32 / 40 = 38.4


@pytest.mark.parametrize(
    ("mix", "told"),
    [
        ((1,), r"1 shares \(1\) were given for 2 exemplars"),
        ((1, 2, 3), r"3 shares \(1, 2, 3\) were given for 2 exemplars"),
        ((), "0 shares"),
        ((1, -0.5), "not 1, -0.5"),
        ((0, 0), "not all 0"),
        ((np.nan, 1), "not nan, 1"),
        ((np.inf, 1), "not inf, 1"),
        (("half", "half"), "are numbers"),
        (0.5, "are numbers"),
    ],
)
def test_shares_that_will_not_do_are_refused(mix: Any, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        run([DARK, BRIGHT], mix=mix)


def test_no_exemplar_at_all_is_refused() -> None:
    with pytest.raises(OptionError, match="there is no exemplar"):
        run([])


def test_an_exemplar_among_several_that_is_too_small_is_refused() -> None:
    with pytest.raises(ImageError, match="1x1 pixels"):
        run([EXEMPLAR, EXEMPLAR[:, :, :1, :1]])


# The schedule


def steps_at_each_scale(result: SynthesisResult) -> list[int]:
    scales = [step.scale for step in result.history]
    return [scales.count(scale) for scale in sorted(set(scales))]


def test_every_scale_may_have_steps_of_its_own() -> None:
    result = run(optimizer="adam", scales=3, steps=(4, 3, 2), exemplar_size=32)
    assert steps_at_each_scale(result) == [4, 3, 2]
    assert [step.steps for step in result.history] == [4] * 4 + [3] * 3 + [2] * 2
    to_come = [step.steps_to_come for step in result.history]
    assert to_come == [(3, 2)] * 4 + [(2,)] * 3 + [()] * 2


def test_a_list_of_steps_is_as_good_as_a_tuple() -> None:
    assert steps_at_each_scale(run(optimizer="adam", scales=2, steps=[3, 2])) == [3, 2]


def test_steps_for_another_number_of_scales_are_refused() -> None:
    with pytest.raises(
        OptionError, match="the number of scales is 2, and there are steps for 3 \\(4,3,2\\);"
    ):
        run(scales=2, steps=(4, 3, 2))


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "scipy-lbfgs"])
def test_a_scale_ends_when_its_loss_falls_no_more(optimizer: str) -> None:
    # Nothing falls by 99 in a hundred in ten steps, twice.
    result = run(optimizer=optimizer, scales=2, steps=60, until=0.99)
    first, second = steps_at_each_scale(result)
    assert 11 <= first <= 30
    assert 11 <= second <= 30
    assert [step.steps for step in result.history] == [60] * (first + second)
    assert result.image.shape == (1, 3, 32, 38)


def test_a_scale_that_ends_early_leaves_its_best_image() -> None:
    told: list[tuple[float, Image]] = []
    result = run(
        optimizer="adam", scales=1, steps=60, until=0.99,
        on_step=lambda step, image: told.append((step.loss, image.copy())),
    )  # fmt: skip
    assert len(told) < 60
    least, best = min(told, key=lambda pair: pair[0])
    assert least < told[0][0]
    assert np.array_equal(result.image, best.clip(0, 1))


def test_a_share_that_is_always_exceeded_ends_nothing() -> None:
    assert steps_at_each_scale(run(optimizer="adam", steps=15, until=1e-9)) == [15]


# The optimisers and the start


@pytest.mark.parametrize("loss", ["gram", "emd"])
def test_both_kinds_of_lbfgs_reach_about_the_same_loss(loss: str) -> None:
    reached = []
    for optimizer in ("lbfgs", "scipy-lbfgs"):
        history = run(optimizer=optimizer, loss=loss, steps=40, scales=1).history
        assert len(history) <= 40
        reached.append(min(step.loss for step in history))
        assert reached[-1] < 0.3 * history[0].loss
    assert max(reached) < 2 * min(reached)


def test_the_first_image_has_by_default_the_colours_of_the_exemplar() -> None:
    first: list[Image] = []
    run(steps=1, scales=1, on_step=lambda step, image: first.append(image.copy()))
    scaled = scale_shorter_side(EXEMPLAR, 32)
    for moment in (np.mean, np.std):
        # What is clipped at 0 and 1 is missing.
        np.testing.assert_allclose(
            moment(first[0], axis=(2, 3)), moment(scaled, axis=(2, 3)), atol=0.03
        )


def test_a_loss_that_sorts_makes_the_image_of_the_whole_objective(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = {"loss": "emd", "engine": "analytic", "steps": 4, "optimizer": "sgd", "lr": 0.01}
    split = run(**options).image
    monkeypatch.setitem(PROVIDERS, "cpu", replace(PROVIDERS["cpu"], memory="device"))
    np.testing.assert_allclose(split, run(**options).image, atol=1e-4)


@pytest.mark.parametrize("optimizer", ["lbfgs", "scipy-lbfgs", "adam", "sgd"])
@pytest.mark.parametrize("loss", ["emd", "gram,emd"])
def test_a_loss_that_sorts_can_be_had_with_every_optimizer(optimizer: str, loss: str) -> None:
    history = run(loss=loss, engine="analytic", optimizer=optimizer, steps=6).history
    assert min(step.loss for step in history) < history[0].loss


# Precision


def test_a_precision_that_the_provider_lacks_is_refused() -> None:
    for precision in ("bf16", "tf32"):
        with pytest.raises(RuntimeUnavailableError, match=f"cpu provider has no {precision}"):
            run(provider="cpu", precision=precision)


@pytest.mark.training
def test_the_training_engine_has_fp32_alone() -> None:
    with pytest.raises(RuntimeUnavailableError, match="computes in fp32, not in tf32"):
        run(engine="training", provider="cpu", precision="tf32")


# Both engines


@pytest.mark.training
# Discriminators and image, each after the other, make ten times as much of rounding every step.
@pytest.mark.parametrize(("loss", "steps"), [("swd", 12), ("gan", 4), ("gram,tv", 12)])
def test_both_engines_make_about_the_same_image(loss: str, steps: int) -> None:
    # Not by Adam: it takes its full step along gradients that are hardly more than rounding.
    options = {"loss": loss, "optimizer": "sgd", "lr": 0.01, "steps": steps, "scales": 2}
    analytic, training = (run(engine=engine, **options) for engine in ("analytic", "training"))
    assert (analytic.engine, training.engine) == ("analytic", "training")
    assert psnr(training.image, analytic.image) > 45
