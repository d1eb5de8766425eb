"""What is done around the steps: alike with NumPy and with an exported folder's graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.drawn_objective import drawn, specification

from texonnx.errors import ImageError
from texonnx.exported.folder import ExportedFolder
from texonnx.exported.writing import export_folder
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import FINER_IMAGE, FIRST_IMAGE, RESIZE
from texonnx.run.hosting import GraphHost, Host

EXEMPLAR = np.random.default_rng(0).random((1, 3, 40, 56), dtype=np.float32)


@pytest.fixture(scope="module")
def of_a_folder(tmp_path_factory: pytest.TempPathFactory) -> Host:
    folder = tmp_path_factory.mktemp("models") / "small"
    export_folder(folder, specification(detail="spectrum"), drawn())
    return GraphHost(ExportedFolder(folder))


def test_a_folder_brings_its_own_graphs_and_what_is_built_does_not(of_a_folder: Host) -> None:
    assert isinstance(of_a_folder, GraphHost)
    built = BuiltGraphs(specification(detail="spectrum"), drawn())
    assert not any(built.has(kind) for kind in (RESIZE, FIRST_IMAGE, FINER_IMAGE))


@pytest.mark.parametrize("seed", [0, 3, 10**25])
def test_both_start_from_the_same_image(of_a_folder: Host, seed: int) -> None:
    ours, theirs = (host.first_image(EXEMPLAR, (64, 48), seed) for host in (Host(), of_a_folder))
    np.testing.assert_allclose(theirs, ours, atol=2e-5)


def test_both_go_on_from_the_same_image(of_a_folder: Host) -> None:
    coarser = np.random.default_rng(1).random((1, 3, 32, 24), dtype=np.float32)
    ours, theirs = (
        host.finer_image(coarser, EXEMPLAR, (20, 28), (64, 48), 5) for host in (Host(), of_a_folder)
    )
    np.testing.assert_allclose(theirs, ours, atol=2e-5)


def test_what_is_built_has_the_graph_that_puts_patches_in_and_it_is_the_folders(
    tmp_path: Path,
) -> None:
    patched = specification(detail="patches")
    export_folder(tmp_path / "patched", patched, drawn())
    built = BuiltGraphs(patched, drawn())
    assert built.has(FINER_IMAGE) and not built.has(RESIZE)
    coarser = np.random.default_rng(1).random((1, 3, 32, 24), dtype=np.float32)
    ours, theirs, otherwise = (
        GraphHost(source).finer_image(coarser, EXEMPLAR, (20, 28), (64, 48), 5)
        for source in (
            built,
            ExportedFolder(tmp_path / "patched"),
            BuiltGraphs(specification(detail="spectrum"), drawn()),
        )
    )
    np.testing.assert_array_equal(theirs, ours)
    assert np.abs(otherwise - ours).max() > 0.1


def test_both_resize_alike_and_leave_the_same_size_alone(of_a_folder: Host) -> None:
    for host in (Host(), of_a_folder):
        assert np.array_equal(host.resize(EXEMPLAR, (40, 56)), EXEMPLAR)
    ours, theirs = (host.resize(EXEMPLAR, (33, 91)) for host in (Host(), of_a_folder))
    np.testing.assert_allclose(theirs, ours, atol=2e-6)


def test_neither_makes_an_image_without_end(of_a_folder: Host) -> None:
    for host in (Host(), of_a_folder):
        with pytest.raises(ImageError, match="cannot resize"):
            host.resize(EXEMPLAR, (10**6, 10**6))
