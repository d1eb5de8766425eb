"""The targets graphs: exemplar and output size to the statistics that the output shall have.

Another graph goes from the content image to what the output shall keep of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx_ir as ir

from texonnx.graph.dims import dims
from texonnx.graph.tape import Tape
from texonnx.objective.forward import image_shape, positions_symbol, write_statistic
from texonnx.objective.specification import Specification
from texonnx.subgraphs.trunk import TrunkParameters, write_trunk
from texonnx.vgg import layer_channels, pools_before


def targets_model(
    specification: Specification,
    parameters: TrunkParameters,
    dtype: ir.DataType = ir.DataType.FLOAT,
    *,
    of_cutout: bool = False,
) -> ir.Model:
    """Build the graph: exemplar, output_size -> every target statistic.

    ``output_size`` is int64 [2], height and width in pixels of the image to come. Only the
    statistics over positions depend on it: a sorted row is a quantile function, read at as many
    levels as the output has positions. With `of_cutout`, the graph also takes for each number of
    halvings which positions count, as :func:`counting` names them, and no other is looked at.
    """
    tape = Tape("targets", dtype)
    exemplar = tape.input("exemplar", image_shape("exemplar", None))
    output_size = tape.input("output_size", [2], ir.DataType.INT64)
    maps = write_trunk(tape, exemplar, parameters, specification.layers, specification.trunk)
    if of_cutout:
        maps = _of_what_counts(tape, maps)
    for name, loss, layer in specification.targets():
        statistic = write_statistic(tape, maps[layer], specification, loss, layer)
        if loss.quantiles:
            positions = _positions(tape, output_size, pools_before(layer))
            statistic = _resample(tape, statistic, positions)
        symbol = ("" if loss.quantiles else "exemplar_") + positions_symbol(layer)
        shape = [symbol if n is None else n for n in dims(statistic)]
        tape.output(statistic, name, shape)
    return tape.model()


def content_targets_model(
    specification: Specification,
    parameters: TrunkParameters,
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> ir.Model:
    """Build the graph: content image -> the features that the output shall keep.

    The content image has the output's size.
    """
    tape = Tape("content_targets", dtype)
    content = tape.input("content", image_shape("content", None))
    layers = specification.content_layers
    maps = write_trunk(tape, content, parameters, layers, specification.trunk)
    for name, loss, layer in specification.content_targets():
        statistic = write_statistic(tape, maps[layer], specification, loss, layer)
        shape = [positions_symbol(layer) if n is None else n for n in dims(statistic)]
        tape.output(statistic, name, shape)
    return tape.model()


def counting(halvings: int) -> str:
    """Return the name of the input that says which positions of a map count, bool [H' W']."""
    return f"counting_{halvings}"


def _of_what_counts(tape: Tape, maps: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    """Write the maps [1, N, H, W] at the positions that count, [1, N, 1, M]."""
    inputs: dict[int, ir.Value] = {}
    found = {}
    for layer, features in maps.items():
        halvings, channels = pools_before(layer), layer_channels(layer)
        if halvings not in inputs:
            inputs[halvings] = tape.input(
                counting(halvings), [f"exemplar_{positions_symbol(layer)}"], ir.DataType.BOOL
            )
        rows = tape.reshape(features, [1, channels, 1, -1])
        found[layer] = tape.op("Compress", [rows, inputs[halvings]], (1, channels, 1, None), axis=3)
    return found


def _positions(tape: Tape, output_size: ir.Value, pools: int) -> ir.Value:
    """Write the number of positions after `pools` halvings of the output, int64 [1]."""
    extents = tape.div(output_size, tape.integers([2**pools]))
    return tape.mul(tape.slice(extents, 0, 0, 1), tape.slice(extents, 0, 1, 2))


def _resample(tape: Tape, rows: ir.Value, positions: ir.Value) -> ir.Value:
    """Read quantile functions [N, M] at `positions` levels, linearly between the known ones.

    The i-th of M sorted values stands at level (i + 1/2) / M, which is what Resize calls
    half_pixel. With as many levels as values nothing changes.
    """
    channels = dims(rows)[0]
    assert channels is not None
    image = tape.reshape(rows, [1, channels, 1, -1])
    none = tape.constant([], ir.DataType.FLOAT)
    sizes = tape.concat([tape.integers([1, channels, 1]), positions], axis=0)
    resized = tape.op(
        "Resize",
        [image, none, none, sizes],
        (1, channels, 1, None),
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    return tape.reshape(resized, [channels, -1])
