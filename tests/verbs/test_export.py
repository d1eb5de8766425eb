"""``texonnx.export``: from the user's words to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.drawn_objective import smooth_image
from support.small_runs import SMALL, draw_once, psnr

import texonnx
from texonnx.errors import ArtifactError, OptionError, RuntimeUnavailableError
from texonnx.exported.folder import ExportedFolder
from texonnx.objective.kinds import ALWAYS as GRAPHS
from texonnx.runtime.installed import the_runtime
from texonnx.weights import library


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)


def test_the_folder_that_was_asked_for_is_returned_and_complete(tmp_path: Path) -> None:
    folder = texonnx.export(tmp_path / "folder", training=False, **SMALL)
    assert folder == tmp_path / "folder"
    assert ExportedFolder(folder).label == "gram"


def test_a_folder_may_be_named_by_a_string(tmp_path: Path) -> None:
    assert texonnx.export(str(tmp_path / "a"), training=False, **SMALL) == tmp_path / "a"


ALWAYS = {"manifest.json", "weights.bin", *(kind.file for kind in GRAPHS)}


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ({"loss": "gram,tv"}, ["targets.onnx"]),
        ({"loss": "swd"}, ["targets.onnx", "directions.onnx"]),
        (
            {"loss": "gan", "disc_widths": (8, 4)},
            ["targets.onnx", "discriminators.onnx", "discriminator_step.onnx"],
        ),
        ({"content_layers": "conv4_2", "tv": 0.1}, ["targets.onnx", "content_targets.onnx"]),
        ({"content_layers": "conv2_1", "style_weight": 0}, ["content_targets.onnx"]),
    ],
    ids=str,
)
def test_a_folder_has_the_graphs_of_its_losses_and_no_others(
    options: dict[str, Any], files: list[str], tmp_path: Path
) -> None:
    folder = texonnx.export(tmp_path / "folder", training=False, **SMALL, **options)
    searching = set() if options.get("loss") == "gan" else {"lbfgs_start.onnx", "lbfgs_step.onnx"}
    assert {path.name for path in folder.iterdir()} == {*ALWAYS, *files, *searching}


def test_a_folder_names_the_parts_of_its_loss(tmp_path: Path) -> None:
    folder = texonnx.export(
        tmp_path / "folder", training=False, content_layers="conv2_2", tv=0.1, **SMALL
    )
    parts = ExportedFolder(folder).traits.parts
    assert parts == ("conv1_1", "conv2_1", "content.conv2_2", "tv")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "vgg16-gram"),
        ({"loss": "swd,tv"}, "vgg16-swd"),
        ({"content_layers": "conv2_1", "style_weight": 0}, "vgg16-content"),
    ],
    ids=str,
)
def test_the_default_folder_is_named_after_network_and_losses(
    options: dict[str, Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert texonnx.export(training=False, **SMALL, **options) == Path("models", name)


RUN: dict[str, Any] = {
    "exemplar_size": 32,
    "scales": 2,
    "steps": 12,
    "optimizer": "sgd",
    "lr": 0.01,
}
DRAWING: list[dict[str, Any]] = [
    {"loss": "swd"},
    {"loss": "gan"},
    {"loss": "gram,gan", "disc_widths": (8, 4)},
]


@pytest.mark.parametrize("options", DRAWING, ids=str)
def test_a_run_from_a_folder_draws_and_trains_as_one_in_memory(
    options: dict[str, Any], tmp_path: Path
) -> None:
    folder = texonnx.export(tmp_path / "folder", training=False, **SMALL, **options)
    exemplar = smooth_image(40, 40)
    built = texonnx.synthesize(exemplar, engine="analytic", **SMALL, **options, **RUN)
    ran = texonnx.synthesize(exemplar, engine="analytic", artifacts=folder, **RUN)
    # What lies around the steps, the folder's graphs and NumPy round otherwise; of two patches that
    # are as near, they may take another.
    assert psnr(ran.image, built.image) > 45
    assert list(ran.history[0].layer_losses) == list(built.history[0].layer_losses)


def test_adam_is_taken_by_itself_for_a_folder_with_discriminators(tmp_path: Path) -> None:
    folder = texonnx.export(tmp_path / "folder", training=False, loss="gan", **SMALL)
    options: dict[str, Any] = {"artifacts": folder, "exemplar_size": 32, "steps": 3}
    by_itself, named = (
        texonnx.synthesize(smooth_image(40, 40), **options, **given).image
        for given in ({}, {"optimizer": "adam"})
    )
    assert np.array_equal(by_itself, named)


@pytest.mark.training
@pytest.mark.parametrize("options", DRAWING, ids=str)
def test_a_run_from_training_artifacts_draws_and_trains_as_one_in_memory(
    options: dict[str, Any], tmp_path: Path
) -> None:
    folder = texonnx.export(tmp_path / "folder", size=(32, 32), scales=2, **SMALL, **options)
    exemplar = smooth_image(40, 40)
    built = texonnx.synthesize(exemplar, engine="training", **SMALL, **options, **RUN)
    ran = texonnx.synthesize(exemplar, engine="training", artifacts=folder, **RUN)
    assert ran.engine == "training"
    assert psnr(ran.image, built.image) > 45


def test_an_existing_folder_is_refused_before_the_weights_are_read(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="exists"):
        texonnx.export(tmp_path, weights="/no/such/file.h5")


def test_training_artifacts_are_written_where_they_can_be(tmp_path: Path) -> None:
    folder = texonnx.export(tmp_path / "folder", size=(16, 24), **SMALL)
    sizes = ExportedFolder(folder).traits.training_sizes
    assert sizes == (((16, 24),) if the_runtime().can_train else ())


@pytest.mark.training
def test_training_artifacts_are_written_for_as_many_scales_as_asked_for(tmp_path: Path) -> None:
    folder = texonnx.export(tmp_path / "folder", size=(16, 24), scales=3, **SMALL)
    assert sorted(ExportedFolder(folder).traits.training_sizes) == [(4, 6), (8, 12), (16, 24)]


def test_training_artifacts_without_their_package_are_an_error(tmp_path: Path) -> None:
    if the_runtime().can_train:
        pytest.skip("onnxruntime-training is installed here")
    with pytest.raises(RuntimeUnavailableError, match="onnxruntime-training"):
        texonnx.export(tmp_path / "folder", training=True, **SMALL)
    assert list(tmp_path.iterdir()) == []


def test_scales_without_training_artifacts_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="scales"):
        texonnx.export(tmp_path / "folder", training=False, scales=2, **SMALL)


@pytest.mark.parametrize("size", [(0, 32), (32, -1), (1, 32)])
def test_a_size_that_will_not_do_is_an_error(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        texonnx.export(tmp_path / "folder", training=False, size=size, **SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.training
def test_a_run_from_exported_training_artifacts_is_the_run_in_memory(tmp_path: Path) -> None:
    folder = texonnx.export(tmp_path / "folder", size=(32, 32), scales=2, **SMALL)
    options: dict[str, Any] = {
        "exemplar_size": 32, "scales": 2, "steps": 4, "optimizer": "adam", "engine": "training"
    }  # fmt: skip
    exemplar = smooth_image(40, 40)
    built = texonnx.synthesize(exemplar, **SMALL, **options)
    ran = texonnx.synthesize(exemplar, artifacts=folder, **options)
    assert ran.engine == "training"
    # What lies around the steps, the folder's graphs and NumPy round otherwise.
    assert psnr(ran.image, built.image) > 60


@pytest.mark.training
def test_training_artifacts_of_another_size_are_refused_with_the_sizes(tmp_path: Path) -> None:
    folder = texonnx.export(tmp_path / "folder", scales=1, **SMALL)
    with pytest.raises(RuntimeUnavailableError, match=r"for 32x32, but for 256x256"):
        texonnx.synthesize(
            smooth_image(40, 40), artifacts=folder, exemplar_size=32, engine="training", steps=1
        )
