"""An exported folder in the layout that caches of downloads have."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.drawn_objective import drawn, specification

import texonnx
from texonnx.errors import ArtifactError
from texonnx.exported.manifest import read_manifest
from texonnx.exported.writing import export_folder
from texonnx.system.files import sha256_of


def test_a_folder_of_links_runs_as_the_cache_of_a_hub_lays_it_out(
    tmp_path: Path,
) -> None:
    """``snapshots/REVISION/NAME`` leads to ``blobs/SHA-256``."""
    folder = tmp_path / "folder"
    export_folder(folder, specification(loss="gram,emd"), drawn())
    snapshot, blobs = tmp_path / "snapshots" / "1", tmp_path / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for path in folder.iterdir():
        blob = blobs / sha256_of(path)
        shutil.copy(path, blob)
        (snapshot / path.name).symlink_to(Path("..", "..", "blobs", blob.name))
    found = texonnx.verify(snapshot, size=(16, 16))
    assert found.passed, [check for check in found.checks if not check.passed]
    exemplar = np.random.default_rng(0).random((1, 3, 32, 32), np.float32)
    images = [
        texonnx.synthesize(
            exemplar, artifacts=place, exemplar_size=32, steps=3, engine="analytic", provider="cpu"
        ).image
        for place in (folder, snapshot)
    ]
    np.testing.assert_array_equal(*images)
    (snapshot / "weights.bin").unlink()
    (snapshot / "weights.bin").symlink_to(snapshot / "manifest.json")
    with pytest.raises(ArtifactError, match=r"weights\.bin' is cut short"):
        read_manifest(snapshot)
