"""The split objective against the whole one, and against the reference."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from support.drawn_objective import drawn
from support.engines import Targets, engine_over
from support.evaluation import Array, relative_l2, slope
from support.small_network import random_image
from support.small_objective import WEIGHTS, reference_loss

from texonnx.exported.folder import ExportedFolder
from texonnx.exported.writing import export_folder
from texonnx.images import Image
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import OBJECTIVE
from texonnx.objective.source import GraphSource
from texonnx.objective.specification import specify
from texonnx.optimizers import ADAM
from texonnx.options import PADDINGS, POOLINGS, ObjectiveOptions
from texonnx.providers import PROVIDERS
from texonnx.runtime import analytic
from texonnx.runtime.engine import Evaluation
from texonnx.runtime.goal import Goal, texture_of
from texonnx.runtime.sessions import open_session
from texonnx.sizes import Size

SIZE = Size(19, 14)
EXEMPLAR = random_image(17, 23, seed=2) ** 2
IMAGE = random_image(*SIZE, seed=1)
GOAL = texture_of(EXEMPLAR)
PLAIN = ObjectiveOptions(
    loss="emd", layers="conv1_1,conv2_1", layer_weights="0.5,2", activation_scale=False
)
OPTIONS = [
    *(
        replace(PLAIN, loss=loss, pool=pool, padding=padding)
        for loss, pool, padding in product(("emd", "gram,emd", "mean,emd"), POOLINGS, PADDINGS)
    ),
    replace(PLAIN, loss="emd:0.1,cov:3", layers="conv2_1,conv1_2", layer_weights="1,4"),
    replace(PLAIN, loss="emd,tv:2"),
    replace(PLAIN, layers="conv3_1", layer_weights="equal"),
]


def name_of(options: ObjectiveOptions) -> str:
    return f"{options.loss}-{options.pool}-{options.padding}-{options.layers}"


def built(options: ObjectiveOptions) -> BuiltGraphs:
    return BuiltGraphs(specify(options), WEIGHTS, activation_scale=False)


def evaluated(source: GraphSource, image: Image = IMAGE, threads: int = 1) -> Evaluation:
    engine = engine_over(source, threads=threads)
    engine.aim(GOAL, (image.shape[2], image.shape[3]))
    return engine.loss_and_gradient(image)


def whole(source: BuiltGraphs, goal: Goal = GOAL) -> dict[str, Array]:
    """Run ``objective.onnx`` as it is, on the same runtime."""
    targets = Targets(source, goal, SIZE).draw()
    session = open_session(source.graph(OBJECTIVE, SIZE), "cpu", 1)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": IMAGE, **targets}), strict=True))


def opened_graphs(source: GraphSource, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Evaluate once; return the names of the graphs that were run."""
    opened: set[str] = set()

    def open_and_note(model: Path, **words: object) -> ort.InferenceSession:
        opened.add(model.name)
        return open_session(model, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(analytic, "open_session", open_and_note)
    evaluated(source)
    return opened


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_loss_and_gradient_are_those_of_the_whole_objective(options: ObjectiveOptions) -> None:
    source = built(options)
    split, expected = evaluated(source), whole(source)
    assert relative_l2(split.gradient, expected["gradient"]) < 1e-5
    # ONNX Runtime adds up the squares of a mean in float32, one after the other.
    assert split.losses.total == pytest.approx(float(expected["loss"]), rel=1e-4)
    np.testing.assert_allclose(split.losses.layers, expected["layer_losses"], rtol=1e-4)


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_loss_and_gradient_are_those_of_the_reference(options: ObjectiveOptions) -> None:
    found = evaluated(built(options))
    image = IMAGE.astype(np.float64)
    total, layers = reference_loss(options, image, EXEMPLAR)
    assert found.losses.total == pytest.approx(total, rel=1e-5)
    np.testing.assert_allclose(found.losses.layers, layers, rtol=1e-5)

    def loss(at: Array) -> float:
        return reference_loss(options, at, EXEMPLAR)[0]

    gradient = found.gradient.astype(np.float64)
    length = float(np.linalg.norm(gradient))
    random = np.random.default_rng(3).standard_normal(image.shape)
    for along in (gradient / length, random / np.linalg.norm(random)):
        expected_slope = slope(loss, image, along, 1e-6)
        # Float32 is good for 1e-5 of the gradient's length, in any direction.
        assert float((gradient * along).sum()) == pytest.approx(expected_slope, abs=2e-5 * length)


BESIDE = [
    replace(PLAIN, content_layers="conv1_2,conv2_2"),
    replace(PLAIN, loss="gram,emd", tv=3.0),
    replace(PLAIN, loss="emd,swd:0.5", content_layers="conv2_1", content_weight=4.0, tv=0.1),
]


@pytest.mark.parametrize("options", BESIDE, ids=lambda options: f"{options.loss}-{options.tv}")
def test_what_is_beside_sorting_is_as_in_the_whole_objective(options: ObjectiveOptions) -> None:
    goal = Goal((EXEMPLAR,), content=random_image(*SIZE, seed=6))
    source = built(options)
    engine = engine_over(source, threads=1)
    engine.aim(goal, SIZE)
    split, expected = engine.loss_and_gradient(IMAGE), whole(source, goal)
    assert relative_l2(split.gradient, expected["gradient"]) < 1e-5
    assert split.losses.total == pytest.approx(float(expected["loss"]), rel=1e-4)
    np.testing.assert_allclose(split.losses.layers, expected["layer_losses"], rtol=1e-4)
    assert len(split.losses.layers) == len(specify(options).parts)


def test_new_directions_reach_the_half_that_takes_them() -> None:
    engine = engine_over(built(replace(PLAIN, loss="emd,swd:3")), threads=1)
    alone = engine_over(built(replace(PLAIN, loss="emd")), threads=1)
    projected = engine_over(built(replace(PLAIN, loss="swd:3")), threads=1)
    values = []
    for each in (engine, alone, projected):
        each.aim(GOAL, SIZE)
        each.refresh(IMAGE, 10)
        values.append(each.loss_and_gradient(IMAGE).losses.layers)
    together, sorted_alone, along_directions = values
    np.testing.assert_allclose(together, sorted_alone + along_directions, rtol=1e-5)


def test_discriminators_beside_sorting_learn() -> None:
    engine = engine_over(built(replace(PLAIN, loss="emd,gan", disc_widths=(4,))), threads=1)
    engine.aim(GOAL, SIZE)
    at_first = engine.loss_and_gradient(IMAGE)
    engine.refresh(IMAGE, 20)
    # They say "image" of it, which costs the image more than their first word, nothing.
    assert engine.loss_and_gradient(IMAGE).losses.total > at_first.losses.total + 0.05


def test_an_evaluation_has_the_types_of_every_engines() -> None:
    found = evaluated(built(PLAIN))
    assert isinstance(found.losses.total, float)
    assert found.losses.layers.dtype == found.gradient.dtype == np.float32
    assert found.gradient.shape == IMAGE.shape


@pytest.mark.parametrize("loss", ["emd", "gram,emd"])
def test_evaluations_repeat_bit_for_bit_and_own_what_they_return(loss: str) -> None:
    engine = engine_over(built(replace(PLAIN, loss=loss)), threads=2)
    engine.aim(GOAL, SIZE)
    first = engine.loss_and_gradient(IMAGE)
    gradient, layers = first.gradient.copy(), first.losses.layers.copy()
    other = engine.loss_and_gradient(random_image(*SIZE, seed=5))
    again = engine.loss_and_gradient(IMAGE)
    assert not np.array_equal(other.gradient, gradient)
    for evaluation in (first, again):
        assert evaluation.losses.total == first.losses.total
        assert np.array_equal(evaluation.losses.layers, layers)
        assert np.array_equal(evaluation.gradient, gradient)


@pytest.mark.parametrize("loss", ["emd", "gram,emd"])
def test_another_number_of_threads_changes_no_more_than_the_rounding(loss: str) -> None:
    source = built(replace(PLAIN, loss=loss))
    one, two = (evaluated(source, threads=threads) for threads in (1, 2))
    assert relative_l2(two.gradient, one.gradient) < 1e-6
    assert two.losses.total == pytest.approx(one.losses.total, rel=1e-6)


def test_the_image_is_left_alone() -> None:
    before = IMAGE.copy()
    evaluated(built(PLAIN))
    assert np.array_equal(IMAGE, before)


def test_an_image_that_does_not_lie_in_one_piece_is_evaluated_as_its_copy() -> None:
    mirrored = IMAGE[..., ::-1]
    found = evaluated(built(PLAIN), mirrored)
    assert np.array_equal(found.gradient, evaluated(built(PLAIN), mirrored.copy()).gradient)


def test_a_split_engine_can_be_aimed_again_at_another_size() -> None:
    source = built(PLAIN)
    engine = engine_over(source, threads=1)
    engine.aim(GOAL, (11, 26))
    engine.loss_and_gradient(random_image(11, 26))
    engine.aim(GOAL, SIZE)
    assert np.array_equal(engine.loss_and_gradient(IMAGE).gradient, evaluated(source).gradient)


@pytest.mark.parametrize("loss", ["emd", "gram,emd"])
def test_a_loss_that_sorts_is_split_on_the_host(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = opened_graphs(built(replace(PLAIN, loss=loss)), monkeypatch)
    assert opened == {"targets.onnx", "features.onnx", "pullback.onnx"}


@pytest.mark.parametrize("loss", ["gram", "mean,cov"])
def test_a_loss_that_does_not_sort_is_not_split(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = opened_graphs(built(replace(PLAIN, loss=loss)), monkeypatch)
    assert opened == {"targets.onnx", "objective.onnx"}


def test_where_the_runtime_is_on_a_device_of_its_own_nothing_is_split(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(PROVIDERS, "cpu", replace(PROVIDERS["cpu"], memory="device"))
    opened = opened_graphs(built(PLAIN), monkeypatch)
    assert opened == {"targets.onnx", "objective.onnx"}


def test_an_exported_folder_works_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    export_folder(folder, specify(PLAIN), drawn())
    exported = ExportedFolder(folder)
    ours, theirs = evaluated(BuiltGraphs(specify(PLAIN), drawn())), evaluated(exported)
    assert relative_l2(theirs.gradient, ours.gradient) < 1e-5
    assert theirs.losses.total == pytest.approx(ours.losses.total, rel=1e-4)
    assert "objective.onnx" in opened_graphs(exported, monkeypatch)


def test_adam_inside_the_runtime_is_for_objectives_that_are_whole() -> None:
    for loss, there in (("emd", False), ("gram,emd", False), ("gram", True)):
        engine = engine_over(built(replace(PLAIN, loss=loss)), threads=1)
        engine.aim(GOAL, SIZE)
        assert (engine.stepper(ADAM, IMAGE) is not None) == there
