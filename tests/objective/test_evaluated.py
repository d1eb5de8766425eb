"""Objectives as ONNX Runtime evaluates them: sizes, precisions, sums, its own gradient."""

from __future__ import annotations

import gc
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from support.engines import engine_over
from support.evaluation import relative_l2
from support.small_network import random_image
from support.small_objective import WEIGHTS, SmallObjective, of_rounding_ranks

from texonnx.errors import ArtifactError
from texonnx.losses import loss_names
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.specification import specify
from texonnx.options import PADDINGS, POOLINGS, ObjectiveOptions
from texonnx.runtime.analytic import AnalyticEngine
from texonnx.runtime.goal import Goal, texture_of
from texonnx.runtime.training import TrainingEngine
from texonnx.weights.network import VggWeights

SIZE = (12, 14)
PLAIN = ObjectiveOptions(layers="conv1_1,conv2_1", layer_weights="0.5,2")


@pytest.mark.parametrize("pool", POOLINGS)
@pytest.mark.parametrize("padding", PADDINGS)
def test_graphs_of_known_and_unknown_size_have_the_same_gradient(pool: str, padding: str) -> None:
    options = replace(
        PLAIN,
        loss="+".join((*loss_names(), "tv")),
        disc_widths=(4,),
        content_layers="conv1_2,conv2_1",
        pool=pool,
        padding=padding,
    )
    for size in ((12, 14), (13, 11)):
        image, exemplar = random_image(*size), random_image(9, 10, seed=2)
        content = random_image(*size, seed=3)
        unknown, known = (
            SmallObjective(options, each)(image, exemplar, content) for each in (None, size)
        )
        assert relative_l2(known["gradient"], unknown["gradient"]) < 1e-5
        np.testing.assert_allclose(known["loss"], unknown["loss"], rtol=1e-5)


@pytest.mark.parametrize("name", loss_names())
def test_single_precision_is_enough_for_the_gradient(name: str) -> None:
    options = replace(PLAIN, loss=name)
    image, exemplar = random_image(*SIZE), random_image(9, 10, seed=2)
    single = SmallObjective(options)(image, exemplar)["gradient"]
    double = SmallObjective(options, dtype=ir.DataType.DOUBLE)(image, exemplar)["gradient"]
    assert single.dtype == np.float32
    assert relative_l2(single, double) < 1e-4 + of_rounding_ranks(name)


def test_the_parts_add_up_to_the_loss() -> None:
    options = replace(PLAIN, loss=",".join(f"{name}:0.3" for name in (*loss_names(), "tv")))
    found = SmallObjective(options)(random_image(*SIZE), random_image(9, 10, seed=2))
    assert found["loss"].shape == ()
    assert found["layer_losses"].shape == (3,)
    np.testing.assert_allclose(found["loss"], found["layer_losses"].sum(), rtol=1e-6)


def test_twice_the_weights_is_twice_the_loss_and_the_gradient() -> None:
    image, exemplar = random_image(*SIZE), random_image(9, 10, seed=2)
    once, by_layers, by_terms = (
        SmallObjective(options)(image, exemplar)
        for options in (
            PLAIN,
            replace(PLAIN, layer_weights="1,4"),
            replace(PLAIN, loss="gram:2"),
        )
    )
    for twice in (by_layers, by_terms):
        for output in ("loss", "layer_losses"):
            np.testing.assert_allclose(twice[output], 2 * once[output], rtol=1e-6)
        assert relative_l2(twice["gradient"], 2 * once["gradient"]) < 1e-6


