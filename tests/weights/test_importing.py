from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from texonnx.errors import OptionError, WeightsError
from texonnx.weights import VggWeights, cache, read_weights
from texonnx.weights.catalogue import ACTIVATION_SCALES, DIGESTS

from .conftest import Layer, make_layers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("unmeasured")


def save_npz(path: Path, layers: list[Layer], **changes: Any) -> Path:
    arrays = {f"{layer.name}_W": layer.kernel for layer in layers}
    arrays |= {f"{layer.name}_b": layer.bias for layer in layers}
    np.savez(path, **(arrays | changes))
    return path


def test_a_file_becomes_weights(vgg16_layers: list[Layer], tmp_path: Path) -> None:
    weights = read_weights(save_npz(tmp_path / "mine.npz", vgg16_layers))
    assert weights.arch == "vgg16"
    assert "mine.npz" in weights.source
    assert not weights.random
    assert weights.mean == (123.68, 116.779, 103.939)
    np.testing.assert_array_equal(weights.kernels["conv3_2"], vgg16_layers[5].kernel)
    np.testing.assert_array_equal(weights.kernels["conv1_1"], vgg16_layers[0].kernel)


def test_the_convention_that_is_asked_for_is_used(
    vgg16_layers: list[Layer], tmp_path: Path
) -> None:
    path = save_npz(tmp_path / "mine.npz", vgg16_layers)
    weights = read_weights(path, convention="torch")
    red = vgg16_layers[0].kernel[:, 0]
    np.testing.assert_allclose(weights.kernels["conv1_1"][:, 2], red / (255 * 0.229), rtol=1e-6)
    np.testing.assert_allclose(weights.mean, (123.675, 116.28, 103.53))


def test_sixteen_convolutions_are_vgg19(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "vgg19.npz", make_layers("vgg19"))
    assert read_weights(path).arch == "vgg19"
    with pytest.raises(WeightsError, match="holds vgg19, not vgg16"):
        read_weights(path, arch="vgg16")
    with pytest.raises(OptionError, match="vgg11"):
        read_weights(path, arch="vgg11")


def test_other_networks_are_refused_in_a_sentence(narrow: list[Layer], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"13 convolutions with 4, 4, 8, .* not the 13 of vgg16"):
        read_weights(save_npz(tmp_path / "narrow.npz", narrow))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(
    value: float, vgg16_layers: list[Layer], tmp_path: Path
) -> None:
    bias = vgg16_layers[6].bias.copy()
    bias[3] = value
    path = save_npz(tmp_path / "bad.npz", vgg16_layers, conv3_3_b=bias)
    with pytest.raises(WeightsError, match="conv3_3 that are not finite"):
        read_weights(path)


@pytest.mark.parametrize("order", ["bgr", "rgb"])
def test_canonical_tensors_are_known_in_either_channel_order(
    order: str,
    vgg16_layers: list[Layer],
    vgg16_weights: VggWeights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if the catalogue's weights were these: BGR as Keras has them, RGB as TensorFlow files."""
    monkeypatch.setitem(DIGESTS, "vgg16", vgg16_weights.digest)
    first = vgg16_layers[0].kernel if order == "bgr" else vgg16_layers[0].kernel[:, ::-1]
    path = save_npz(tmp_path / "vgg16.npz", vgg16_layers, conv1_1_W=first)
    weights = read_weights(path, convention="torch")
    assert weights.digest == vgg16_weights.digest
    assert weights.mean == (123.68, 116.779, 103.939)
    assert weights.activation_scale == ACTIVATION_SCALES["vgg16"]
    assert weights.source == "Oxford VGG-16, CC BY 4.0"


def test_a_file_of_the_cache_is_read_where_it_lies(vgg16_weights: VggWeights) -> None:
    path = cache.save(vgg16_weights, "mine")
    weights = read_weights(path)
    assert weights.digest == vgg16_weights.digest
    assert weights.source == "a test"
    with pytest.raises(WeightsError, match="convention 'caffe'"):
        read_weights(path, convention="torch")
