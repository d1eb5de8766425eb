"""Running graphs: in float64 by ONNX's reference evaluator, in float32 by ONNX Runtime.

Either takes of its inputs those that the graph has, as a host does that keeps them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from texonnx.objective.source import Graph, Model

Array = NDArray[np.float64]
Arrays = Mapping[str, NDArray[np.generic]]


class Reference:
    """A model run by ONNX's reference evaluator: NumPy, in the graph's own precision."""

    def __init__(self, model: ir.Model) -> None:
        self._evaluator = ReferenceEvaluator(ir.to_proto(model))

    def __call__(self, inputs: Arrays) -> dict[str, Array]:
        names = self._evaluator.output_names
        feeds = {name: inputs[name] for name in self._evaluator.input_names}
        return dict(zip(names, self._evaluator.run(None, feeds), strict=True))


class Runtime:
    """A model, in memory or in a file, run by ONNX Runtime on the CPU."""

    def __init__(self, model: ir.Model | Graph) -> None:
        # Here, since tests of what is portable use the rest of this file.
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.log_severity_level = 4
        # One thread: waiting threads spin, and slow down the NumPy that runs beside them.
        options.intra_op_num_threads = 1
        if isinstance(model, Path):
            source: str | bytes = str(model)
        elif isinstance(model, Model):
            source = model.whole()
        else:
            source = ir.to_proto(model).SerializeToString()
        self._session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])

    def __call__(self, inputs: Arrays) -> dict[str, Array]:
        names = [output.name for output in self._session.get_outputs()]
        feeds = {value.name: inputs[value.name] for value in self._session.get_inputs()}
        return dict(zip(names, self._session.run(names, feeds), strict=True))


def relative_l2(found: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    """Return |found - expected| / |expected|, in the Euclidean norm."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def slope(function: Callable[[Array], float], at: Array, along: Array, step: float) -> float:
    """Return the derivative of `function` along a direction, by central difference."""
    return (function(at + step * along) - function(at - step * along)) / (2 * step)
