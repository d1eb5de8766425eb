"""The tape: a forward graph written op by op over `onnx_ir`, in the order in which it runs.

A dimension that is not known when the graph is written is ``None`` in a value's shape; the ops
that need it read it at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import onnx_ir as ir
from numpy.typing import ArrayLike

from texonnx.graph.dims import (
    Dims,
    broadcast_dims,
    dims,
    reduced_dims,
    sliced_extent,
    static_dims,
)

OPSET = 17
IR_VERSION = 10
Attribute = int | float | str | Sequence[int]


class Composite(NamedTuple):
    """Several nodes whose gradient is written for all of them, not op by op.

    Attributes
    ----------
    inputs
        What they compute from.
    pull
        Writes, from the gradient with respect to their result, that with respect to each of
        `inputs`, ``None`` where nothing flows.
    """

    inputs: tuple[ir.Value, ...]
    pull: Callable[[ir.Value], Sequence[ir.Value | None]]


class Tape:
    """An ONNX graph under construction.

    Parameters
    ----------
    name
        The graph's name.
    dtype
        Floating-point type of the graph: FLOAT, or DOUBLE where a test wants finite differences.
    prefix
        What the names of its values begin with: those of a graph within another must be others.

    Attributes
    ----------
    nodes
        What was written, in order.
    composites
        By their results.
    """

    def __init__(self, name: str, dtype: ir.DataType = ir.DataType.FLOAT, prefix: str = "") -> None:
        self.name = name
        self.dtype = dtype
        self._prefix = prefix
        self.nodes: list[ir.Node] = []
        self.composites: dict[ir.Value, Composite] = {}
        self._inputs: list[ir.Value] = []
        self._outputs: list[ir.Value] = []
        self._initializers: list[ir.Value] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], ir.Value] = {}

    # The borders of the graph

    def input(
        self, name: str, dims: Sequence[int | str | None], dtype: ir.DataType | None = None
    ) -> ir.Value:
        """Add a graph input; a string names a dimension that is known only at run time."""
        value = ir.Value(name=name, shape=ir.Shape(dims), type=ir.TensorType(dtype or self.dtype))
        self._inputs.append(value)
        return value

    def initializer(self, name: str, tensor: ir.TensorProtocol) -> ir.Value:
        """Add a named tensor, such as a kernel or external data, stored with the graph."""
        value = ir.Value(
            name=name,
            shape=ir.Shape(tensor.shape.numpy()),
            type=ir.TensorType(tensor.dtype),
            const_value=tensor,
        )
        self._initializers.append(value)
        return value

    def constant(self, values: ArrayLike, dtype: ir.DataType | None = None) -> ir.Value:
        """Return a constant of the tape's type, or of `dtype`; equal constants are shared."""
        array = np.asarray(values, dtype=(dtype or self.dtype).numpy())
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._constants:
            name = f"{self._prefix}constant_{len(self._constants)}"
            self._constants[key] = self.initializer(name, ir.tensor(array, name=name))
        return self._constants[key]

    def integers(self, values: Sequence[int]) -> ir.Value:
        """Return a constant int64 vector: axes, shapes, the borders of slices."""
        return self.constant(values, ir.DataType.INT64)

    def output(
        self, value: ir.Value, name: str, shape: Sequence[int | str | None] | None = None
    ) -> None:
        """Make `value` a graph output called `name`; `shape` may name its unknown dimensions."""
        if value.producer() is None or value in self._outputs:
            value = self.op("Identity", [value], dims(value), dtype=value.dtype)
        value.name = name
        if shape is not None:
            value.shape = ir.Shape(shape)
        self._outputs.append(value)

    def cut(self, value: ir.Value, name: str) -> ir.Value:
        """Put a graph input in place of `value` wherever it is used, and return it.

        What computed `value` goes with the closing of the tape, unless it is needed elsewhere.
        """
        replacement = self.input(name, dims(value), value.dtype)
        value.replace_all_uses_with(replacement)
        return replacement

    def model(self) -> ir.Model:
        """Close the tape: return the model, without the nodes that no output needs."""
        needed = _needed_nodes(self._outputs)
        nodes = [node for node in self.nodes if node in needed]
        used = {value for node in nodes for value in _values_read(node)}
        graph = ir.Graph(
            self._inputs,
            self._outputs,
            nodes=nodes,
            initializers=[value for value in self._initializers if value in used],
            opset_imports={"": OPSET},
            name=self.name,
        )
        return ir.Model(graph, ir_version=IR_VERSION, producer_name="texonnx")

    # Writing nodes

    def op(
        self,
        op_type: str,
        inputs: Sequence[ir.Value],
        shape: Dims,
        *,
        dtype: ir.DataType | None = None,
        **attributes: Attribute,
    ) -> ir.Value:
        """Append a node with one output of the given shape and return that output."""
        return self._append(op_type, inputs, [(shape, dtype or self.dtype)], attributes)[0]

    def _append(
        self,
        op_type: str,
        inputs: Sequence[ir.Value],
        outputs: Sequence[tuple[Dims, ir.DataType]],
        attributes: Mapping[str, Attribute | ir.Graph],
    ) -> list[ir.Value]:
        name = f"{self._prefix}{op_type}_{len(self.nodes)}"
        values = [
            ir.Value(name=f"{name}_{k}", shape=ir.Shape(shape), type=ir.TensorType(dtype))
            for k, (shape, dtype) in enumerate(outputs)
        ]
        self.nodes.append(
            ir.node(op_type, inputs, attributes=attributes, outputs=values, name=name)
        )
        return values

    def scan(
        self,
        states: Sequence[ir.Value],
        series: ir.Value,
        write: Callable[[Tape, Sequence[ir.Value], ir.Value], tuple[Sequence[ir.Value], ir.Value]],
    ) -> tuple[list[ir.Value], ir.Value]:
        """Go through `series` along its first axis, one element after the other.

        Parameters
        ----------
        states
            What is handed on from element to element, as it is at first.
        series
            The elements.
        write
            Writes what is done with one: from a tape of its own, the states and the element to
            the next states and what is kept. It may use values of this tape as well.

        Returns
        -------
        list of ir.Value, ir.Value
            The last states, and what was kept of each element along a new first axis.
        """
        name = f"{self._prefix}scan_{len(self.nodes)}"
        inner = Tape(name, self.dtype, f"{name}_")
        handed = [
            inner.input(f"{name}_state_{k}", dims(state), state.dtype)
            for k, state in enumerate(states)
        ]
        element = inner.input(f"{name}_element", dims(series)[1:], series.dtype)
        following, kept = write(inner, handed, element)
        for k, value in enumerate([*following, kept]):
            inner.output(value, f"{name}_output_{k}")
        kept_type = kept.dtype or self.dtype
        outputs = [(dims(state), state.dtype or self.dtype) for state in states]
        outputs.append(((dims(series)[0], *dims(kept)), kept_type))
        body = inner.model().graph
        attributes: dict[str, Attribute | ir.Graph] = {"body": body, "num_scan_inputs": 1}
        *last, all_kept = self._append("Scan", [*states, series], outputs, attributes)
        return last, all_kept

    # Convolution and pooling, over [1, channels, height, width]

    def conv(
        self,
        x: ir.Value,
        kernel: ir.Value,
        bias: ir.Value | None = None,
        pads: Sequence[int] = (0, 0, 0, 0),
    ) -> ir.Value:
        """Convolve with stride 1; kernel [out, in, k, k].

        `pads` zeros stand at the top, the left, the bottom and the right.
        """
        batch, _, *extent = dims(x)
        out_channels, _, *window = dims(kernel)
        shape = (
            batch,
            out_channels,
            *(
                None if n is None or k is None else n + before + after - k + 1
                for n, k, before, after in zip(extent, window, pads[:2], pads[2:], strict=True)
            ),
        )
        inputs = [x, kernel] if bias is None else [x, kernel, bias]
        known = [n for n in window if n is not None]
        attributes: dict[str, Attribute] = {"pads": list(pads)}
        if len(known) == len(window):
            attributes["kernel_shape"] = known
        return self._append("Conv", inputs, [(shape, self.dtype)], attributes)[0]

    def average_pool(self, x: ir.Value, size: int = 2) -> ir.Value:
        """Average over windows of `size` x `size`; rows and columns left over are dropped."""
        return self._pool("AveragePool", x, size)

    def max_pool(self, x: ir.Value, size: int = 2) -> ir.Value:
        """Take the largest of windows of `size` x `size`; what is left over is dropped."""
        return self._pool("MaxPool", x, size)

    def _pool(self, op_type: str, x: ir.Value, size: int) -> ir.Value:
        batch, channels, *extent = dims(x)
        shape = (batch, channels, *(None if n is None else n // size for n in extent))
        window = [size, size]
        return self.op(op_type, [x], shape, kernel_shape=window, strides=window)

    # Elementwise, with broadcasting

    def unary(self, op_type: str, x: ir.Value) -> ir.Value:
        """Return what ``Sqrt``, ``Cos`` and the like make of x."""
        return self.op(op_type, [x], dims(x))

    def relu(self, x: ir.Value) -> ir.Value:
        """Return max(x, 0)."""
        return self.unary("Relu", x)

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a + b."""
        return self._broadcast("Add", a, b)

    def sub(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a - b."""
        return self._broadcast("Sub", a, b)

    def mul(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a * b."""
        return self._broadcast("Mul", a, b)

    def div(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a / b."""
        return self._broadcast("Div", a, b)

    def scale(self, x: ir.Value, factor: float) -> ir.Value:
        """Return `factor` * x."""
        return x if factor == 1.0 else self.mul(x, self.constant(factor))

    def square(self, x: ir.Value) -> ir.Value:
        """Return x²."""
        return self.mul(x, x)

    def _broadcast(self, op_type: str, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.op(op_type, [a, b], broadcast_dims(dims(a), dims(b)), dtype=a.dtype)

    def where(self, condition: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a where `condition`, else b; both are broadcast to the condition's shape."""
        return self.op("Where", [condition, a, b], dims(condition))

    def compare(self, op_type: str, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return the booleans of ``Greater``, ``Equal`` and the like."""
        shape = broadcast_dims(dims(a), dims(b))
        return self.op(op_type, [a, b], shape, dtype=ir.DataType.BOOL)

    # Matrices and reductions

    def matmul(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return the product of the matrices a [n, m] and b [m, k], or of planes of such.

        Only that of two matrices has a gradient here.
        """
        planes = broadcast_dims(dims(a)[:-2], dims(b)[:-2])
        return self.op("MatMul", [a, b], (*planes, dims(a)[-2], dims(b)[-1]))

    def transpose(self, x: ir.Value, permutation: Sequence[int]) -> ir.Value:
        """Reorder the axes of x."""
        shape = tuple(dims(x)[axis] for axis in permutation)
        return self.op("Transpose", [x], shape, perm=permutation)

    def reduce_sum(self, x: ir.Value, axes: Sequence[int], keepdims: bool = False) -> ir.Value:
        """Sum over `axes`."""
        return self.op(
            "ReduceSum",
            [x, self.integers(axes)],
            reduced_dims(dims(x), axes, keepdims),
            keepdims=int(keepdims),
        )

    def reduce_mean(self, x: ir.Value, axes: Sequence[int], keepdims: bool = False) -> ir.Value:
        """Average over `axes`."""
        shape = reduced_dims(dims(x), axes, keepdims)
        return self.op("ReduceMean", [x], shape, axes=axes, keepdims=int(keepdims))

    def sum_of_squares(self, x: ir.Value) -> ir.Value:
        """Return the scalar sum of x², the last axis first: see :meth:`mean_of_squares`."""
        *outer, last = range(len(dims(x)))
        sums = self.reduce_sum(self.square(x), [last])
        return self.reduce_sum(sums, outer) if outer else sums

    def mean_of_squares(self, x: ir.Value) -> ir.Value:
        """Return the scalar mean of x², the last axis first.

        In one go, runtimes lose four digits of float32 on millions of values.
        """
        *outer, last = range(len(dims(x)))
        means = self.reduce_mean(self.square(x), [last])
        return self.reduce_mean(means, outer) if outer else means

    # Shapes, slices and sorting

    def shape_of(self, x: ir.Value) -> ir.Value:
        """Return the shape of x as int64: a constant where it is known, else read at run time."""
        known = dims(x)
        if None not in known:
            return self.integers(static_dims(x))
        return self.op("Shape", [x], (len(known),), dtype=ir.DataType.INT64)

    def extent(self, x: ir.Value, axis: int) -> ir.Value:
        """Return the length of x along `axis` as an int64 vector of one element."""
        known = dims(x)[axis]
        if known is not None:
            return self.integers([known])
        return self.slice(self.shape_of(x), 0, axis, axis + 1)

    def count(self, x: ir.Value, axes: Sequence[int]) -> ir.Value:
        """Return how many elements x has along `axes`, as a number of the tape's type."""
        known = [dims(x)[axis] for axis in axes]
        if None not in known:
            return self.constant(float(np.prod([n for n in known if n is not None])))
        factors = [self.cast(self.extent(x, axis)) for axis in axes]
        return self.reshape(reduce(self.mul, factors), [])

    def cast(self, x: ir.Value, dtype: ir.DataType | None = None) -> ir.Value:
        """Convert x to `dtype`, by default the tape's own."""
        target = dtype or self.dtype
        return self.op("Cast", [x], dims(x), dtype=target, to=int(target))

    def reshape(self, x: ir.Value, shape: Sequence[int]) -> ir.Value:
        """Give x another shape; one -1 stands for what is left."""
        known = dims(x)
        total = None if None in known else int(np.prod([n for n in known if n is not None]))
        rest = int(np.prod([n for n in shape if n != -1]))
        left = None if total is None else total // rest
        target = tuple(left if n == -1 else n for n in shape)
        return self.op("Reshape", [x, self.integers(shape)], target, dtype=x.dtype)

    def unsqueeze(self, x: ir.Value, axes: Sequence[int]) -> ir.Value:
        """Insert axes of extent 1, so that they stand at `axes` of the result."""
        shape = list(dims(x))
        for axis in sorted(axes):
            shape.insert(axis, 1)
        return self.op("Unsqueeze", [x, self.integers(axes)], tuple(shape), dtype=x.dtype)

    def reshape_like(self, x: ir.Value, like: ir.Value) -> ir.Value:
        """Give x the shape of `like`."""
        return self.op("Reshape", [x, self.shape_of(like)], dims(like))

    def expand_like(self, x: ir.Value, like: ir.Value) -> ir.Value:
        """Broadcast x to the shape of `like`."""
        return self.op("Expand", [x, self.shape_of(like)], dims(like))

    def slice(self, x: ir.Value, axis: int, start: int, end: int, step: int = 1) -> ir.Value:
        """Take ``x[start:end:step]`` along `axis`, with Python's meaning of negative borders."""
        return self.slices(x, [axis], [start], [end], [step])

    def slices(
        self,
        x: ir.Value,
        axes: Sequence[int],
        starts: Sequence[int],
        ends: Sequence[int],
        steps: Sequence[int],
    ) -> ir.Value:
        """Slice along several axes at once."""
        shape = list(dims(x))
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
            shape[axis] = sliced_extent(shape[axis], start, end, step)
        borders = [self.integers(values) for values in (starts, ends, axes, steps)]
        return self.op("Slice", [x, *borders], tuple(shape), dtype=x.dtype)

    def crop_like(self, x: ir.Value, like: ir.Value, axes: Sequence[int]) -> ir.Value:
        """Keep the first elements of x along `axes`, as many as `like` has."""
        for axis in axes:
            if (size := dims(like)[axis]) is not None and size == dims(x)[axis]:
                continue
            shape = (*dims(x)[:axis], dims(like)[axis], *dims(x)[axis + 1 :])
            borders = [self.integers([0]), self.extent(like, axis), self.integers([axis])]
            x = self.op("Slice", [x, *borders], shape, dtype=x.dtype)
        return x

    def concat(self, parts: Sequence[ir.Value], axis: int) -> ir.Value:
        """Join `parts` along `axis`."""
        extents = [dims(part)[axis] for part in parts]
        joined = None if None in extents else sum(n for n in extents if n is not None)
        shape = list(dims(parts[0]))
        shape[axis] = joined
        return self.op("Concat", parts, tuple(shape), dtype=parts[0].dtype, axis=axis)

    def zeros_like(self, x: ir.Value) -> ir.Value:
        """Return zeros in the shape of x."""
        return self.expand_like(self.constant(0.0), x)

    def upsample(self, x: ir.Value, factor: int) -> ir.Value:
        """Repeat every pixel of [1, channels, H, W] `factor` times along height and width."""
        batch, channels, *extent = dims(x)
        shape = (batch, channels, *(None if n is None else n * factor for n in extent))
        scales = self.constant([1.0, 1.0, factor, factor], ir.DataType.FLOAT)
        roi = self.constant([], ir.DataType.FLOAT)
        return self.op(
            "Resize",
            [x, roi, scales],
            shape,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def depth_to_space(self, x: ir.Value, size: int) -> ir.Value:
        """Lay `size`² groups of channels out as the pixels of `size` x `size` windows."""
        batch, channels, *extent = dims(x)
        shape = (
            batch,
            None if channels is None else channels // size**2,
            *(None if n is None else n * size for n in extent),
        )
        return self.op("DepthToSpace", [x], shape, blocksize=size, mode="DCR")

    def sort(self, x: ir.Value) -> tuple[ir.Value, ir.Value]:
        """Sort along the last axis, rising; return the values and where each came from."""
        k = self.extent(x, len(dims(x)) - 1)
        outputs = [(dims(x), self.dtype), (dims(x), ir.DataType.INT64)]
        attributes: dict[str, Attribute] = {"axis": -1, "largest": 0, "sorted": 1}
        values, indices = self._append("TopK", [x, k], outputs, attributes)
        return values, indices


def _needed_nodes(outputs: Sequence[ir.Value]) -> set[ir.Node]:
    needed: set[ir.Node] = set()
    waiting = [output.producer() for output in outputs]
    while waiting:
        node = waiting.pop()
        if node is None or node in needed:
            continue
        needed.add(node)
        waiting.extend(value.producer() for value in _values_read(node))
    return needed


def _values_read(node: ir.Node) -> Iterator[ir.Value]:
    """Yield what a node takes, and what the graphs within it take, from wherever it is."""
    yield from (value for value in node.inputs if value is not None)
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            for inner in attribute.as_graph():
                yield from _values_read(inner)
