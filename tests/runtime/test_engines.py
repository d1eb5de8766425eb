"""Both engines behind the one interface, and their optimisers against each other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.drawn_objective import built, drawn, noise_image, smooth_image, specification
from support.engines import engine_over, route_of
from support.limits import LONGEST_WAIT

from texonnx.errors import OptionError, RuntimeUnavailableError
from texonnx.exported.folder import ExportedFolder
from texonnx.exported.writing import export_folder
from texonnx.images import Image
from texonnx.optim.sgd import SgdStepper
from texonnx.optimizers import ADAM, LBFGS, SGD
from texonnx.runtime.analytic import AnalyticEngine
from texonnx.runtime.engine import Engine, Stepper
from texonnx.runtime.goal import Goal, texture_of
from texonnx.runtime.installed import the_runtime
from texonnx.runtime.objective_inputs import Sampling
from texonnx.runtime.training import TrainingEngine
from texonnx.sizes import Size

SIZE = Size(32, 40)
EXEMPLAR = smooth_image(48, 36)

ENGINES = [
    pytest.param(AnalyticEngine, id="analytic"),
    pytest.param(TrainingEngine, id="training", marks=pytest.mark.training),
]

Make = Callable[..., Engine]


def aimed(make: Make, threads: int = 0, **words: str) -> Engine:
    engine: Engine = engine_over(built(**words), make, threads)
    engine.aim(texture_of(EXEMPLAR), SIZE)
    return engine


def relative(a: Image, b: Image) -> float:
    """The L2 distance of a from b, as a share of b's length."""
    return float(np.linalg.norm(a.astype(np.float64) - b) / np.linalg.norm(b.astype(np.float64)))


@pytest.mark.parametrize("make", ENGINES)
@pytest.mark.parametrize("loss", ["gram", "emd", "mean+cov"])
def test_an_engine_returns_loss_layer_losses_and_gradient(make: Make, loss: str) -> None:
    evaluation = aimed(make, loss=loss).loss_and_gradient(noise_image(*SIZE))
    assert isinstance(evaluation.losses.total, float)
    assert evaluation.losses.total > 0
    assert evaluation.losses.layers.shape == (2,)
    assert evaluation.losses.total == pytest.approx(float(evaluation.losses.layers.sum()), rel=1e-6)
    assert evaluation.gradient.shape == (1, 3, *SIZE)
    assert evaluation.gradient.dtype == np.float32
    assert np.isfinite(evaluation.gradient).all()


@pytest.mark.parametrize("make", ENGINES)
def test_the_loss_of_the_exemplar_itself_is_0(make: Make) -> None:
    engine = engine_over(built(), make)
    engine.aim(texture_of(EXEMPLAR), (48, 36))
    at_exemplar = engine.loss_and_gradient(EXEMPLAR)
    at_noise = engine.loss_and_gradient(noise_image(48, 36))
    assert at_exemplar.losses.total < 1e-9 * at_noise.losses.total


@pytest.mark.parametrize("make", ENGINES)
@pytest.mark.parametrize("threads", [0, 1])
def test_loss_and_gradient_repeat_bit_for_bit(make: Make, threads: int) -> None:
    image = noise_image(*SIZE)
    engine = aimed(make, threads)
    first = engine.loss_and_gradient(image)
    gradient = first.gradient.copy()
    engine.loss_and_gradient(smooth_image(*SIZE))
    second = engine.loss_and_gradient(image)
    other = aimed(make, threads).loss_and_gradient(image)
    for again in (second, other):
        assert again.losses.total == first.losses.total
        assert np.array_equal(again.losses.layers, first.losses.layers)
        assert np.array_equal(again.gradient, gradient)


@pytest.mark.parametrize("make", ENGINES)
def test_a_gradient_is_not_overwritten_by_the_next_evaluation(make: Make) -> None:
    engine = aimed(make)
    gradient = engine.loss_and_gradient(noise_image(*SIZE)).gradient
    before = gradient.copy()
    engine.loss_and_gradient(smooth_image(*SIZE))
    assert np.array_equal(gradient, before)


@pytest.mark.parametrize("make", ENGINES)
def test_an_engine_leaves_the_image_that_it_is_given_alone(make: Make) -> None:
    engine = aimed(make)
    image = noise_image(*SIZE)
    before = image.copy()
    engine.loss_and_gradient(image)
    stepper = engine.stepper(ADAM, image)
    assert stepper is not None
    stepper.step(0.1)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("make", ENGINES)
