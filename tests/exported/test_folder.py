"""An exported folder as a source of graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.drawn_objective import drawn, noise_image, smooth_image, specification
from support.engines import engine_over
from support.evaluation import relative_l2
from support.small_objective import of_rounding_ranks

from texonnx.errors import ArtifactError
from texonnx.exported.folder import ExportedFolder
from texonnx.exported.writing import export_folder
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import (
    ADAM_STEP,
    CONTENT_TARGETS,
    DISCRIMINATOR_STEP,
    OBJECTIVE,
    TARGETS,
)
from texonnx.runtime.goal import Goal
from texonnx.runtime.objective_inputs import Sampling
from texonnx.sizes import Size


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "any-size"
    export_folder(folder, specification(loss="mean+cov"), drawn())
    return folder


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "fixed"
    export_folder(folder, specification(), drawn(), size=Size(24, 40))
    return folder


def test_the_folder_tells_what_a_run_must_know(folder: Path) -> None:
    source = ExportedFolder(folder)
    assert source.label == "mean+cov"
    assert source.traits.minimum_size == 2
    assert list(source.traits.parts) == ["conv1_1", "conv2_1"]
    assert not source.traits.draws
    assert not source.traits.adversarial
    assert source.traits.fixed_size is None
    assert source.traits.training_sizes == ()


def test_its_graphs_are_the_files_themselves(folder: Path) -> None:
    source = ExportedFolder(folder)
    assert source.graph(TARGETS) == folder / "targets.onnx"
    assert source.graph(OBJECTIVE, Size(20, 30)) == folder / "objective.onnx"
    assert source.graph(ADAM_STEP, Size(20, 30)) == folder / "adam_step.onnx"


def test_a_fixed_size_is_served_and_others_are_refused(fixed: Path) -> None:
    source = ExportedFolder(fixed)
    assert source.traits.fixed_size == (24, 40)
    assert source.graph(OBJECTIVE, Size(24, 40)) == fixed / "objective.onnx"
    for kind in (OBJECTIVE, ADAM_STEP):
        with pytest.raises(ArtifactError, match=r"for 40x24 alone, not for 24x40"):
            source.graph(kind, Size(40, 24))


def test_training_artifacts_that_are_not_there_are_refused(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="no training artifacts for 32x16"):
        ExportedFolder(folder).training(Size(16, 32))


@pytest.mark.training
def test_training_artifacts_are_found_by_their_size(tmp_path: Path) -> None:
    sizes = [Size(8, 12), Size(16, 24)]
    export_folder(tmp_path / "t", specification(), drawn(), training_sizes=sizes)
    source = ExportedFolder(tmp_path / "t")
    assert sorted(source.traits.training_sizes) == sizes
    assert source.training((16, 24)) == tmp_path / "t" / "training"
    assert source.training((8, 12)) == tmp_path / "t" / "training" / "12x8"


# What is built and what is exported

WORDS: list[dict[str, Any]] = [
    {"loss": "swd"},
    {"loss": "gan"},
    {"loss": "gan,gram", "disc_widths": (6, 4)},
    {"loss": "gram,tv:0.5", "content_layers": "conv2_1,conv1_2"},
    {"style_weight": 0.0, "content_layers": "conv2_1"},
    {"loss": "emd,swd,gan,mean", "disc_widths": (5,), "content_layers": "conv1_1", "tv": 0.1},
]
SIZE = Size(24, 28)


@pytest.mark.parametrize("size", [None, SIZE], ids=["any-size", "fixed-size"])
@pytest.mark.parametrize("words", WORDS, ids=str)
def test_an_exported_objective_is_that_which_was_built(
    words: dict[str, Any], size: tuple[int, int] | None, tmp_path: Path
) -> None:
    chosen = specification(**words)
    export_folder(tmp_path / "folder", chosen, drawn(), size=size)
    exported, ours = ExportedFolder(tmp_path / "folder"), BuiltGraphs(chosen, drawn())
    for source in (exported, ours):
        assert source.traits.parts == chosen.parts
        assert source.traits.draws == any(term.loss.draws for term in chosen.terms)
        assert source.traits.adversarial == chosen.adversarial
        assert source.traits.minimum_size == chosen.minimum_size
        assert source.has(TARGETS) == bool(chosen.terms)
        assert source.has(CONTENT_TARGETS) == bool(chosen.content_layers)
    goal = Goal(
        (smooth_image(32, 40),) if chosen.terms else (),
        content=smooth_image(*SIZE, seed=3) if chosen.content_layers else None,
    )
    image = noise_image(*SIZE)
    found = []
    for source in (exported, ours):
        engine = engine_over(source, threads=1, sampling=Sampling(seed=4))
        engine.aim(goal, SIZE)
        engine.refresh(image, 4)
        found.append(engine.loss_and_gradient(image))
    theirs, expected = found
    np.testing.assert_allclose(theirs.losses.layers, expected.losses.layers, rtol=1e-4)
    assert theirs.losses.total == pytest.approx(expected.losses.total, rel=1e-4)
    tolerance = 1e-4 + of_rounding_ranks(chosen.terms[0].loss.name if chosen.terms else "")
    assert relative_l2(theirs.gradient, expected.gradient) < tolerance


def test_the_label_is_that_of_the_losses_as_they_were_named(tmp_path: Path) -> None:
    chosen = specification(loss="gram,tv:0.5", content_layers="conv1_2")
    export_folder(tmp_path / "folder", chosen, drawn())
    assert ExportedFolder(tmp_path / "folder").label == "gram+tv"


def test_the_discriminators_step_of_a_fixed_size_is_for_that_alone(tmp_path: Path) -> None:
    export_folder(tmp_path / "folder", specification(loss="gan"), drawn(), size=SIZE)
    source = ExportedFolder(tmp_path / "folder")
    assert source.graph(DISCRIMINATOR_STEP, SIZE) == tmp_path / "folder" / "discriminator_step.onnx"
    with pytest.raises(ArtifactError, match=r"for 28x24 alone, not for 24x24"):
        source.graph(DISCRIMINATOR_STEP, Size(24, 24))


@pytest.mark.parametrize("name", ["nothing", "file"])
def test_what_is_no_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="not an exported folder"):
        ExportedFolder(tmp_path / name)