def blotches(height: int, width: int, seed: int) -> np.ndarray:
    """Return an image [1, 3, H, W] with something to see at several scales."""
    rng = np.random.default_rng(seed)
    image = np.zeros((1, 3, height, width))
    for size in (1, 4, 16):
        coarse = rng.random((1, 3, -(-height // size), -(-width // size)))
        image += coarse.repeat(size, 2).repeat(size, 3)[:, :, :height, :width] / 3
    return image.astype(np.float32)


def assert_both_routes_agree(
    options: ObjectiveOptions, weights: VggWeights, size: tuple[int, int]
) -> None:
    """Hold our rules against ONNX Runtime's gradient builder, on an exemplar of another size."""
    image = blotches(*size, seed=1)
    content = blotches(*size, seed=3) if options.content_layers else None
    exemplars = (blotches(64, 80, seed=2),) if options.style_weight else ()
    goal = Goal(exemplars, content=content)
    learnt = None
    evaluations = []
    for engine_type in (AnalyticEngine, TrainingEngine):
        engine = engine_over(BuiltGraphs(specify(options), weights), engine_type, 2)
        engine.aim(goal, size)
        if "gan" in options.loss:
            # At first they say nothing; what they learn is handed from the one to the other.
            engine.refresh(image, 5)
            learnt = engine.inputs.parameters = learnt or engine.inputs.parameters
            engine.aim(goal, size)
        evaluations.append(engine.loss_and_gradient(image))
    analytic, training = evaluations
    assert analytic.losses.total == pytest.approx(training.losses.total, rel=1e-5)
    np.testing.assert_allclose(analytic.losses.layers, training.losses.layers, rtol=1e-5)
    assert np.linalg.norm(training.gradient) > 0
    assert relative_l2(analytic.gradient, training.gradient) < 1e-4


@pytest.mark.weights
@pytest.mark.training
@pytest.mark.parametrize(
    ("loss", "pool", "size", "gram_norm"),
    [
        *((loss, pool, (64, 64), "gatys") for loss in loss_names() for pool in POOLINGS),
        ("mean+cov", "avg", (64, 64), "gatys"),
        ("gram", "avg", (64, 64), "no-n2-m2"),
        ("gram+emd", "avg", (83, 70), "gatys"),
        ("gram", "max", (83, 70), "gatys"),
    ],
)
def test_both_routes_have_the_same_loss_and_gradient(
    pretrained: VggWeights, loss: str, pool: str, size: tuple[int, int], gram_norm: str
) -> None:
    options = ObjectiveOptions(loss=loss, pool=pool, gram_norm=gram_norm)
    assert_both_routes_agree(options, pretrained, size)


@pytest.mark.weights
@pytest.mark.training
@pytest.mark.parametrize(
    "options",
    [
        ObjectiveOptions(content_layers="conv4_2,conv2_1", tv=0.1),
        ObjectiveOptions(content_layers="conv4_2", style_weight=0.0),
        ObjectiveOptions(loss="gan,gram,tv", disc_widths=(16,)),
    ],
    ids=["style-transfer", "reconstruction", "discriminators-and-smoothness"],
)
def test_both_routes_agree_on_sums_of_every_kind(
    pretrained: VggWeights, options: ObjectiveOptions
) -> None:
    assert_both_routes_agree(options, pretrained, (64, 70))


@pytest.mark.weights
@pytest.mark.training
@pytest.mark.parametrize(("loss", "pool"), [("gram", "avg"), ("emd", "max")])
def test_what_the_rewrites_put_in_computes_what_onnx_runtimes_own_gradient_ops_do(
    pretrained: VggWeights, loss: str, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training artifacts hold our form of them too; here its own are left in."""
    left: list[str] = []

    def leave_it(graph: onnx.GraphProto) -> None:
        left.extend(node.op_type for node in graph.node if node.op_type.endswith("Grad"))

    monkeypatch.setattr("texonnx.objective.training.rewrite_gradients", leave_it)
    assert_both_routes_agree(ObjectiveOptions(loss=loss, pool=pool), pretrained, (66, 70))
    assert left.count("ConvGrad") == left.count("ReluGrad") == 13


def test_built_graphs_need_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    engine = engine_over(BuiltGraphs(specify(PLAIN), WEIGHTS), AnalyticEngine)
    engine.aim(texture_of(random_image(20, 24, seed=2).astype(np.float32)), SIZE)
    found = engine.loss_and_gradient(random_image(*SIZE).astype(np.float32))
    assert np.isfinite(found.gradient).all()


def test_what_training_artifacts_are_written_to_goes_with_them_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graphs = BuiltGraphs(specify(PLAIN), WEIGHTS)
        folder = graphs._temporary()
        assert (folder / "weights.bin").is_file()
        assert list(tmp_path.iterdir()) == [folder]
        warned: list[object] = []
        before, sys.unraisablehook = sys.unraisablehook, warned.append
        try:
            del graphs
            gc.collect()
        finally:
            sys.unraisablehook = before
    assert list(tmp_path.iterdir()) == []
    assert not warned


def test_where_there_can_be_no_temporary_files_training_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(ArtifactError, match="set TMPDIR, or take --engine analytic"):
        BuiltGraphs(specify(PLAIN), WEIGHTS).training(SIZE)