def test_an_engine_can_be_aimed_again_at_another_size(make: Make) -> None:
    engine = aimed(make)
    engine.loss_and_gradient(noise_image(*SIZE))
    engine.aim(texture_of(EXEMPLAR), (16, 24))
    assert engine.loss_and_gradient(noise_image(16, 24)).gradient.shape == (1, 3, 16, 24)


@pytest.mark.parametrize("make", ENGINES)
def test_the_gradient_is_the_slope_of_the_loss(make: Make) -> None:
    engine = aimed(make)
    image = noise_image(*SIZE)
    gradient = engine.loss_and_gradient(image).gradient.astype(np.float64)
    direction = (gradient / np.linalg.norm(gradient)).astype(np.float32)
    # Central differences: the error falls with the square of the step, until float32 rounding.
    step = np.float32(0.02)
    ahead = engine.loss_and_gradient(image + step * direction).losses.total
    behind = engine.loss_and_gradient(image - step * direction).losses.total
    assert (ahead - behind) / (2 * step) == pytest.approx(np.linalg.norm(gradient), rel=5e-3)


def walk(stepper: Stepper, rate: float, steps: int = 5) -> tuple[Image, list[float]]:
    losses = [stepper.step(rate).total for _ in range(steps)]
    return stepper.image(), losses


@pytest.mark.parametrize("make", ENGINES)
def test_a_step_returns_the_loss_of_the_image_before_it(make: Make) -> None:
    engine = aimed(make)
    image = noise_image(*SIZE)
    before = engine.loss_and_gradient(image).losses.total
    stepper = engine.stepper(ADAM, image)
    assert stepper is not None
    assert np.array_equal(stepper.image(), image)
    assert stepper.step(0.01).total == pytest.approx(before, rel=1e-5)
    after = stepper.image()
    assert stepper.step(0.01).total == pytest.approx(
        engine.loss_and_gradient(after).losses.total, rel=1e-5
    )


@pytest.mark.parametrize("make", ENGINES)
def test_the_first_step_of_adam_moves_every_pixel_by_the_learning_rate(make: Make) -> None:
    # m / sqrt(v) is the gradient's sign at first: Kingma and Ba 2015, section 2.1.
    engine = aimed(make)
    image = noise_image(*SIZE)
    gradient = engine.loss_and_gradient(image).gradient
    stepper = engine.stepper(ADAM, image)
    assert stepper is not None
    stepper.step(0.01)
    moved = stepper.image() - image
    clear = np.abs(gradient) > 1e-3 * np.abs(gradient).max()
    np.testing.assert_allclose(moved[clear], -0.01 * np.sign(gradient[clear]), atol=1e-5)


@pytest.mark.parametrize("make", ENGINES)
def test_an_optimizer_that_the_runtime_lacks_has_no_stepper(make: Make) -> None:
    assert aimed(make).stepper(LBFGS, noise_image(*SIZE)) is None


WORDS: list[dict[str, Any]] = [
    {"loss": "gram"},
    {"loss": "emd"},
    {"loss": "swd"},
    {"loss": "gan"},
    {"loss": "gan", "disc_widths": (6, 4)},
    {"loss": "gram,tv:0.5"},
    {"loss": "mean", "content_layers": "conv1_2,conv2_1", "content_weight": 0.3},
    {"style_weight": 0.0, "content_layers": "conv2_1"},
    {"loss": "swd,gan,gram", "disc_widths": (5,), "content_layers": "conv1_1", "tv": 2.0},
]


@pytest.mark.training
@pytest.mark.parametrize("words", WORDS, ids=str)
def test_both_engines_find_one_loss_and_one_gradient(words: dict[str, Any]) -> None:
    image = noise_image(*SIZE)
    textured = words.get("style_weight", 1.0) > 0
    goal = Goal((EXEMPLAR,) if textured else (), content=smooth_image(*SIZE, seed=3))
    learnt = None
    found = []
    for make in (AnalyticEngine, TrainingEngine):
        engine = engine_over(built(**words), make, sampling=Sampling(seed=1))
        engine.aim(goal, SIZE)
        engine.refresh(image, 3)
        if "gan" in words.get("loss", ""):
            # The same for both: at first they say nothing, and what they learn may differ by 1e-3.
            learnt = engine.inputs.parameters = learnt or engine.inputs.parameters
            engine.aim(goal, SIZE)
        found.append(engine.loss_and_gradient(image))
    ours, theirs = found
    assert np.linalg.norm(theirs.gradient) > 0
    assert ours.losses.total == pytest.approx(theirs.losses.total, rel=1e-5)
    np.testing.assert_allclose(ours.losses.layers, theirs.losses.layers, rtol=1e-5)
    assert relative(ours.gradient, theirs.gradient) < 1e-5


