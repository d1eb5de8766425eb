"""What a host does around the optimisation: the graphs against NumPy, SciPy and Pillow."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnxruntime as ort
import pytest
from numpy.typing import ArrayLike, NDArray

from texonnx.images import Image, resize
from texonnx.losses.gan import draw_parameters
from texonnx.noise import standard_normal
from texonnx.objective.host_graphs import (
    directions_model,
    discriminators_model,
    finer_image_model,
    first_image_model,
    resize_model,
)
from texonnx.objective.specification import specify
from texonnx.optim.initial import initial_image, with_detail
from texonnx.options import ObjectiveOptions
from texonnx.sizes import Size

RNG = np.random.default_rng(0)
EXEMPLAR = resize(RNG.random((1, 3, 20, 26), dtype=np.float32), 60, 78)


def run(model: ir.Model, **feeds: ArrayLike) -> dict[str, NDArray[np.float32]]:
    """Run a model in float32; whole numbers are int64."""
    session = ort.InferenceSession(
        ir.to_proto(model).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = {
        name: value if isinstance(value, np.ndarray) else np.array(value, np.int64)
        for name, value in feeds.items()
    }
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, given), strict=True))


@pytest.mark.parametrize(
    "size", [(30, 39), (60, 78), (61, 77), (7, 200), (180, 5), (1, 1), (240, 312)], ids=str
)
def test_resize_is_pillows_lanczos(size: Size) -> None:
    found = run(resize_model(), image=EXEMPLAR, size=size)["resized"]
    np.testing.assert_allclose(found, resize(EXEMPLAR, *size), atol=2e-6)


def test_resize_clips_what_the_filter_overshoots() -> None:
    edge = np.zeros((1, 3, 8, 8), np.float32)
    edge[..., 4:] = 1
    found = run(resize_model(), image=edge, size=(8, 64))["resized"]
    assert (found.min(), found.max()) == (0, 1)


SIZES = [(60, 78), (64, 64), (31, 200), (200, 33), (121, 157)]


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_first_image_is_the_one_that_a_run_starts_from(size: Size, seed: int) -> None:
    found = run(first_image_model(), exemplar=EXEMPLAR, output_size=size, seed=[seed])
    expected = initial_image("spectrum", EXEMPLAR, size, seed)
    np.testing.assert_allclose(found["first_image"], expected, atol=2e-5)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_finer_scale_starts_where_a_run_does(size: Size) -> None:
    coarser = (size[0] // 2, size[1] // 2)
    # Results may leave [0, 1]; what is enlarged does not.
    image: Image = 2 * RNG.random((1, 3, *coarser), dtype=np.float32) - np.float32(0.5)
    found = run(
        finer_image_model(specify(ObjectiveOptions(detail="spectrum"))),
        image=image,
        exemplar=EXEMPLAR,
        coarser_exemplar_size=(30, 39),
        output_size=size,
        seed=[3],
    )
    expected = with_detail(resize(image.clip(0, 1), *size), EXEMPLAR, (30, 39), 3)
    np.testing.assert_allclose(found["finer_image"], expected, atol=2e-5)


def test_directions_are_unit_vectors_drawn_as_a_run_draws_them() -> None:
    specification = specify(ObjectiveOptions(loss="swd+gram", layers="conv2_1,conv1_1"))
    found = run(directions_model(specification), seed=[7], draw=[2])
    assert list(found) == ["directions.swd.conv1_1", "directions.swd.conv2_1"]
    for place, value in enumerate(found.values()):
        drawn = standard_normal(value.shape, 7, 2 * 64 + place)
        expected = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        np.testing.assert_allclose(value, expected, atol=1e-6)


@pytest.mark.parametrize("widths", [(), (32,), (8, 4)], ids=str)
def test_discriminators_begin_as_in_a_run(widths: tuple[int, ...]) -> None:
    specification = specify(
        ObjectiveOptions(loss="gan", layers="conv1_2,conv3_1", disc_widths=widths)
    )
    found = run(discriminators_model(specification), seed=[7])
    assert len(found) == 4 * (len(widths) + 1)
    expected = draw_parameters({name: value.shape for name, value in found.items()}, 7, 0)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], atol=1e-6)


def by_patches(image: Image, exemplar: Image, coarser: Size, size: Size, padding: str) -> Image:
    options = ObjectiveOptions(detail="patches", padding=padding)
    model = finer_image_model(specify(options))
    assert "seed" not in [value.name for value in model.graph.inputs]
    return run(
        model, image=image, exemplar=exemplar, coarser_exemplar_size=coarser, output_size=size
    )["finer_image"]


@pytest.mark.parametrize("padding", ["zeros", "circular"])
@pytest.mark.parametrize("size", [(60, 78), (61, 79), (30, 40), (200, 33), (3, 2)], ids=str)
def test_a_finer_scale_of_patches_has_the_exemplars_colours_and_contrast(
    size: Size, padding: str
) -> None:
    coarser = Size(*(max(1, side // 2) for side in size))
    image: Image = 1.2 * RNG.random((1, 3, *coarser), dtype=np.float32) - np.float32(0.1)
    found = by_patches(image, EXEMPLAR, (30, 39), size, padding)
    assert found.shape == (1, 3, *size)
    assert np.isfinite(found).all()
    if min(size) >= 30:
        means, wanted = (one.mean(axis=(2, 3)) for one in (found, EXEMPLAR))
        np.testing.assert_allclose(means, wanted, atol=0.01)
        deviations, wanted = (one.std(axis=(2, 3)) for one in (found, EXEMPLAR))
        np.testing.assert_allclose(deviations, wanted, rtol=0.15)


def test_what_is_coarse_of_the_exemplar_becomes_the_exemplar_again() -> None:
    rough = np.random.default_rng(3).random((1, 3, 60, 78), dtype=np.float32)
    found = by_patches(resize(rough, 30, 39), rough, Size(30, 39), Size(60, 78), "zeros")
    inner = np.s_[..., 12:-12, 12:-12]
    assert np.abs(found[inner] - rough[inner]).mean() < 0.15 * rough.std()
    enlarged = resize(resize(rough, 30, 39), 60, 78)
    assert np.abs(enlarged[inner] - rough[inner]).mean() > 0.5 * rough.std()


def test_a_flat_exemplar_gives_a_flat_image() -> None:
    flat = np.full((1, 3, 32, 32), 0.3, np.float32)
    found = by_patches(
        RNG.random((1, 3, 16, 16), dtype=np.float32), flat, (16, 16), (32, 32), "zeros"
    )
    np.testing.assert_allclose(found, 0.3, atol=1e-3)
