"""MatConvNet's .mat files, written by SciPy as MATLAB lays them out."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.io import savemat

from texonnx.errors import WeightsError
from texonnx.weights.formats import read_network, recognise

if TYPE_CHECKING:
    from ..conftest import Layer

AVERAGE = (123.7, 116.8, 103.9)


def cell(*values: Any) -> np.ndarray:
    array = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        array[0, place] = value
    return array


def written(path: Path, layers: list[Layer], *, old: bool = False, meta: bool = True) -> Path:
    entries: list[dict[str, Any]] = []
    for layer in layers:
        kernel, bias = layer.kernel.transpose(2, 3, 1, 0), layer.bias[None]
        stored = {"filters": kernel, "biases": bias} if old else {"weights": cell(kernel, bias)}
        entries.append({"type": "conv", "name": layer.name, **stored})
        entries.append({"type": "relu", "name": f"relu{layer.name}"})
    fc6 = {"weights": cell(np.ones((7, 7, 4, 4), np.float32), np.ones((1, 4), np.float32))}
    entries.append({"type": "conv", "name": "fc6", **fc6})
    average = np.tile(np.array(AVERAGE, np.float32), (4, 4, 1))
    told = {"normalization": {"averageImage": average}} if meta else {}
    savemat(path, {"layers": cell(*entries), "meta": told})
    return path


@pytest.mark.parametrize("old", [False, True])
def test_convolutions_are_read_in_order_with_their_mean(
    old: bool, narrow: list[Layer], tmp_path: Path
) -> None:
    found = read_network(written(tmp_path / "net.mat", narrow, old=old))
    assert found.convention == "caffe-rgb"
    np.testing.assert_allclose(found.mean, AVERAGE, rtol=1e-6)
    assert len(found.convolutions) == len(narrow)
    for convolution, layer in zip(found.convolutions, narrow, strict=True):
        np.testing.assert_array_equal(convolution.kernel, layer.kernel)
        np.testing.assert_array_equal(convolution.bias, layer.bias)


def test_without_a_mean_there_is_none(narrow: list[Layer], tmp_path: Path) -> None:
    assert read_network(written(tmp_path / "net.mat", narrow, meta=False)).mean is None


def test_it_is_known_by_its_content(narrow: list[Layer], tmp_path: Path) -> None:
    assert recognise(written(tmp_path / "net.mat", narrow)).name == "mat"


def test_another_mat_file_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "net.mat", {"x": np.ones(3)})
    with pytest.raises(WeightsError, match="it holds no 'layers' of MatConvNet"):
        read_network(tmp_path / "net.mat")


def test_a_keras_archive_is_read(narrow: list[Layer], tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        for layer in narrow:
            name = f"layers/block{layer.name[4]}_{layer.name[:4]}{layer.name[6]}/vars"
            file[f"{name}/0"] = layer.kernel.transpose(2, 3, 1, 0)
            file[f"{name}/1"] = layer.bias
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.write(tmp_path / "model.weights.h5", "model.weights.h5")
    found = read_network(tmp_path / "net.keras")
    assert found.convention == "caffe"
    for convolution, layer in zip(found.convolutions, narrow, strict=True):
        np.testing.assert_array_equal(convolution.kernel, layer.kernel)
