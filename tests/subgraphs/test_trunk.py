"""The trunk against an independent NumPy network, in float64 and in ONNX Runtime's float32."""

from __future__ import annotations

from itertools import product

import numpy as np
import onnx_ir as ir
import pytest
from support import reference
from support.evaluation import Reference, Runtime, relative_l2
from support.small_network import LAST, MEAN, random_image, small_weights

from texonnx.graph.tape import Tape
from texonnx.options import PADDINGS, POOLINGS
from texonnx.subgraphs.trunk import TrunkOptions, TrunkParameters, layers_needed, write_trunk
from texonnx.vgg import layer_names

LAYERS = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")
# Even and odd; mirroring needs two pixels of conv3_1's features, a quarter of the image's.
SIZES = [(8, 13), (15, 9)]
WEIGHTS = small_weights()
WALKS = list(product(POOLINGS, PADDINGS))


def parameters(dtype: type = np.float64) -> TrunkParameters:
    """Take the canonical convention (BGR, 0..255) to the trunk's (RGB, 0..1)."""
    kernels = {name: kernel.astype(np.float64) for name, kernel in WEIGHTS.kernels.items()}
    kernels["conv1_1"] = 255 * kernels["conv1_1"][:, [2, 1, 0]]
    return TrunkParameters(
        {name: ir.tensor(kernel.astype(dtype), name=name) for name, kernel in kernels.items()},
        {name: ir.tensor(bias.astype(dtype), name=name) for name, bias in WEIGHTS.biases.items()},
        np.array(MEAN, np.float32).reshape(1, 3, 1, 1) / 255,
    )


def trunk(
    options: TrunkOptions,
    layers: tuple[str, ...] = LAYERS,
    size: tuple[int | str, int | str] = ("height", "width"),
    tape_type: ir.DataType = ir.DataType.DOUBLE,
    stored: type = np.float64,
) -> ir.Model:
    tape = Tape("trunk", tape_type)
    image = tape.input("image", (1, 3, *size))
    features = write_trunk(tape, image, parameters(stored), layers, options)
    for name, value in features.items():
        tape.output(value, name)
    return tape.model()


def expected(image: np.ndarray, layers: tuple[str, ...], pool: str, padding: str) -> dict:
    return reference.features(
        image, WEIGHTS.kernels, WEIGHTS.biases, MEAN, layers, pool=pool, padding=padding
    )


@pytest.mark.parametrize(("pool", "padding"), WALKS)
def test_features_in_double_precision_are_those_of_the_reference(pool: str, padding: str) -> None:
    model = Reference(trunk(TrunkOptions(pooling=pool, padding=padding)))
    for size in SIZES:
        image = random_image(*size).astype(np.float64)
        found = model({"image": image})
        for name, features in expected(image, LAYERS, pool, padding).items():
            np.testing.assert_allclose(found[name][0], features, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(("pool", "padding"), WALKS)
def test_features_in_onnx_runtime_are_those_of_the_reference(
    pool: str, padding: str, known: bool
) -> None:
    options = TrunkOptions(pooling=pool, padding=padding)
    for size in SIZES:
        extents: tuple[int | str, int | str] = size if known else ("height", "width")
        model = trunk(options, LAYERS, extents, ir.DataType.FLOAT, np.float32)
        image = random_image(*size)
        found = Runtime(model)({"image": image})
        for name, features in expected(image, LAYERS, pool, padding).items():
            assert relative_l2(found[name][0], features) < 1e-5


def test_weights_stored_in_16_bits_are_computed_with_in_32() -> None:
    model = trunk(TrunkOptions(), ("conv2_1",), tape_type=ir.DataType.FLOAT, stored=np.float16)
    image = random_image(8, 8)
    found = Runtime(model)({"image": image})["conv2_1"]
    assert found.dtype == np.float32
    # Rounded to 11 bits, each of some hundred products is off by 2^-12 of itself at random.
    assert relative_l2(found[0], expected(image, ("conv2_1",), "avg", "zeros")["conv2_1"]) < 1e-3


def test_with_circular_padding_a_shifted_image_has_shifted_features() -> None:
    model = Reference(trunk(TrunkOptions(padding="circular"), ("conv1_2",)))
    image = random_image(6, 7).astype(np.float64)
    shifted = np.roll(image, (2, 3), (2, 3))
    found, moved = (model({"image": each})["conv1_2"] for each in (image, shifted))
    np.testing.assert_allclose(np.roll(found, (2, 3), (2, 3)), moved, rtol=1e-12, atol=1e-14)


def test_the_trunk_ends_at_the_deepest_layer_asked_for() -> None:
    assert [layer.name for layer in layers_needed("vgg16", ["conv2_1", "conv1_1"])] == [
        "conv1_1",
        "conv1_2",
        "conv2_1",
    ]
    assert len(layers_needed("vgg19", layer_names("vgg19"))) == 16


def test_features_of_the_layers_asked_for_alone_are_returned() -> None:
    tape = Tape("trunk")
    image = tape.input("image", (1, 3, 8, 8))
    layers = ("conv2_2", LAST, "conv1_1")
    found = write_trunk(tape, image, parameters(np.float32), layers, TrunkOptions())
    assert set(found) == set(layers)
