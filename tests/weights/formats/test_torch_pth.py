from __future__ import annotations

import pickle
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.torch_files import write_legacy, write_zip
from support.weights_comparison import Payload, assert_normalised, assert_same, random_norm

from texonnx.errors import WeightsError
from texonnx.weights.formats import read_network
from texonnx.weights.formats.torch_pth import Storage, Tensor

if TYPE_CHECKING:
    from pathlib import Path

    from ..conftest import Layer

WRITERS = pytest.mark.parametrize("write", [write_zip, write_legacy])


def torchvision_state(layers: list[Layer]) -> dict[str, np.ndarray]:
    state = {}
    index = 0
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        state[f"features.{index}.weight"] = layer.kernel
        state[f"features.{index}.bias"] = layer.bias
        last_of_block = following is None or following.name[4] != layer.name[4]
        index += 3 if last_of_block else 2
    state["classifier.0.weight"] = np.ones((7, 5), dtype=np.float32)
    state["classifier.0.bias"] = np.ones(7, dtype=np.float32)
    return state


@WRITERS
def test_torchvision_state_is_read(write: Any, narrow: list[Layer], tmp_path: Path) -> None:
    write(tmp_path / "vgg.pth", torchvision_state(narrow))
    stored = read_network(tmp_path / "vgg.pth")
    assert_same(stored, narrow)
    assert stored.convention == "torch"


@WRITERS
def test_kernels_in_channels_last_memory_are_read(
    write: Any, narrow: list[Layer], tmp_path: Path
) -> None:
    state = torchvision_state(narrow)
    for name, array in state.items():
        if array.ndim == 4:
            last = np.ascontiguousarray(array.transpose(0, 2, 3, 1))
            state[name] = last.transpose(0, 3, 1, 2)
    write(tmp_path / "vgg.pth", state)
    assert_same(read_network(tmp_path / "vgg.pth"), narrow)


def test_half_precision_is_widened(narrow: list[Layer], tmp_path: Path) -> None:
    state = {name: array.astype("f2") for name, array in torchvision_state(narrow).items()}
    write_zip(tmp_path / "vgg.pth", state)
    assert_same(read_network(tmp_path / "vgg.pth"), narrow, tolerance=2e-3)


def test_state_inside_a_training_checkpoint_is_read(narrow: list[Layer], tmp_path: Path) -> None:
    state = {f"module.{name}": array for name, array in torchvision_state(narrow).items()}
    write_zip(tmp_path / "vgg.pth", {**state, "epoch": 3})
    assert_same(read_network(tmp_path / "vgg.pth"), narrow)


def test_caffe_names_mean_the_caffe_convention(narrow: list[Layer], tmp_path: Path) -> None:
    state = {}
    for layer in narrow:
        state[f"{layer.name}.weight"] = layer.kernel
        state[f"{layer.name}.bias"] = layer.bias
    write_zip(tmp_path / "vgg_conv.pth", state)
    stored = read_network(tmp_path / "vgg_conv.pth")
    assert_same(stored, narrow)
    assert stored.convention == "caffe"


@WRITERS
def test_batch_norms_are_folded(write: Any, narrow: list[Layer], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    norms = [random_norm(len(layer.bias), rng) for layer in narrow]
    state = {}
    for place, (layer, norm) in enumerate(zip(narrow, norms, strict=True)):
        state[f"features.{3 * place}.weight"] = layer.kernel
        state[f"features.{3 * place}.bias"] = layer.bias
        after = f"features.{3 * place + 1}"
        state[f"{after}.weight"] = norm["gamma"]
        state[f"{after}.bias"] = norm["beta"]
        state[f"{after}.running_mean"] = norm["mean"]
        state[f"{after}.running_var"] = norm["variance"]
        state[f"{after}.num_batches_tracked"] = np.array(3, dtype=np.int64)
    write(tmp_path / "vgg_bn.pth", state)
    stored = read_network(tmp_path / "vgg_bn.pth")
    for found, layer, norm in zip(stored.convolutions, narrow, norms, strict=True):
        assert_normalised(found, layer, norm)


@WRITERS
def test_a_pickle_that_runs_code_is_refused(
    write: Any, narrow: list[Layer], tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    write(tmp_path / "evil.pth", {**torchvision_state(narrow), "x": Payload(touched)})
    with pytest.raises(WeightsError, match=r"asks for '(posix|nt)\.mkdir'"):
        read_network(tmp_path / "evil.pth")
    assert not touched.exists()


def test_code_before_the_legacy_magic_is_refused(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Payload(touched), protocol=2))
    with pytest.raises(WeightsError, match="mkdir"):
        read_network(tmp_path / "evil.pth")
    assert not touched.exists()


def test_a_whole_module_is_refused_by_its_class(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "module.pth", "w") as archive:
        archive.writestr("m/data.pkl", b"\x80\x02ctorchvision.models.vgg\nVGG\n)\x81.")
    with pytest.raises(WeightsError, match=r"torchvision\.models\.vgg\.VGG"):
        read_network(tmp_path / "module.pth")


def test_a_tensor_reaching_outside_its_storage_is_refused(
    narrow: list[Layer], tmp_path: Path
) -> None:
    path = tmp_path / "vgg.pth"
    write_zip(path, torchvision_state(narrow))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    # A short storage of the first tensor: its member no longer has the pickled size.
    members["archive/data/0"] = members["archive/data/0"][:-4]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(WeightsError, match="size"):
        read_network(path)


@WRITERS
def test_a_truncated_file_is_an_error_naming_it(
    write: Any, narrow: list[Layer], tmp_path: Path
) -> None:
    path = tmp_path / "vgg.pth"
    write(path, torchvision_state(narrow))
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(WeightsError, match=r"vgg\.pth"):
        read_network(path)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(1, (4,), (1,)), (0, (2, 2), (3, 1)), (0, (2,), (-1,)), (-1, (2,), (1,)), (0, (-1,), (1,))],
)
def test_a_view_outside_its_storage_is_refused(
    offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    tensor = Tensor(Storage("FloatStorage", "0", 4), offset, shape, strides)
    with pytest.raises(WeightsError, match="outside"):
        tensor.read(bytes(16))


def test_big_endian_storages_are_read() -> None:
    tensor = Tensor(Storage("FloatStorage", "0", 2), 0, (2,), (1,))
    np.testing.assert_array_equal(tensor.read(np.array([1, 2], ">f4").tobytes(), ">"), [1, 2])


def test_bfloat16_is_the_upper_half_of_float32() -> None:
    tensor = Tensor(Storage("BFloat16Storage", "0", 2), 0, (2,), (1,))
    upper_halves = np.array([1.5, -2.0], "<f4").view("<u2")[1::2]
    np.testing.assert_array_equal(tensor.read(upper_halves.tobytes()), [1.5, -2.0])
