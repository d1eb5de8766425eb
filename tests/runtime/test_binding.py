"""What lies in the memory that is bound is what a session computes with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.runtime.binding import BoundSession, on_device


class Elsewhere:
    """A session that copies its inputs when they are bound: one with a memory of its own."""

    def __init__(self) -> None:
        self._inputs: dict[str, NDArray[np.float32]] = {}
        self._outputs: dict[str, ort.OrtValue] = {}

    def get_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="x")]

    def io_binding(self) -> Elsewhere:
        return self

    def bind_ortvalue_input(self, name: str, value: ort.OrtValue) -> None:
        self._inputs[name] = value.numpy().copy()

    def bind_ortvalue_output(self, name: str, value: ort.OrtValue) -> None:
        self._outputs[name] = value

    def run_with_iobinding(self, binding: Elsewhere) -> None:
        self._outputs["y"].update_inplace(2 * self._inputs["x"])


def test_what_comes_to_lie_in_an_input_later_is_seen_where_inputs_are_copied() -> None:
    x, y = (on_device(np.zeros(3, np.float32)) for _ in range(2))
    session: Any = Elsewhere()
    bound = BoundSession(session, {"x": x}, {"y": y})
    for value in ([1, 2, 3], [4, 5, 6]):
        x.update_inplace(np.array(value, np.float32))
        bound.run()
        assert y.numpy().tolist() == [2 * one for one in value]
