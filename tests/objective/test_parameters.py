"""From weights to the graphs' tensors: channel order, mean, units, and the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from support import reference
from support.evaluation import Array, Reference, Runtime, relative_l2
from support.small_network import (
    LAST,
    MEAN,
    SCALES,
    parameters_of,
    random_image,
    small_weights,
)

from texonnx.graph.tape import Tape
from texonnx.objective.parameters import (
    layer_units,
    store_tensors,
    stored_tensors,
    trunk_parameters,
    trunk_tensors,
)
from texonnx.subgraphs.trunk import TrunkOptions, TrunkParameters, write_trunk
from texonnx.vgg import layer_names
from texonnx.weights.network import VggWeights

WEIGHTS = small_weights()
LAYERS = tuple(SCALES)


def trunk(parameters: TrunkParameters, layers: tuple[str, ...], dtype: ir.DataType) -> ir.Model:
    tape = Tape("trunk", dtype)
    image = tape.input("image", (1, 3, "height", "width"))
    for name, value in write_trunk(tape, image, parameters, layers, TrunkOptions()).items():
        tape.output(value, name)
    return tape.model()


def features(image: Array, units: dict[str, float] | None) -> dict[str, Array]:
    parameters = parameters_of(WEIGHTS, LAYERS, units)
    return Reference(trunk(parameters, LAYERS, ir.DataType.DOUBLE))({"image": image})


@pytest.mark.parametrize("units", [None, SCALES], ids=["raw", "scaled"])
def test_features_are_those_of_the_canonical_kernels(units: dict[str, float] | None) -> None:
    image = random_image(9, 8).astype(np.float64)
    found = features(image, units)
    expected = reference.features(
        image, WEIGHTS.kernels, WEIGHTS.biases, MEAN, LAYERS, activation_scale=units
    )
    for layer in LAYERS:
        # The tensors are float32, and scaling them rounds: to 6e-8.
        assert relative_l2(found[layer][0], expected[layer]) < 1e-6


def test_the_activation_scale_changes_the_units_and_nothing_else() -> None:
    image = random_image(9, 8).astype(np.float64)
    raw, scaled = features(image, None), features(image, SCALES)
    for layer, scale in SCALES.items():
        assert raw[layer].any()
        assert relative_l2(scaled[layer] * scale, raw[layer]) < 1e-6


def test_red_green_and_blue_reach_the_kernels_made_for_them() -> None:
    """A kernel that looks at red alone, last of the BGR channels, sees the red of the image."""
    kernel = np.zeros((64, 3, 3, 3), np.float32)
    for channel, colour in enumerate((2, 1, 0)):  # red, green, blue in a BGR kernel
        kernel[channel, colour, 1, 1] = 1
    weights = VggWeights(
        arch="vgg16",
        kernels={"conv1_1": kernel},
        biases={"conv1_1": np.zeros(64, np.float32)},
        mean=(51.0, 25.5, 0.0),
        activation_scale={"conv1_1": 2.0},
        source="a test",
        random=True,
    )
    layers = ("conv1_1",)
    image = np.array([0.8, 0.5, 0.1]).reshape(1, 3, 1, 1)
    for unit in (1.0, 2.0):
        parameters = parameters_of(weights, layers, {"conv1_1": unit})
        found = Reference(trunk(parameters, layers, ir.DataType.DOUBLE))({"image": image})
        # 204 - 51, 127.5 - 25.5, 25.5 - 0.
        expected = np.array([153, 102, 25.5]) / unit
        np.testing.assert_allclose(found["conv1_1"][0, :3, 0, 0], expected, rtol=1e-6)


def test_the_tensors_are_named_in_network_order_and_end_with_the_deepest_layer() -> None:
    tensors = trunk_tensors(WEIGHTS, ["conv2_1", "conv1_1"])
    assert list(tensors) == [
        f"{layer}.{kind}"
        for layer in ("conv1_1", "conv1_2", "conv2_1")
        for kind in ("weight", "bias")
    ]
    for name, array in tensors.items():
        assert array.dtype == np.float32, name
        assert array.flags.c_contiguous, name


def test_the_weights_themselves_are_left_alone() -> None:
    fresh = small_weights()
    trunk_tensors(WEIGHTS, [LAST])
    for layer in LAYERS:
        np.testing.assert_array_equal(WEIGHTS.kernels[layer], fresh.kernels[layer])
        np.testing.assert_array_equal(WEIGHTS.biases[layer], fresh.biases[layer])


def test_after_average_pooling_a_layers_unit_is_its_mean_activation() -> None:
    assert layer_units(WEIGHTS, "avg") == SCALES


def test_after_max_pooling_the_units_grow_as_was_measured() -> None:
    # Mean activations of the canonical VGG-16 with max pooling over those with average pooling,
    # after one to four pools, on four textures: 1.4, 2.2, 3.6, 6.1.
    layers = ("conv1_2", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    weights = replace(WEIGHTS, activation_scale=dict.fromkeys(layers, 10.0))
    units = layer_units(weights, "max")
    assert list(units) == list(layers)
    np.testing.assert_allclose(list(units.values()), [10, 14, 22, 36, 61], rtol=0.15)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_tensors_in_a_file_are_those_that_were_stored(tmp_path: Path, dtype: type) -> None:
    tensors = {name: one.astype(dtype) for name, one in trunk_tensors(WEIGHTS, ["conv2_1"]).items()}
    path = tmp_path / "weights.bin"
    store_tensors(path, tensors)
    stored = stored_tensors(path.name, tensors)
    content = path.read_bytes()
    assert list(stored) == list(tensors)
    end = 0
    for name, array in tensors.items():
        tensor = stored[name]
        assert tensor.offset is not None
        assert tensor.length is not None
        assert tensor.offset % 4096 == 0
        assert tensor.offset >= end
        end = tensor.offset + tensor.length
        read = np.frombuffer(content[tensor.offset : end], dtype).reshape(array.shape)
        np.testing.assert_array_equal(read, array)
    assert len(content) == end


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_graph_runs_on_tensors_in_a_file_beside_it(tmp_path: Path, dtype: type) -> None:
    layers = ("conv1_2",)
    whole = trunk_tensors(WEIGHTS, layers, SCALES)
    tensors = {name: one.astype(dtype) for name, one in whole.items()}
    store_tensors(tmp_path / "weights.bin", tensors)
    parameters = trunk_parameters(stored_tensors("weights.bin", tensors), WEIGHTS.mean)
    model = trunk(parameters, layers, ir.DataType.FLOAT)
    path = tmp_path / "trunk.onnx"
    path.write_bytes(ir.to_proto(model).SerializeToString())
    image = random_image(7, 8)
    inside = Runtime(trunk(parameters_of(WEIGHTS, layers), layers, ir.DataType.FLOAT))
    expected = inside({"image": image})["conv1_2"]
    found = Runtime(path)({"image": image})["conv1_2"]
    assert relative_l2(found, expected) < (1e-6 if dtype is np.float32 else 1e-3)


@pytest.mark.weights
def test_the_pretrained_network_has_the_features_of_the_reference(pretrained: VggWeights) -> None:
    layers = layer_names("vgg16")
    parameters = parameters_of(pretrained, layers, pretrained.activation_scale)
    image = random_image(35, 32)
    found = Runtime(trunk(parameters, layers, ir.DataType.FLOAT))({"image": image})
    expected = reference.features(
        image,
        pretrained.kernels,
        pretrained.biases,
        pretrained.mean,
        layers,
        activation_scale=pretrained.activation_scale,
    )
    for layer in layers:
        assert relative_l2(found[layer][0], expected[layer]) < 1e-4, layer
