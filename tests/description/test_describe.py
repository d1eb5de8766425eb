"""What a folder is, and what a step costs, held against the tables of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.drawn_objective import drawn, specification
from support.tampering import copied

import texonnx
from texonnx.description.cost import Cost
from texonnx.errors import ArtifactError, OptionError
from texonnx.exported.writing import export_folder
from texonnx.run.recipe import recipe_of
from texonnx.sizes import Size

LAYERS = {"conv1_1": (3, 64, 1), "conv1_2": (64, 64, 1), "conv2_1": (64, 128, 2)}
"""Channels in and out, and what the image's sides are divided by (Simonyan and Zisserman)."""


def exported(folder: Path, size: tuple[int, int] | None = None, **words: Any) -> Path:
    # With zeros a gradient has as many products as its convolution, and none for a border.
    chosen = specification(**{"padding": "zeros", **words})
    recipe = recipe_of(chosen, size)
    export_folder(folder, chosen, drawn(), size=size, recipe=recipe)
    return folder


@pytest.fixture(scope="module")
def gram(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("models") / "gram")


def cost(folder: Path, height: int, width: int) -> Cost:
    return texonnx.describe(folder, size=(height, width)).cost


def convolutions(height: int, width: int) -> int:
    """A 3x3 convolution takes 9 multiplications and additions a pair of channels and position.

    Its image gradient is another one, channels in and out exchanged.
    """
    positions = {factor: (height // factor) * (width // factor) for factor in (1, 2)}
    return sum(
        2 * (2 * 9 * before * after * positions[factor])
        for before, after, factor in LAYERS.values()
    )


def products(height: int, width: int) -> int:
    """F F^T is N N M multiplications and additions; its gradient, of F, is as many."""
    counted = [LAYERS["conv1_1"], LAYERS["conv2_1"]]
    return sum(
        2 * (2 * channels**2 * (height // factor) * (width // factor))
        for _, channels, factor in counted
    )


@pytest.mark.parametrize("size", [(64, 64), (48, 80), (33, 47)])
def test_the_arithmetic_is_that_of_the_tables(size: tuple[int, int], gram: Path) -> None:
    counted = cost(gram, *size)
    assert counted.convolution_flops == convolutions(*size)
    assert counted.product_flops == products(*size)
    assert counted.flops == counted.convolution_flops + counted.product_flops


def test_sorting_has_no_products(tmp_path: Path) -> None:
    counted = cost(exported(tmp_path / "emd", loss="emd"), 32, 32)
    assert counted.product_flops == 0
    assert counted.convolution_flops == convolutions(32, 32)


def test_a_fixed_size_costs_what_the_same_symbolic_size_does(gram: Path, tmp_path: Path) -> None:
    folder = exported(tmp_path / "fixed", size=Size(48, 80))
    description = texonnx.describe(folder)
    assert description.size == (48, 80)
    assert description.cost.flops == cost(gram, 48, 80).flops
    with pytest.raises(OptionError, match="for 80x48 alone, not for 64x64"):
        texonnx.describe(folder, size=(64, 64))


def test_memory_holds_at_least_what_the_gradient_needs(gram: Path) -> None:
    # Every feature map after its ReLU is needed again for its mask.
    least = 4 * sum(after * (64 // factor) * (64 // factor) for _, after, factor in LAYERS.values())
    counted = cost(gram, 64, 64)
    assert least < counted.activations_bytes < 4 * least


def test_memory_grows_with_the_pixels_and_weights_do_not(gram: Path) -> None:
    small, large = cost(gram, 64, 64), cost(gram, 128, 128)
    assert large.activations_bytes == pytest.approx(4 * small.activations_bytes, rel=0.1)
    assert large.weights_bytes == small.weights_bytes


def test_weights_are_there_as_kernels_and_turned_for_the_gradient(gram: Path) -> None:
    kernels = sum(4 * 9 * before * after for before, after, _ in LAYERS.values())
    assert 2 * kernels < cost(gram, 32, 32).weights_bytes < 2.2 * kernels


@pytest.mark.parametrize(
    "words",
    [
        {"loss": "swd"},
        {"loss": "gan", "disc_widths": (4,)},
        {"loss": "mean+cov", "pool": "max", "padding": "circular"},
        {"content_layers": "conv2_1", "tv": 0.1, "padding": "reflect"},
    ],
)
def test_every_objective_has_a_cost(words: dict[str, Any], tmp_path: Path) -> None:
    counted = cost(exported(tmp_path / "folder", **words), 48, 36)
    assert counted.convolution_flops >= convolutions(48, 36)
    assert counted.activations_bytes > 0


def test_what_the_manifest_says_is_told(gram: Path) -> None:
    described = texonnx.describe(gram)
    assert described.network["architecture"] == "vgg16"
    assert described.layers == {"conv1_1": 1.0, "conv2_1": 0.5}
    assert described.losses == {"gram": 1.0}
    assert described.content == {}
    assert described.size is None
    assert described.minimum_size == 2
    assert described.recipe is not None
    assert described.recipe["optimizer"] == "lbfgs"
    assert described.cost.size == (256, 256)
    assert described.files["weights.bin"] == (gram / "weights.bin").stat().st_size
    assert set(described.graphs["targets"].outputs) == {
        "target.gram.conv1_1", "target.gram.conv2_1"
    }  # fmt: skip


def test_an_altered_folder_is_not_described(gram: Path, tmp_path: Path) -> None:
    folder = copied(gram, tmp_path / "folder")
    (folder / "objective.onnx").write_bytes(b"")
    with pytest.raises(ArtifactError, match="cut short: 0 bytes"):
        texonnx.describe(folder)


def test_a_size_that_will_not_do_is_refused(gram: Path) -> None:
    with pytest.raises(OptionError, match="at least 2x2"):
        texonnx.describe(gram, size=(1, 1))
