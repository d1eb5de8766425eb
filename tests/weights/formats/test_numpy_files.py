from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.weights_comparison import Payload, assert_normalised, assert_same, hwio, random_norm

from texonnx.errors import WeightsError
from texonnx.weights.formats import read_network

if TYPE_CHECKING:
    from pathlib import Path

    from ..conftest import Layer


def save_npy(path: Path, content: Any) -> None:
    np.save(path, np.array(content, dtype=object), allow_pickle=True)


@pytest.mark.parametrize("layout", [hwio, np.asarray])
def test_lists_of_kernel_and_bias_are_read(
    layout: Any, narrow: list[Layer], tmp_path: Path
) -> None:
    content = {layer.name: [layout(layer.kernel), layer.bias] for layer in narrow}
    content["fc6"] = [np.ones((5, 7), np.float32), np.ones(7, np.float32)]
    save_npy(tmp_path / "vgg16.npy", content)
    stored = read_network(tmp_path / "vgg16.npy")
    assert_same(stored, narrow)
    assert stored.convention == "caffe"


def test_dictionaries_of_weights_and_biases_are_read(narrow: list[Layer], tmp_path: Path) -> None:
    content = {x.name: {"weights": hwio(x.kernel), "biases": x.bias} for x in narrow}
    save_npy(tmp_path / "vgg16.npy", content)
    assert_same(read_network(tmp_path / "vgg16.npy"), narrow)


def test_old_caffe_biases_with_unit_axes_are_read(narrow: list[Layer], tmp_path: Path) -> None:
    content = {x.name: [x.kernel, x.bias[None, None, None]] for x in narrow}
    save_npy(tmp_path / "vgg16.npy", content)
    assert_same(read_network(tmp_path / "vgg16.npy"), narrow)


def test_lists_with_batch_norm_are_folded_and_torch(narrow: list[Layer], tmp_path: Path) -> None:
    """As in files converted from the ONNX model zoo's vgg16-bn."""
    rng = np.random.default_rng(2)
    norms = [random_norm(len(layer.bias), rng) for layer in narrow]
    content = {
        layer.name: [layer.kernel, layer.bias, *norm.values()]
        for layer, norm in zip(narrow, norms, strict=True)
    }
    save_npy(tmp_path / "vgg16_onnx.npy", content)
    stored = read_network(tmp_path / "vgg16_onnx.npy")
    assert stored.convention == "torch"
    for found, layer, norm in zip(stored.convolutions, narrow, norms, strict=True):
        assert_normalised(found, layer, norm)


def test_files_of_python_2_are_read(narrow: list[Layer], tmp_path: Path) -> None:
    """Python 2 pickles raw bytes as strings (opcode U or T) and names numpy.core and align 0."""
    kernels = [hwio(layer.kernel) for layer in narrow]

    def array(values: np.ndarray) -> bytes:
        shape = pickle.dumps(values.shape, protocol=2)[2:-1]
        raw = values.tobytes()
        return (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
            b"(K\x01"
            + shape
            + b"cnumpy\ndtype\n(U\x02f4K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xff"
            b"J\xff\xff\xff\xffK\x00tb\x89T" + len(raw).to_bytes(4, "little") + raw + b"tb"
        )

    body = b"}("
    for layer, kernel in zip(narrow, kernels, strict=True):
        name = layer.name.encode()
        body += b"U" + bytes([len(name)]) + name + b"](" + array(kernel) + array(layer.bias) + b"e"
    body += b"u"
    whole = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
        b"(K\x01)cnumpy\ndtype\n(U\x02O8K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK?tb\x89](" + body + b"etb."
    )
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    (tmp_path / "vgg16.npy").write_bytes(header.getvalue() + whole)
    assert_same(read_network(tmp_path / "vgg16.npy"), narrow)


def test_a_pickle_that_runs_code_is_refused(narrow: list[Layer], tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    content = {layer.name: [layer.kernel, layer.bias] for layer in narrow}
    save_npy(tmp_path / "evil.npy", {**content, "conv9_9": [Payload(touched)]})
    with pytest.raises(WeightsError, match=r"asks for '(posix|nt)\.mkdir'"):
        read_network(tmp_path / "evil.npy")
    assert not touched.exists()


def test_a_plain_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", np.zeros((4, 4)))
    with pytest.raises(WeightsError, match="one float64 array"):
        read_network(tmp_path / "image.npy")


@pytest.mark.parametrize(
    ("kernel", "bias"),
    [("{}_W", "{}_b"), ("{}.weight", "{}.bias"), ("{}/kernel", "{}/bias"), ("{}_w", "{}_biases")],
)
def test_npz_spellings_are_read(
    kernel: str, bias: str, narrow: list[Layer], tmp_path: Path
) -> None:
    arrays = {kernel.format(x.name): hwio(x.kernel) for x in narrow}
    arrays |= {bias.format(x.name): x.bias for x in narrow}
    np.savez(tmp_path / "vgg16.npz", fc6_W=np.ones((3, 4)), fc6_b=np.ones(4), **arrays)
    stored = read_network(tmp_path / "vgg16.npz")
    assert_same(stored, narrow)
    assert stored.convention == "caffe"


def test_npz_arrays_without_names_are_read_in_order(narrow: list[Layer], tmp_path: Path) -> None:
    np.savez(tmp_path / "vgg16.npz", *[a for x in narrow for a in (x.kernel, x.bias)])
    assert_same(read_network(tmp_path / "vgg16.npz"), narrow)


def test_npz_with_objects_is_refused(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    np.savez(tmp_path / "evil.npz", conv1_1_W=np.array([Payload(touched)], dtype=object))
    with pytest.raises(WeightsError, match=r"evil\.npz"):
        read_network(tmp_path / "evil.npz")
    assert not touched.exists()


def test_a_missing_bias_is_named(narrow: list[Layer], tmp_path: Path) -> None:
    np.savez(tmp_path / "vgg16.npz", conv1_1_W=narrow[0].kernel)
    with pytest.raises(WeightsError, match="'conv1_1_W' has no bias"):
        read_network(tmp_path / "vgg16.npz")


def test_quantised_weights_are_refused(narrow: list[Layer], tmp_path: Path) -> None:
    np.savez(tmp_path / "vgg16.npz", conv1_1_W=narrow[0].kernel.astype("u1"))
    with pytest.raises(WeightsError, match="uint8"):
        read_network(tmp_path / "vgg16.npz")
