"""Damaged images, weights and folders: read as what they are, or refused in one sentence."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from support.drawn_objective import drawn, specification
from support.mutation import Mutation, mutations, thorough

from texonnx.errors import ArtifactError, ImageError, WeightsError
from texonnx.exported.manifest import read_manifest
from texonnx.exported.writing import export_folder
from texonnx.images import load_image, read_metadata
from texonnx.vgg import conv_layers
from texonnx.weights.formats import read_network

RNG = np.random.default_rng(0)
PIXELS = (RNG.random((12, 17, 3)) * 255).astype(np.uint8)


def encoded(**options: Any) -> bytes:
    mode = options.pop("mode", "RGB")
    file = io.BytesIO()
    PIL.Image.fromarray(PIXELS).convert(mode).save(file, **options)
    return file.getvalue()


def tiff(values: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


DEEP = (RNG.random((12, 17, 3)) * 65535).astype(np.uint16)
PICTURES = {
    "png": encoded(format="PNG"),
    "png, palette": encoded(format="PNG", mode="P"),
    "png, alpha": encoded(format="PNG", mode="RGBA"),
    "png, grey": encoded(format="PNG", mode="L"),
    "jpeg": encoded(format="JPEG"),
    "jpeg, cmyk": encoded(format="JPEG", mode="CMYK"),
    "jpeg, progressive": encoded(format="JPEG", progressive=True),
    "webp": encoded(format="WEBP"),
    "gif": encoded(format="GIF"),
    "bmp": encoded(format="BMP"),
    "ppm": encoded(format="PPM"),
    "tiff": encoded(format="TIFF"),
    "tiff, lzw": encoded(format="TIFF", compression="tiff_lzw"),
    "tiff, 16 bits": tiff(DEEP, photometric="rgb"),
    "tiff, planes": tiff(DEEP.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
    "tiff, float": tiff(RNG.random((12, 17)).astype(np.float32)),
}


@thorough(1000)
@given(st.sampled_from(sorted(PICTURES)), mutations())
def test_a_damaged_picture_is_read_or_refused(kind: str, mutation: Mutation) -> None:
    path = _place() / "picture"
    path.write_bytes(mutation(PICTURES[kind]))
    try:
        image = load_image(path)
    except ImageError as error:
        assert "\n" not in str(error)
    else:
        assert image.ndim == 4 and image.dtype == np.float32
        assert np.isfinite(image).all()
    try:
        read_metadata(path)
    except ImageError as error:
        assert "\n" not in str(error)


def _place() -> Path:
    """Return the folder of this process, made by the fixture."""
    return _PLACES[0]


_PLACES: list[Path] = []


@pytest.fixture(autouse=True, scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> None:
    _PLACES[:] = [tmp_path_factory.mktemp("damaged")]


# Weights


def narrow() -> dict[str, np.ndarray]:
    tensors = {}
    for layer in conv_layers("vgg16"):
        channels = 3 if layer.name == "conv1_1" else layer.in_channels // 64
        shape = (layer.out_channels // 64, channels, 3, 3)
        tensors[f"{layer.name}.weight"] = RNG.standard_normal(shape).astype(np.float32)
        tensors[f"{layer.name}.bias"] = RNG.standard_normal(shape[0]).astype(np.float32)
    return tensors


def as_npz(path: Path) -> None:
    np.savez(path, **narrow())  # type: ignore[arg-type]


def as_safetensors(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file(narrow(), path)


def as_h5(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for name, value in narrow().items():
            file[name.replace(".", "/")] = value


def as_mat(path: Path) -> None:
    from scipy.io import savemat

    layers = np.empty((1, 13), object)
    tensors = narrow()
    for place, layer in enumerate(conv_layers("vgg16")):
        kernel, bias = (tensors[f"{layer.name}.{kind}"] for kind in ("weight", "bias"))
        weights = np.empty((1, 2), object)
        weights[0, 0], weights[0, 1] = kernel.transpose(2, 3, 1, 0), bias
        layers[0, place] = {"type": "conv", "name": layer.name, "weights": weights}
    savemat(path, {"layers": layers})


WRITERS: dict[str, Callable[[Path], None]] = {
    "net.npz": as_npz, "net.safetensors": as_safetensors, "net.h5": as_h5, "net.mat": as_mat,
}  # fmt: skip


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("networks")
    for name, write in WRITERS.items():
        write(folder / name)
    return {name: (folder / name).read_bytes() for name in WRITERS}


@thorough(300)
@given(st.data())
def test_damaged_weights_are_read_or_refused(
    networks: dict[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(WRITERS)))
    path = _place() / name
    path.write_bytes(data.draw(mutations())(networks[name]))
    try:
        read_network(path)
    except WeightsError as error:
        assert "\n" not in str(error)
        assert name in str(error)


# Folders


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    export_folder(folder, specification(loss="gram,emd"), drawn())
    return folder


def refused_or_whole(folder: Path) -> None:
    try:
        read_manifest(folder)
    except ArtifactError as error:
        assert "\n" not in str(error)


@thorough(120)
@given(st.data())
def test_a_damaged_folder_is_refused(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(path.name for path in folder.iterdir())))
    mutation = data.draw(mutations())
    copy = _place() / "folder"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    before = (copy / name).read_bytes()
    (copy / name).write_bytes(mutation(before))
    if mutation(before) != before and name != "manifest.json":
        with pytest.raises(ArtifactError):
            read_manifest(copy)
    refused_or_whole(copy)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.just([]), st.just({}),
)  # fmt: skip


@thorough(80)
@given(st.data())
def test_a_manifest_with_other_entries_is_refused_or_holds(
    folder: Path, data: st.DataObject
) -> None:
    copy = _place() / "manifest"
    if not copy.exists():
        shutil.copytree(folder, copy)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    entry = manifest
    for _ in range(data.draw(st.integers(0, 4))):
        if isinstance(entry, dict) and entry:
            inner = entry[data.draw(st.sampled_from(sorted(entry)))]
        elif isinstance(entry, list) and entry:
            inner = entry[data.draw(st.integers(0, len(entry) - 1))]
        else:
            break
        if not isinstance(inner, (dict, list)):
            break
        entry = inner
    if isinstance(entry, dict) and entry:
        key: Any = data.draw(st.sampled_from(sorted(entry)))
    elif isinstance(entry, list) and entry:
        key = data.draw(st.integers(0, len(entry) - 1))
    else:
        return
    entry[key] = data.draw(VALUES)
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    refused_or_whole(copy)
