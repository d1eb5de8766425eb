"""Colours given by one image to another, in a graph, by their definition."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnxruntime as ort

from texonnx.graph.tape import Tape
from texonnx.images import Image
from texonnx.subgraphs.colours import with_colours_of


def coloured(image: Image, model: Image) -> Image:
    tape = Tape("colours")
    values = [
        tape.input(name, [1, 3, f"{name}_height", f"{name}_width"]) for name in ("image", "model")
    ]
    tape.output(with_colours_of(tape, *values), "coloured")
    session = ort.InferenceSession(
        ir.to_proto(tape.model()).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {"image": image, "model": model})[0])


def drawn(seed: int, height: int, width: int) -> Image:
    generator = np.random.default_rng(seed)
    mixed = generator.normal(0, 0.2, (3, 3)) @ generator.normal(size=(3, height * width))
    return (0.5 + mixed).reshape(1, 3, height, width).astype(np.float32)


def test_mean_and_covariance_are_those_of_the_model() -> None:
    image, model = drawn(0, 40, 30), drawn(1, 25, 50)
    found = coloured(image, model).reshape(3, -1)
    wanted = model.reshape(3, -1)
    np.testing.assert_allclose(found.mean(axis=1), wanted.mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(np.cov(found), np.cov(wanted), rtol=5e-3, atol=1e-4)


def test_an_image_keeps_its_own_colours() -> None:
    image = drawn(2, 16, 24)
    np.testing.assert_allclose(coloured(image, image), image, atol=1e-4)


def test_what_is_flat_or_grey_stays_finite() -> None:
    grey = np.repeat(drawn(3, 16, 16)[:, :1], 3, axis=1)
    flat = np.full((1, 3, 8, 8), 0.25, np.float32)
    assert np.isfinite(coloured(grey, drawn(4, 16, 16))).all()
    np.testing.assert_allclose(coloured(flat, flat), flat, atol=1e-6)
    # Grey of a grey model stays grey.
    found = coloured(grey, 0.5 * grey)
    np.testing.assert_allclose(found, found[:, :1].repeat(3, axis=1), atol=2e-3)
