"""Whole objectives: their signature, their gradient by finite differences and by onnx-ad."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import onnx
import onnx_ad
import onnx_ir as ir
import pytest
from onnx.reference import ReferenceEvaluator
from support.evaluation import Array, Reference, relative_l2, slope
from support.small_network import random_image
from support.small_objective import SmallObjective

from texonnx.graph.tape import Tape
from texonnx.losses import loss_names
from texonnx.objective.forward import image_shape, objective_model, write_objective
from texonnx.options import GRAM_NORMS, PADDINGS, POOLINGS, ObjectiveOptions

SIZE = (12, 14)
PLAIN = ObjectiveOptions(layers="conv1_1,conv2_1", layer_weights="0.5,2")
OPTIONS = [
    *(
        replace(PLAIN, loss=loss, pool=pool, padding=padding)
        for loss, pool, padding in product(loss_names(), POOLINGS, PADDINGS)
    ),
    *(replace(PLAIN, gram_norm=norm) for norm in GRAM_NORMS),
    replace(PLAIN, loss="gan", disc_widths=(5,)),
    replace(PLAIN, loss="gan,swd:0.5", disc_widths=(6, 4)),
    replace(PLAIN, loss="gram,tv:3"),
    *(
        replace(PLAIN, content_layers="conv3_1,conv1_2", tv=2.0, pool=pool, padding=padding)
        for pool, padding in product(POOLINGS, PADDINGS)
    ),
    replace(PLAIN, style_weight=0.0, content_layers="conv2_1"),
    replace(PLAIN, loss=",".join(f"{name}:0.3" for name in (*loss_names(), "tv"))),
]


def name_of(options: ObjectiveOptions) -> str:
    return (
        f"{options.loss}-{options.gram_norm}-{options.pool}-{options.padding}"
        f"-{options.disc_widths}-{options.content_layers}-{options.style_weight}"
    )


def forward_model(objective: SmallObjective) -> ir.Model:
    """Return the graph from image and targets to the loss, without our gradient."""
    tape = Tape("forward", objective.dtype)
    image = tape.input("image", image_shape("image", objective.size))
    written = write_objective(tape, image, objective.parameters, objective.specification)
    tape.output(written.loss, "loss")
    return tape.model()


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_the_gradient_agrees_with_a_finite_difference(options: ObjectiveOptions) -> None:
    objective = SmallObjective(options, dtype=ir.DataType.DOUBLE)
    image, exemplar = (random_image(*size).astype(np.float64) for size in (SIZE, (9, 10)))
    content = random_image(*SIZE, seed=4).astype(np.float64) if options.content_layers else None
    inputs = objective.inputs(exemplar if options.style_weight else None, SIZE, content)
    forward = Reference(forward_model(objective))

    def loss(at: Array) -> float:
        return float(forward({"image": at, **inputs})["loss"])

    along = np.random.default_rng(3).standard_normal(image.shape)
    along /= np.linalg.norm(along)
    expected = slope(loss, image, along, 1e-6)
    model = objective_model(objective.specification, objective.parameters, None, objective.dtype)
    found = Reference(model)({"image": image, **inputs})["gradient"]
    assert float((found * along).sum()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "pool", "padding"),
    [
        *((loss, "avg", "zeros") for loss in loss_names()),
        ("gram", "max", "reflect"),
        ("gram", "avg", "circular"),
    ],
)
def test_the_gradient_agrees_with_that_of_onnx_ad(loss: str, pool: str, padding: str) -> None:
    options = replace(PLAIN, loss=loss, pool=pool, padding=padding)
    objective = SmallObjective(options, SIZE, ir.DataType.DOUBLE)
    image, exemplar = (random_image(*size).astype(np.float64) for size in (SIZE, (9, 10)))
    forward = onnx.shape_inference.infer_shapes(ir.to_proto(forward_model(objective)))
    reverse = onnx_ad.reverse(forward, inputs=["image"], outputs=["loss"], layout="onnx")
    taken = {value.name for value in forward.graph.input}
    inputs = {"image": image, "adj_loss": np.ones(1)} | {
        name: value for name, value in objective.inputs(exemplar, SIZE).items() if name in taken
    }
    (theirs,) = ReferenceEvaluator(reverse).run(["adj_image"], inputs)
    ours = objective(image, exemplar)["gradient"]
    assert relative_l2(ours, theirs[..., 0]) < 1e-12


def test_the_signature_is_that_of_the_artifact_format() -> None:
    objective = SmallObjective(replace(PLAIN, loss="gram+emd"))
    model = ir.to_proto(objective_model(objective.specification, objective.parameters))
    inputs = [value.name for value in model.graph.input]
    assert inputs == [
        "image",
        "target.gram.conv1_1",
        "target.emd.conv1_1",
        "target.gram.conv2_1",
        "target.emd.conv2_1",
    ]
    assert [value.name for value in model.graph.output] == ["loss", "layer_losses", "gradient"]
    shape = model.graph.output[2].type.tensor_type.shape
    assert [each.dim_value or each.dim_param for each in shape.dim] == [
        1,
        3,
        "image_height",
        "image_width",
    ]


def test_the_signature_names_all_that_the_losses_bring() -> None:
    options = replace(PLAIN, loss="gan+swd+tv", disc_widths=(4,), content_layers="conv1_2")
    objective = SmallObjective(options)
    model = ir.to_proto(objective_model(objective.specification, objective.parameters))

    def of(layer: str) -> list[str]:
        parameters = [f"{key}{k}.gan.{layer}" for k in range(2) for key in ("weight", "bias")]
        return [*parameters, f"directions.swd.{layer}", f"target.swd.{layer}"]

    inputs = [value.name for value in model.graph.input]
    assert inputs == ["image", *of("conv1_1"), *of("conv2_1"), "target.content.conv1_2"]
