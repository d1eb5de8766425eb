from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.weights_comparison import assert_normalised, assert_same, random_norm

from texonnx.errors import WeightsError
from texonnx.weights.formats import read_network

if TYPE_CHECKING:
    from pathlib import Path

    from ..conftest import Layer


def model_of(
    layers: list[Layer],
    name: str = "vgg0_conv{}_{}",
    norms: list[dict[str, np.ndarray]] | None = None,
    bias_as_add: bool = False,
) -> onnx.ModelProto:
    nodes, constants = [], {}
    value = "image"
    for index, layer in enumerate(layers):
        kernel, bias = name.format(index, "weight"), name.format(index, "bias")
        constants[kernel] = layer.kernel
        if bias_as_add:
            constants[bias] = layer.bias[None, :, None, None]
            nodes.append(helper.make_node("Conv", [value, kernel], [f"c{index}"]))
            nodes.append(helper.make_node("Add", [f"c{index}", bias], [f"a{index}"]))
            value = f"a{index}"
        else:
            constants[bias] = layer.bias
            nodes.append(helper.make_node("Conv", [value, kernel, bias], [f"c{index}"]))
            value = f"c{index}"
        if norms is not None:
            inputs = [f"n{index}_{role}" for role in norms[index]]
            constants |= dict(zip(inputs, norms[index].values(), strict=True))
            nodes.append(
                helper.make_node(
                    "BatchNormalization", [value, *inputs], [f"b{index}"], epsilon=0.01
                )
            )
            value = f"b{index}"
        nodes.append(helper.make_node("Relu", [value], [f"r{index}"]))
        value = f"r{index}"
    graph = helper.make_graph(
        nodes,
        "vgg",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, None)],
        # The order of initializers is no guide: the graph's is.
        [numpy_helper.from_array(array, key) for key, array in reversed(constants.items())],
    )
    return helper.make_model(graph)


def test_model_zoo_networks_are_read_in_graph_order(narrow: list[Layer], tmp_path: Path) -> None:
    onnx.save(model_of(narrow), tmp_path / "vgg16.onnx")
    stored = read_network(tmp_path / "vgg16.onnx")
    assert_same(stored, narrow)
    assert stored.convention == "torch"


def test_a_bias_added_by_its_own_node_is_read(narrow: list[Layer], tmp_path: Path) -> None:
    onnx.save(model_of(narrow, bias_as_add=True), tmp_path / "vgg16.onnx")
    assert_same(read_network(tmp_path / "vgg16.onnx"), narrow)


def test_converted_keras_networks_are_caffe(narrow: list[Layer], tmp_path: Path) -> None:
    onnx.save(model_of(narrow, name="block1_conv1_{}/{}"), tmp_path / "keras.onnx")
    assert read_network(tmp_path / "keras.onnx").convention == "caffe"


def test_batch_norms_are_folded_with_their_epsilon(narrow: list[Layer], tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    norms = [random_norm(len(layer.bias), rng) for layer in narrow]
    onnx.save(model_of(narrow, norms=norms), tmp_path / "vgg16-bn.onnx")
    stored = read_network(tmp_path / "vgg16-bn.onnx")
    for found, layer, norm in zip(stored.convolutions, narrow, norms, strict=True):
        assert_normalised(found, layer, norm, epsilon=0.01)


def test_weights_given_at_run_time_are_refused(narrow: list[Layer], tmp_path: Path) -> None:
    model = model_of(narrow)
    del model.graph.initializer[:]
    onnx.save(model, tmp_path / "vgg16.onnx")
    with pytest.raises(WeightsError, match="'c0' has no constant weights"):
        read_network(tmp_path / "vgg16.onnx")


def test_a_truncated_file_is_an_error_naming_it(narrow: list[Layer], tmp_path: Path) -> None:
    path = tmp_path / "vgg16.onnx"
    onnx.save(model_of(narrow), path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(WeightsError, match=r"vgg16\.onnx' is damaged"):
        read_network(path)