@pytest.mark.parametrize("make", ENGINES)
@pytest.mark.parametrize("loss", ["gram", "emd", "mean+cov+tv"])
def test_where_nothing_is_drawn_to_refresh_changes_nothing(make: Make, loss: str) -> None:
    engine = aimed(make, loss=loss)
    image = noise_image(*SIZE)
    before = engine.loss_and_gradient(image)
    engine.refresh(image, 10)
    after = engine.loss_and_gradient(image)
    assert np.array_equal(after.losses.layers, before.losses.layers)
    assert np.array_equal(after.gradient, before.gradient)


@pytest.mark.parametrize("make", ENGINES)
def test_new_directions_have_another_loss_of_about_the_same_size(make: Make) -> None:
    engine = aimed(make, loss="swd")
    image = noise_image(*SIZE)
    losses = []
    for _ in range(4):
        losses.append(engine.loss_and_gradient(image).losses.total)
        again = engine.loss_and_gradient(image).losses.total
        assert again == losses[-1]
        engine.refresh(image, 10)
    assert len(set(losses)) == len(losses)
    # Means over 64 and 128 directions.
    assert max(losses) < 1.5 * min(losses)


@pytest.mark.parametrize("make", ENGINES)
def test_along_whatever_directions_the_exemplar_is_at_no_distance_from_itself(make: Make) -> None:
    engine = engine_over(built(loss="swd"), make)
    engine.aim(texture_of(EXEMPLAR), (48, 36))
    elsewhere = engine.loss_and_gradient(noise_image(48, 36)).losses.total
    for _ in range(3):
        assert engine.loss_and_gradient(EXEMPLAR).losses.total < 1e-9 * elsewhere
        engine.refresh(EXEMPLAR, 10)


@pytest.mark.parametrize("make", ENGINES)
def test_a_stepper_follows_the_new_directions(make: Make) -> None:
    engine = aimed(make, loss="swd")
    image = noise_image(*SIZE)
    stepper = engine.stepper(ADAM, image)
    assert stepper is not None
    stepper.step(0.01)
    engine.refresh(image, 10)
    expected = engine.loss_and_gradient(stepper.image()).losses.total
    stepper = engine.stepper(ADAM, stepper.image())
    assert stepper is not None
    assert stepper.step(0.01).total == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("make", ENGINES)
def test_content_alone_needs_no_exemplar(make: Make) -> None:
    content = smooth_image(*SIZE, seed=3)
    engine = engine_over(built(style_weight=0.0, content_layers="conv2_1"), make)
    engine.aim(Goal(content=content), SIZE)
    engine.refresh(content, 10)
    elsewhere = engine.loss_and_gradient(noise_image(*SIZE)).losses
    assert elsewhere.layers.shape == (1,)
    assert engine.loss_and_gradient(content).losses.total < 1e-9 * elsewhere.total


@pytest.mark.parametrize("make", ENGINES)
def test_the_parts_are_texture_content_and_smoothness(make: Make) -> None:
    """A content image that is held against itself, and level: what is left is the texture's."""
    level = np.full((1, 3, *SIZE), 0.5, np.float32)
    source = built(loss="mean", content_layers="conv2_1", tv=1.0)
    assert source.traits.parts == ("conv1_1", "conv2_1", "content.conv2_1", "tv")
    engine = engine_over(source, make)
    engine.aim(Goal((EXEMPLAR,), content=level), SIZE)
    first, second, content, smoothness = engine.loss_and_gradient(level).losses.layers
    assert first > 0
    assert second > 0
    assert content == pytest.approx(0, abs=1e-9)
    assert smoothness == 0


