"""Differentiation as a whole: what it refuses, how it adds up, and what it may write."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from support.evaluation import Array, Reference, slope
from support.small_network import parameters_of, small_weights

from texonnx.errors import GraphError
from texonnx.graph import gradient, gradients, pullback
from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.losses import loss_names
from texonnx.objective.adam_step import adam_step_model
from texonnx.objective.discriminator import discriminator_step_model
from texonnx.objective.forward import objective_model
from texonnx.objective.specification import specify
from texonnx.objective.targets import content_targets_model, targets_model
from texonnx.options import PADDINGS, POOLINGS, ObjectiveOptions

# What CPU, CUDA, WebGPU, TensorRT, CoreML, DirectML and OpenVINO all have kernels for.
# Not here, on purpose: MaxPool's Indices, MaxUnpool, Sign, Sum, ConvTranspose, anything of
# com.microsoft.
PORTABLE_OPS = {
    "Add",
    "AveragePool",
    "Cast",
    "Concat",
    "Conv",
    "DepthToSpace",
    "Div",
    "Equal",
    "Exp",
    "Expand",
    "Greater",
    "Identity",
    "Log",
    "MatMul",
    "MaxPool",
    "Mul",
    "Pow",
    "ReduceMean",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "ScatterElements",
    "Shape",
    "Slice",
    "Sqrt",
    "Sub",
    "TopK",
    "Transpose",
    "Unsqueeze",
    "Where",
}

OPTIONS = [
    *(
        ObjectiveOptions(loss=loss, pool=pool, padding=padding, layers="conv1_1,conv2_1,conv3_1")
        for loss, pool, padding in product(loss_names(), POOLINGS, PADDINGS)
    ),
    ObjectiveOptions(loss="gan", layers="conv1_1,conv2_1", disc_widths=(5, 3)),
    *(
        ObjectiveOptions(
            loss="gram+tv", layers="conv1_1", content_layers="conv1_2,conv3_1", padding=padding
        )
        for padding in PADDINGS
    ),
    ObjectiveOptions(style_weight=0.0, content_layers="conv2_1", tv=1.0),
]


EVERYTHING = replace(
    OPTIONS[0],
    loss="+".join((*loss_names(), "tv")),
    disc_widths=(4,),
    content_layers="conv1_2,conv2_1",
)


def models_of(options: ObjectiveOptions) -> dict[str, onnx.ModelProto]:
    """Return every graph of an objective, of known and of unknown size."""
    specification = specify(options)
    parameters = parameters_of(small_weights(), specification.trunk_layers)
    models = {
        "objective": objective_model(specification, parameters),
        "objective-13x18": objective_model(specification, parameters, (13, 18)),
        "adam_step": adam_step_model(specification, parameters),
        "adam_step-13x18": adam_step_model(specification, parameters, (13, 18)),
    }
    if specification.terms:
        models["targets"] = targets_model(specification, parameters)
    if specification.content_layers:
        models["content_targets"] = content_targets_model(specification, parameters)
    if specification.adversarial:
        models |= {
            "discriminator_step": discriminator_step_model(specification, parameters),
            "discriminator_step-13x18": discriminator_step_model(
                specification, parameters, (13, 18)
            ),
        }
    return {name: ir.to_proto(model) for name, model in models.items()}


def name_of(options: ObjectiveOptions) -> str:
    return (
        f"{options.loss}-{options.pool}-{options.padding}-{options.disc_widths}"
        f"-{options.content_layers}"
    )


def double_tape() -> Tape:
    return Tape("test", ir.DataType.DOUBLE)


def evaluated(tape: Tape, value: ir.Value, **inputs: object) -> np.ndarray:
    tape.output(value, "value")
    arrays = {name: np.array(array, np.float64) for name, array in inputs.items()}
    return Reference(tape.model())(arrays)["value"]


def test_an_op_without_a_rule_is_named() -> None:
    tape = double_tape()
    x = tape.input("x", ())
    y = tape.op("Cos", [x], ())
    with pytest.raises(GraphError, match=r"no gradient rule for Cos.*there are rules for Add, "):
        gradient(tape, y, x)


def test_an_op_without_a_rule_is_no_obstacle_where_no_gradient_passes() -> None:
    tape = double_tape()
    x, y = tape.input("x", ()), tape.input("y", ())
    z = tape.mul(x, tape.op("Cos", [y], ()))
    tape.op("Cos", [x], ())
    assert evaluated(tape, gradient(tape, z, x), x=5.0, y=0.0) == 1.0


def test_only_a_scalar_has_a_gradient() -> None:
    tape = double_tape()
    x = tape.input("x", (3,))
    with pytest.raises(GraphError, match="only a scalar"):
        gradient(tape, tape.relu(x), x)


def test_a_vector_of_one_element_is_not_a_scalar() -> None:
    tape = double_tape()
    x = tape.input("x", (1,))
    with pytest.raises(GraphError, match="only a scalar"):
        gradient(tape, tape.relu(x), x)


def test_a_value_that_does_not_depend_on_the_other_is_refused() -> None:
    tape = double_tape()
    x, y = tape.input("x", ()), tape.input("y", ())
    with pytest.raises(GraphError, match="does not depend on y"):
        gradient(tape, tape.square(x), y)


def test_a_gradient_that_cannot_be_had_inside_a_symmetric_product_is_refused() -> None:
    """The rule of A Aᵀ gives all to A: for Aᵀ by itself, nothing is left."""
    tape = double_tape()
    a = tape.input("a", (2, 3))
    transposed = tape.transpose(a, [1, 0])
    y = tape.reduce_sum(tape.matmul(a, transposed), [0, 1])
    with pytest.raises(GraphError):
        gradient(tape, y, transposed)


def test_depending_on_the_shape_alone_is_not_depending() -> None:
    tape = double_tape()
    x = tape.input("x", ("n",))
    with pytest.raises(GraphError, match="does not depend on x"):
        gradient(tape, tape.count(x, [0]), x)


def test_a_slice_with_another_step_is_refused() -> None:
    tape = double_tape()
    x = tape.input("x", (4,))
    y = tape.reduce_sum(tape.slice(x, 0, 0, 4, 2), [0])
    with pytest.raises(GraphError, match=r"step 1.*not 2"):
        gradient(tape, y, x)


def test_joining_several_parts_of_unknown_extent_is_refused() -> None:
    tape = double_tape()
    x, y = tape.input("x", ("n",)), tape.input("y", ("m",))
    z = tape.reduce_sum(tape.concat([x, y], 0), [0])
    with pytest.raises(GraphError, match="Concat of several parts of unknown extent"):
        gradient(tape, z, x)


def test_the_gradient_of_a_value_with_respect_to_itself_is_one() -> None:
    tape = double_tape()
    x = tape.input("x", ())
    assert evaluated(tape, gradient(tape, x, x), x=7.0) == 1.0


def test_the_gradients_of_every_use_of_a_value_add_up() -> None:
    # x² + 3 x - x³ / (x + 1) in x: 2 x + 3 - (3 x² (x + 1) - x³) / (x + 1)²; at 2:
    # 4 + 3 - (36 - 8) / 9.
    tape = double_tape()
    x = tape.input("x", ())
    cube = tape.mul(tape.square(x), x)
    quotient = tape.div(cube, tape.add(x, tape.constant(1.0)))
    y = tape.sub(tape.add(tape.square(x), tape.scale(x, 3.0)), quotient)
    np.testing.assert_allclose(evaluated(tape, gradient(tape, y, x), x=2.0), 7 - 28 / 9)


def test_a_value_used_at_two_depths_gets_both_gradients() -> None:
    # y = x², z = y² + y: dz/dx = (2 y + 1) 2 x; at 3: 19 * 6.
    tape = double_tape()
    x = tape.input("x", ())
    y = tape.square(x)
    z = tape.add(tape.square(y), y)
    assert evaluated(tape, gradient(tape, z, x), x=3.0) == 114


def test_the_gradient_can_be_differentiated_again() -> None:
    # x³ at 5: 3 x² = 75, 6 x = 30.
    tape = double_tape()
    x = tape.input("x", ())
    first = gradient(tape, tape.mul(tape.square(x), x), x)
    assert evaluated(tape, gradient(tape, first, x), x=5.0) == 30


def test_what_no_output_needs_is_dropped() -> None:
    """The gradients of kernel and bias are written by the rule and wanted by nobody."""
    tape = Tape("conv")
    image = tape.input("image", (1, 2, 5, 5))
    kernel = tape.constant(np.ones((3, 2, 3, 3)))
    bias = tape.constant(np.ones(3))
    features = tape.conv(image, kernel, bias, pads=(1, 1, 1, 1))
    loss = tape.reduce_sum(features, range(4))
    tape.output(gradient(tape, loss, image), "gradient")
    graph = ir.to_proto(tape.model()).graph
    # The gradient of a sum through a convolution does not depend on the image: one Conv is left.
    assert Counter(node.op_type for node in graph.node)["Conv"] == 1
    used = {name for node in graph.node for name in node.input}
    assert {tensor.name for tensor in graph.initializer} <= used
    outputs = {output.name for output in graph.output}
    assert all(set(node.output) & (used | outputs) for node in graph.node)


def test_a_convolution_costs_one_more_for_the_gradient_of_its_input() -> None:
    specification = specify(ObjectiveOptions(layers="conv3_1"))
    parameters = parameters_of(small_weights(), specification.layers)
    graph = ir.to_proto(objective_model(specification, parameters)).graph
    # Five layers up to conv3_1, there and back.
    assert Counter(node.op_type for node in graph.node)["Conv"] == 10


def test_a_kernel_is_stored_once() -> None:
    specification = specify(ObjectiveOptions(layers="conv2_1"))
    parameters = parameters_of(small_weights(), specification.layers)
    graph = ir.to_proto(objective_model(specification, parameters)).graph
    large = [tensor.name for tensor in graph.initializer if np.prod(tensor.dims) > 1000]
    assert sorted(large) == ["conv1_1.weight", "conv1_2.weight", "conv2_1.weight"]


@pytest.mark.parametrize("options", OPTIONS, ids=name_of)
def test_every_graph_is_valid_portable_onnx(options: ObjectiveOptions) -> None:
    for name, model in models_of(options).items():
        onnx.checker.check_model(model, full_check=True)
        assert model.ir_version <= 10, name
        assert [(opset.domain, opset.version <= 18) for opset in model.opset_import] == [("", True)]
        assert not model.functions
        for node in model.graph.node:
            assert node.domain == "", (name, node.op_type)
            assert node.op_type in PORTABLE_OPS, name
            if node.op_type == "MaxPool":
                assert len(node.output) == 1, name


@pytest.mark.parametrize("pool", POOLINGS)
@pytest.mark.parametrize("padding", PADDINGS)
def test_the_shapes_that_the_tape_declares_are_those_that_onnx_infers(
    pool: str, padding: str
) -> None:
    options = replace(EVERYTHING, pool=pool, padding=padding)
    for name, model in models_of(options).items():
        bare = onnx.ModelProto()
        bare.CopyFrom(model)
        del bare.graph.value_info[:]
        inferred = onnx.shape_inference.infer_shapes(bare, strict_mode=True, data_prop=True)
        shapes = {value.name: extents(value) for value in inferred.graph.value_info}
        for value in model.graph.value_info:
            if value.name not in shapes:  # a constant
                continue
            for declared, found in zip(extents(value), shapes[value.name], strict=True):
                assert None in (declared, found) or declared == found, (name, value.name)


def extents(value: onnx.ValueInfoProto) -> list[int | None]:
    shape = value.type.tensor_type.shape
    return [each.dim_value if each.HasField("dim_value") else None for each in shape.dim]


@pytest.mark.parametrize("padding", PADDINGS)
def test_where_the_size_is_known_no_shape_is_read_at_run_time(padding: str) -> None:
    models = models_of(replace(EVERYTHING, pool="max", padding=padding))
    for name in ("objective-13x18", "adam_step-13x18"):
        assert not [node.name for node in models[name].graph.node if node.op_type == "Shape"]


def test_the_gradient_has_the_shape_of_what_it_is_with_respect_to() -> None:
    tape = double_tape()
    x = tape.input("x", ("n", 1, 3))
    y = tape.reduce_sum(tape.square(tape.reduce_mean(x, [0, 2])), [0])
    assert dims(gradient(tape, y, x)) == (None, 1, 3)


# Several values at once


def test_gradients_with_respect_to_several_inputs_come_in_their_order() -> None:
    # x² y + y z in x, y, z: 2 x y, x² + z, y; at 2, 3, 5.
    tape = double_tape()
    x, y, z = (tape.input(name, ()) for name in "xyz")
    total = tape.add(tape.mul(tape.square(x), y), tape.mul(y, z))
    for name, found in zip("zxy", gradients(tape, total, [z, x, y]), strict=True):
        tape.output(found, name + "_slope")
    found = Reference(tape.model())({"x": np.array(2.0), "y": np.array(3.0), "z": np.array(5.0)})
    assert {name: float(value) for name, value in found.items()} == {
        "z_slope": 3.0,
        "x_slope": 12.0,
        "y_slope": 9.0,
    }


def test_gradients_of_matrices_at_once_are_those_of_each_by_itself() -> None:
    rng = np.random.default_rng(0)
    shapes = {"w": (3, 4), "b": (3, 1), "x": (4, 5)}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}

    def written(wrt: list[str]) -> dict[str, Array]:
        tape = double_tape()
        values = {name: tape.input(name, shape) for name, shape in shapes.items()}
        product = tape.matmul(values["w"], values["x"])
        y = tape.sum_of_squares(tape.relu(tape.add(product, values["b"])))
        for name, slope_ in zip(wrt, gradients(tape, y, [values[n] for n in wrt]), strict=True):
            tape.output(slope_, f"{name}_slope")
        return Reference(tape.model())(arrays)

    together = written(["w", "b", "x"])
    for name in shapes:
        np.testing.assert_array_equal(together[f"{name}_slope"], written([name])[f"{name}_slope"])


def test_of_several_inputs_the_one_that_does_not_count_is_named() -> None:
    tape = double_tape()
    x, y = tape.input("x", ()), tape.input("y", ())
    with pytest.raises(GraphError, match="nothing that has a gradient depends on y"):
        gradients(tape, tape.square(x), [x, y])


def test_of_several_inputs_each_must_be_one() -> None:
    tape = double_tape()
    x = tape.input("x", ())
    y = tape.square(x)
    with pytest.raises(GraphError, match="is computed on the tape"):
        gradients(tape, tape.square(y), [x, y])


def test_cotangents_of_several_values_give_the_gradient_of_the_sum_of_inner_products() -> None:
    # <a, x²> + <b, x³> in x: 2 a x + 3 b x².
    tape = double_tape()
    x, a, b = (tape.input(name, (3,)) for name in "xab")
    square = tape.square(x)
    cube = tape.mul(square, x)
    at, of_square, of_cube = (np.array(v) for v in ([1.0, -2, 3], [4.0, 5, -6], [0.5, 7, 8]))
    found = evaluated(tape, pullback(tape, {square: a, cube: b}, x), x=at, a=of_square, b=of_cube)
    np.testing.assert_allclose(found, 2 * of_square * at + 3 * of_cube * at**2)


def test_cotangents_of_feature_maps_agree_with_a_finite_difference() -> None:
    rng = np.random.default_rng(0)
    shape = (1, 2, 6, 7)
    kernels = [rng.standard_normal(size) for size in ((4, 2, 3, 3), (3, 4, 3, 3))]

    def maps(tape: Tape, x: ir.Value) -> list[ir.Value]:
        first = tape.relu(tape.conv(x, tape.constant(kernels[0]), pads=(1, 1, 1, 1)))
        second = tape.relu(
            tape.conv(tape.average_pool(first), tape.constant(kernels[1]), pads=(1, 1, 1, 1))
        )
        return [first, second]

    forward = double_tape()
    for k, value in enumerate(maps(forward, forward.input("x", shape))):
        forward.output(value, f"map{k}")
    run = Reference(forward.model())
    cotangents = [rng.standard_normal(size) for size in ((1, 4, 6, 7), (1, 3, 3, 3))]

    def inner_products(at: Array) -> float:
        found = run({"x": at})
        return float(sum((each * found[f"map{k}"]).sum() for k, each in enumerate(cotangents)))

    tape = double_tape()
    x = tape.input("x", shape)
    weights = [tape.input(f"c{k}", each.shape) for k, each in enumerate(cotangents)]
    pulled = pullback(tape, dict(zip(maps(tape, x), weights, strict=True)), x)
    image, along = rng.standard_normal(shape), rng.standard_normal(shape)
    found = evaluated(tape, pulled, x=image, c0=cotangents[0], c1=cotangents[1])
    expected = slope(inner_products, image, along, 1e-6)
    assert float((found * along).sum()) == pytest.approx(expected, rel=1e-7)


def test_the_cotangent_of_a_value_itself_is_handed_through_and_added() -> None:
    # <c, x> + <d, x²>: c + 2 d x.
    tape = double_tape()
    x, c, d = (tape.input(name, (2,)) for name in "xcd")
    found = evaluated(
        tape, pullback(tape, {x: c, tape.square(x): d}, x), x=[3.0, 4], c=[5.0, 6], d=[1.0, -1]
    )
    assert found.tolist() == [11, -2]


def test_what_lies_on_top_of_a_value_with_a_cotangent_adds_nothing() -> None:
    tape = double_tape()
    x, c = tape.input("x", ()), tape.input("c", ())
    y = tape.square(x)
    tape.square(y)
    assert evaluated(tape, pullback(tape, {y: c}, x), x=3.0, c=2.0) == 12


def test_the_gradient_of_a_scalar_is_its_pullback_of_one() -> None:
    tape = double_tape()
    x = tape.input("x", (3,))
    y = tape.sum_of_squares(tape.square(x))
    both = tape.sub(gradient(tape, y, x), pullback(tape, {y: tape.constant(1.0)}, x))
    assert not evaluated(tape, both, x=[1.0, 2.0, 3.0]).any()


def test_a_cotangent_of_a_value_that_does_not_depend_on_the_other_is_refused() -> None:
    tape = double_tape()
    x, y, c = (tape.input(name, ()) for name in "xyc")
    ours, theirs = tape.square(x), tape.square(y)
    with pytest.raises(GraphError, match=f"{theirs.name} does not depend on x"):
        pullback(tape, {ours: c, theirs: c}, x)


def test_cotangents_are_pulled_back_to_inputs_alone() -> None:
    tape = double_tape()
    x, c = tape.input("x", ()), tape.input("c", ())
    y = tape.square(x)
    with pytest.raises(GraphError, match="is computed on the tape"):
        pullback(tape, {tape.square(y): c}, y)
