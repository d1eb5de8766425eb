from __future__ import annotations

import numpy as np
import pytest

from texonnx.errors import OptionError, WeightsError
from texonnx.vgg import conv_layers
from texonnx.weights import random_weights
from texonnx.weights.activation_scale import measure


@pytest.mark.parametrize("arch", ["vgg16", "vgg19"])
def test_every_layer_has_unit_mean_activation(arch: str) -> None:
    weights = random_weights(arch, seed=1)
    scales = measure(weights.kernels, weights.biases, weights.mean, arch)
    np.testing.assert_allclose(list(scales.values()), 1.0, rtol=1e-3)
    assert set(weights.activation_scale.values()) == {1.0}


@pytest.mark.usefixtures("unmeasured")
def test_a_seed_gives_the_same_network_and_another_seed_another() -> None:
    first, again, other = (random_weights("vgg16", seed) for seed in (5, 5, 6))
    assert first.digest == again.digest != other.digest


@pytest.mark.usefixtures("unmeasured")
def test_random_weights_say_so_and_have_the_shapes_of_the_table() -> None:
    weights = random_weights("vgg16", seed=0)
    assert weights.random
    assert "random" in weights.source
    for layer in conv_layers("vgg16"):
        assert weights.kernels[layer.name].shape == (layer.out_channels, layer.in_channels, 3, 3)
        assert weights.kernels[layer.name].dtype == np.float32
        assert not weights.biases[layer.name].any()


def test_a_negative_seed_and_an_unknown_architecture_are_refused() -> None:
    with pytest.raises(WeightsError, match="not -1"):
        random_weights("vgg16", -1)
    with pytest.raises(OptionError, match="vgg11"):
        random_weights("vgg11", 0)
