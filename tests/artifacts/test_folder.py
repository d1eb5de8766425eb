"""An exported folder as a source of graphs."""

from __future__ import annotations

from pathlib import Path

import pytest
from runtime.small_objective import drawn, specification

from texonnx.artifacts.export import export_folder
from texonnx.artifacts.folder import ExportedFolder
from texonnx.errors import ArtifactError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "any-size"
    export_folder(folder, specification(loss="mean+cov"), drawn())
    return folder


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "fixed"
    export_folder(folder, specification(), drawn(), size=(24, 40))
    return folder


def test_the_folder_tells_what_a_run_must_know(folder: Path) -> None:
    source = ExportedFolder(folder)
    assert source.label == "mean+cov"
    assert source.minimum_size == 2
    assert list(source.layers) == ["conv1_1", "conv2_1"]
    assert source.fixed_size is None
    assert source.training_sizes == []


def test_its_graphs_are_the_files_themselves(folder: Path) -> None:
    source = ExportedFolder(folder)
    assert source.targets() == folder / "targets.onnx"
    assert source.objective((20, 30)) == folder / "objective.onnx"
    assert source.adam_step((20, 30)) == folder / "adam_step.onnx"


def test_a_fixed_size_is_served_and_others_are_refused(fixed: Path) -> None:
    source = ExportedFolder(fixed)
    assert source.fixed_size == (24, 40)
    assert source.objective((24, 40)) == fixed / "objective.onnx"
    for graph in (source.objective, source.adam_step):
        with pytest.raises(ArtifactError, match=r"for 40x24 alone, not for 24x40"):
            graph((40, 24))


def test_training_artifacts_that_are_not_there_are_refused(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="no training artifacts for 32x16"):
        ExportedFolder(folder).training((16, 32))


@pytest.mark.training
def test_training_artifacts_are_found_by_their_size(tmp_path: Path) -> None:
    sizes = [(8, 12), (16, 24)]
    export_folder(tmp_path / "t", specification(), drawn(), training_sizes=sizes)
    source = ExportedFolder(tmp_path / "t")
    assert sorted(source.training_sizes) == sizes
    assert source.training((16, 24)) == tmp_path / "t" / "training"
    assert source.training((8, 12)) == tmp_path / "t" / "training" / "12x8"


@pytest.mark.parametrize("name", ["nothing", "file"])
def test_what_is_no_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="not an exported folder"):
        ExportedFolder(tmp_path / name)
