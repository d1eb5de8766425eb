"""A session over fixed memory: what lies there goes in, and what comes out lies there.

Nothing is allocated or copied from step to step, wherever the provider keeps its memory.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray


class BoundSession:
    """A session whose inputs and outputs are bound once.

    Parameters
    ----------
    session
        What is run.
    inputs, outputs
        Values by name, each on the device that it shall stay on.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        inputs: Mapping[str, ort.OrtValue],
        outputs: Mapping[str, ort.OrtValue],
    ) -> None:
        self._session = session
        self._values = (dict(inputs), dict(outputs))
        self._binding = session.io_binding()
        for name, value in inputs.items():
            self._binding.bind_ortvalue_input(name, value)
        for name, value in outputs.items():
            self._binding.bind_ortvalue_output(name, value)

    def run(self) -> None:
        """Run once."""
        self._session.run_with_iobinding(self._binding)


def on_device(array: NDArray[np.float32], provider: str) -> ort.OrtValue:
    """Return `array` where `provider` computes; on the CPU it is the array's own memory."""
    device = "cuda" if provider == "cuda" else "cpu"
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), device, 0)


def output_arrays(session: ort.InferenceSession) -> dict[str, NDArray[np.float32]]:
    """Return zeros for every output of a graph of fixed size, by name."""
    return {
        output.name: np.zeros([int(extent) for extent in output.shape], np.float32)
        for output in session.get_outputs()
    }