@pytest.mark.training
def test_adam_of_both_engines_makes_one_image() -> None:
    start = noise_image(*SIZE)
    ours = aimed(AnalyticEngine).stepper(ADAM, start)
    theirs = aimed(TrainingEngine).stepper(ADAM, start)
    assert ours is not None
    assert theirs is not None
    our_image, our_losses = walk(ours, 0.01)
    their_image, their_losses = walk(theirs, 0.01)
    # The gradients agree to 1e-4 in L2. Adam divides by the gradient's own size, so only pixels
    # whose gradient is within that noise of 0 may step apart: a thousandth of the way, in L2.
    assert relative(our_image - start, their_image - start) < 1e-2
    assert np.median(np.abs(our_image - their_image)) < 1e-6
    np.testing.assert_allclose(our_losses, their_losses, rtol=1e-3)


@pytest.mark.training
def test_sgd_of_the_runtime_makes_the_image_of_plain_descent() -> None:
    start = noise_image(*SIZE)
    engine = aimed(TrainingEngine)
    theirs = engine.stepper(SGD, start)
    assert theirs is not None
    their_image, their_losses = walk(theirs, 5.0)
    our_image, our_losses = walk(SgdStepper(aimed(AnalyticEngine).loss_and_gradient, start), 5.0)
    assert their_losses[-1] < 0.9 * their_losses[0]
    # Five steps add up five gradients, each within 1e-4 in L2.
    assert relative(our_image - start, their_image - start) < 1e-3
    np.testing.assert_allclose(our_losses, their_losses, rtol=1e-4)


_TRAIN = """
import sys
sys.path.insert(0, {tests!r})
from support.drawn_objective import built, noise_image, smooth_image
from support.engines import engine_over
from texonnx.optimizers import ADAM, SGD
from texonnx.runtime.goal import texture_of
from texonnx.runtime.training import TrainingEngine

engine = engine_over(built(), TrainingEngine)
engine.aim(texture_of(smooth_image()), (32, 32))
engine.loss_and_gradient(noise_image())
for optimizer in (ADAM, SGD):
    engine.stepper(optimizer, noise_image()).step(0.01)
print("torch" in sys.modules)
"""


def train_in_a_process() -> subprocess.CompletedProcess[str]:
    code = _TRAIN.format(tests=str(Path(__file__).parents[1]))
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )


@pytest.mark.training
def test_training_writes_nothing_to_standard_error_and_needs_no_torch() -> None:
    done = train_in_a_process()
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


# Choosing


def test_auto_takes_training_where_it_is_installed() -> None:
    route = route_of(built(), SIZE)
    assert route.engine == ("training" if the_runtime().can_train else "analytic")
    assert route.provider.name == "cpu"


def test_the_analytic_engine_is_had_everywhere() -> None:
    assert route_of(built(), SIZE, engine="analytic").engine == "analytic"


def test_an_unknown_engine_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(OptionError, match=r"did you mean 'training'\?"):
        route_of(built(), SIZE, engine="trainig")


def test_training_without_its_package_is_refused() -> None:
    if the_runtime().can_train:
        pytest.skip("onnxruntime-training is installed here")
    with pytest.raises(RuntimeUnavailableError, match=r"texonnx\[training\]"):
        route_of(built(), SIZE, engine="training")


@pytest.mark.training
def test_training_on_a_provider_that_it_lacks_is_refused() -> None:
    with pytest.raises(RuntimeUnavailableError, match="not on webgpu"):
        route_of(built(), SIZE, engine="training", provider="webgpu")


@pytest.fixture
def folder_without_training(tmp_path: Path) -> ExportedFolder:
    export_folder(tmp_path / "folder", specification(), drawn())
    return ExportedFolder(tmp_path / "folder")


@pytest.mark.parametrize("loss", ["emd", "gram+emd"])
def test_auto_takes_analytic_for_a_loss_that_it_sorts_for_on_the_host(loss: str) -> None:
    assert route_of(built(loss=loss), SIZE).engine == "analytic"


def test_auto_takes_analytic_for_a_folder_without_training_artifacts(
    folder_without_training: ExportedFolder,
) -> None:
    assert route_of(folder_without_training, SIZE).engine == "analytic"


@pytest.mark.training
def test_training_for_a_folder_without_training_artifacts_is_refused(
    folder_without_training: ExportedFolder,
) -> None:
    with pytest.raises(RuntimeUnavailableError, match="no training artifacts") as caught:
        route_of(folder_without_training, SIZE, engine="training")
    assert "for ," not in str(caught.value)
