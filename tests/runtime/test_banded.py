"""The objective in bands against the whole one, and against the reference."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from support.clock import Clock
from support.drawn_objective import built as built_with_drawn_weights
from support.drawn_objective import drawn
from support.engines import Bands, Targets, engine_over, no_bands, route_of
from support.evaluation import relative_l2, slope
from support.small_network import random_image
from support.small_objective import WEIGHTS, reference_loss

from texonnx.errors import RuntimeUnavailableError
from texonnx.exported.folder import ExportedFolder
from texonnx.exported.writing import export_folder
from texonnx.images import Image
from texonnx.objective.banding import Banding
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.specification import specify
from texonnx.optimizers import ADAM
from texonnx.options import GRAM_NORMS, PADDINGS, POOLINGS, ObjectiveOptions
from texonnx.providers import PROVIDERS
from texonnx.runtime import analytic, banded
from texonnx.runtime.binding import HostSession
from texonnx.runtime.engine import Evaluation
from texonnx.runtime.goal import Goal, texture_of
from texonnx.runtime.sessions import open_session
from texonnx.sizes import Size

SIZE = Size(75, 22)
IMAGE = random_image(*SIZE, seed=1)
LARGE = random_image(96, 88, seed=8)
EXEMPLAR = random_image(83, 19, seed=2) ** 2
GOAL = texture_of(EXEMPLAR)
LAYERS = "conv1_1,conv1_2,conv2_2,conv3_1"
PLAIN = ObjectiveOptions(layers=LAYERS, layer_weights="1,4,0.5,2", activation_scale=False)
OPTIONS = [
    *(
        replace(PLAIN, loss=loss, pool=pool, padding=padding)
        for loss, pool, padding in product(("mean,gram:3", "mean+cov"), POOLINGS, PADDINGS)
    ),
    *(replace(PLAIN, gram_norm=norm, loss="gram,tv:2") for norm in GRAM_NORMS),
    replace(PLAIN, layers="conv3_1", layer_weights="equal"),
    replace(PLAIN, layers="conv1_1", layer_weights="equal"),
    replace(PLAIN, layers="conv2_1,conv1_2", layer_weights="1,2", loss="mean"),
]


def everywhere(size: Size) -> Banding:
    """Bands of 16 rows in every block."""
    return Banding(largest_map=0, largest_band=1)


def in_windows(size: Size) -> Banding:
    """Windows of about 28x28 pixels in blocks 1 and 2, and 12x12 positions in block 3."""
    return Banding(largest_map=0, largest_band=1, largest_window=2**20)


def name_of(options: ObjectiveOptions) -> str:
    return f"{options.loss}-{options.pool}-{options.padding}-{options.gram_norm}-{options.layers}"


def evaluated(
    options: ObjectiveOptions, banding: Bands, goal: Goal = GOAL, image: Image = IMAGE
) -> Evaluation:
    source = BuiltGraphs(specify(options), WEIGHTS, activation_scale=False)
    engine = engine_over(source, threads=1, banding=banding)
    engine.aim(goal, (image.shape[2], image.shape[3]))
    return engine.loss_and_gradient(image)


def assert_same(found: Evaluation, expected: Evaluation) -> None:
    assert relative_l2(found.gradient, expected.gradient) < 2e-6
    assert found.losses.total == pytest.approx(expected.losses.total, rel=1e-5)
    np.testing.assert_allclose(found.losses.layers, expected.losses.layers, rtol=1e-5)


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_loss_and_gradient_are_those_of_the_whole_objective(options: ObjectiveOptions) -> None:
    expected = evaluated(options, no_bands)
    assert_same(evaluated(options, everywhere), expected)
    expected = evaluated(options, no_bands, image=LARGE)
    assert_same(evaluated(options, in_windows, image=LARGE), expected)


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_loss_and_gradient_are_those_of_the_reference(options: ObjectiveOptions) -> None:
    found = evaluated(options, everywhere)
    image = IMAGE.astype(np.float64)
    total, layers = reference_loss(options, image, EXEMPLAR)
    assert found.losses.total == pytest.approx(total, rel=1e-5)
    np.testing.assert_allclose(found.losses.layers, layers, rtol=1e-4)
    gradient = found.gradient.astype(np.float64)
    length = float(np.linalg.norm(gradient))
    random = np.random.default_rng(3).standard_normal(image.shape)
    for along in (gradient / length, random / np.linalg.norm(random)):
        expected = slope(lambda at: reference_loss(options, at, EXEMPLAR)[0], image, along, 1e-6)
        assert float((gradient * along).sum()) == pytest.approx(expected, abs=2e-5 * length)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [(16, 16), (17, 40), (33, 18), (34, 17), (64, 9)])
def test_every_height_comes_out_as_the_whole(size: Size, padding: str) -> None:
    options, image = replace(PLAIN, padding=padding), random_image(*size, seed=4)
    found, expected = (
        evaluated(options, banding, image=image) for banding in (everywhere, no_bands)
    )
    assert_same(found, expected)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [(40, 40), (44, 200), (128, 36), (60, 84), (124, 44)])
def test_every_size_comes_out_of_windows_as_the_whole(size: Size, padding: str) -> None:
    options, image = replace(PLAIN, padding=padding), random_image(*size, seed=4)
    found, expected = (
        evaluated(options, banding, image=image) for banding in (in_windows, no_bands)
    )
    assert_same(found, expected)


@pytest.mark.parametrize("content_layers", ["conv3_1", "conv2_1", "conv1_2,conv2_2"])
def test_content_is_compared_in_the_rest(content_layers: str) -> None:
    options = replace(PLAIN, content_layers=content_layers, content_weight=3.0, tv=0.5)
    goal = Goal((EXEMPLAR,), content=random_image(*SIZE, seed=6))
    assert_same(evaluated(options, everywhere, goal), evaluated(options, no_bands, goal))


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("content_layers", ["conv3_1", "conv2_1", "conv1_2,conv2_2"])
def test_content_is_compared_in_windows(content_layers: str, padding: str) -> None:
    options = replace(PLAIN, content_layers=content_layers, content_weight=3.0, padding=padding)
    for options_ in (options, replace(options, layers="conv1_2", layer_weights="equal")):
        goal = Goal((EXEMPLAR,), content=random_image(96, 88, seed=6))
        found, expected = (
            evaluated(options_, banding, goal, LARGE) for banding in (in_windows, no_bands)
        )
        assert_same(found, expected)


def test_exemplars_mix() -> None:
    goal = Goal((EXEMPLAR, random_image(40, 31, seed=7)), shares=(0.7, 0.3))
    assert_same(evaluated(PLAIN, everywhere, goal), evaluated(PLAIN, no_bands, goal))


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_the_statistics_of_an_exemplar_are_those_of_the_whole(options: ObjectiveOptions) -> None:
    source = BuiltGraphs(specify(options), WEIGHTS, activation_scale=False)
    for banding, exemplar in ((everywhere, EXEMPLAR), (in_windows, LARGE)):
        goal = texture_of(exemplar)
        expected = Targets(source, goal, SIZE, banding=no_bands).draw()
        found = Targets(source, goal, SIZE, banding=banding).draw()
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            # A covariance is a difference of moments, and of noise a small one of large ones.
            assert relative_l2(found[name], values) < (5e-5 if ".cov." in name else 2e-6)


def test_evaluations_repeat_bit_for_bit_and_own_what_they_return() -> None:
    source = BuiltGraphs(specify(PLAIN), WEIGHTS, activation_scale=False)
    engine = engine_over(source, threads=2, banding=everywhere)
    engine.aim(GOAL, SIZE)
    image = IMAGE.copy()
    first = engine.loss_and_gradient(image)
    gradient, layers = first.gradient.copy(), first.losses.layers.copy()
    engine.loss_and_gradient(random_image(*SIZE, seed=5))
    again = engine.loss_and_gradient(image)
    assert np.array_equal(image, IMAGE)
    for evaluation in (first, again):
        assert np.array_equal(evaluation.losses.layers, layers)
        assert np.array_equal(evaluation.gradient, gradient)


@pytest.mark.parametrize("bands", [everywhere, in_windows])
def test_a_sample_says_what_all_parts_would_take(
    bands: Bands, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    runs = []

    def run(session: HostSession) -> None:
        runs.append(session)
        clock.passes(2 if "gradient" in session.outputs and "loss" not in session.outputs else 1)

    source = BuiltGraphs(specify(PLAIN), WEIGHTS, activation_scale=False)
    engine = engine_over(source, threads=1, banding=bands)
    engine.aim(GOAL, (96, 88))
    monkeypatch.setattr(banded, "time", clock)
    monkeypatch.setattr(HostSession, "run", run)
    sampled = engine.sample(LARGE)
    few = len(runs)
    clock.now = 0.0
    engine.loss_and_gradient(LARGE)
    assert sampled == clock.now
    assert few < len(runs) - few


def test_there_is_no_sample_of_what_is_evaluated_whole() -> None:
    engine = engine_over(BuiltGraphs(specify(PLAIN), WEIGHTS), threads=1)
    engine.aim(GOAL, SIZE)
    assert engine.sample(IMAGE) is None


def opened_graphs(
    options: ObjectiveOptions, memory: str, size: Size, monkeypatch: pytest.MonkeyPatch
) -> dict[str, bool]:
    """Aim; return the names of the graphs that were opened, and which of them keep their memory."""
    opened: dict[str, bool] = {}

    def open_and_note(model: Path, *, arena: bool = True, **words: object) -> ort.InferenceSession:
        opened[model.name] = arena
        return open_session(model, arena=arena, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(analytic, "open_session", open_and_note)
    engine = engine_over(BuiltGraphs(specify(options), WEIGHTS), threads=1, memory=memory)
    engine.aim(GOAL, size)
    return opened


SHALLOW = replace(PLAIN, layers="conv1_1", layer_weights="equal")


def test_large_images_go_in_bands_and_keep_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = opened_graphs(SHALLOW, "auto", (513, 512), monkeypatch)
    assert "image_rest.onnx" in opened
    assert not any(opened.values())


@pytest.mark.parametrize(
    ("options", "memory", "size"),
    [
        (SHALLOW, "auto", (512, 512)),
        (SHALLOW, "high", (513, 512)),
        (replace(SHALLOW, loss="emd"), "auto", (513, 512)),
    ],
    ids=["small", "high", "emd"],
)
def test_others_do_not(
    options: ObjectiveOptions, memory: str, size: Size, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = opened_graphs(options, memory, size, monkeypatch)
    assert "image_rest.onnx" not in opened


def test_where_the_runtime_is_on_a_device_of_its_own_there_are_no_bands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(PROVIDERS, "cpu", replace(PROVIDERS["cpu"], memory="device"))
    opened = opened_graphs(SHALLOW, "auto", (513, 512), monkeypatch)
    assert opened.keys() == {"targets.onnx"}


def test_adam_takes_its_steps_on_the_host() -> None:
    source = BuiltGraphs(specify(PLAIN), WEIGHTS, activation_scale=False)
    engine = engine_over(source, threads=1, banding=everywhere)
    engine.aim(GOAL, SIZE)
    assert engine.stepper(ADAM, IMAGE) is None


@pytest.mark.parametrize("loss", ["emd", "swd", "gan", "gram,emd"])
def test_low_memory_is_refused_for_losses_that_look_at_whole_maps(loss: str) -> None:
    with pytest.raises(RuntimeUnavailableError, match="memory use 'low' is for the losses gram"):
        route_of(built_with_drawn_weights(loss=loss), SIZE, memory="low")


def test_low_memory_is_refused_for_exported_folders(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    export_folder(folder, specify(SHALLOW), drawn())
    source = ExportedFolder(folder)
    assert route_of(source, SIZE, memory="high")
    with pytest.raises(RuntimeUnavailableError, match="without exported artifacts"):
        route_of(source, SIZE, memory="low")


@pytest.mark.training
def test_auto_takes_the_analytic_engine_where_it_saves_memory() -> None:
    source = built_with_drawn_weights()
    for size, name in (((64, 64), "training"), ((513, 512), "analytic")):
        assert route_of(source, size).engine == name
    assert route_of(source, (513, 512), engine="training").engine == "training"
    with pytest.raises(RuntimeUnavailableError, match="memory use 'low'"):
        route_of(source, (64, 64), engine="training", memory="low")
