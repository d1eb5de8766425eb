"""A session over fixed memory: what lies there goes in, and what comes out lies there.

Nothing is allocated or copied from step to step, wherever the provider keeps its memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.providers import Provider


class BoundSession:
    """A session whose inputs and outputs are bound once.

    Parameters
    ----------
    session
        What is run.
    inputs, outputs
        Values by name, each on the device that it shall stay on; inputs that the graph has not
        are left out.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        inputs: Mapping[str, ort.OrtValue],
        outputs: Mapping[str, ort.OrtValue],
    ) -> None:
        self._session = session
        names = [value.name for value in session.get_inputs()]
        taken = {name: inputs[name] for name in names if name in inputs}
        self._inputs, self._outputs = taken, dict(outputs)
        self._binding = session.io_binding()
        for name, value in outputs.items():
            self._binding.bind_ortvalue_output(name, value)

    def run(self) -> None:
        """Run once."""
        # A provider with a memory of its own takes a copy here, and what comes to lie in the
        # value later would not be seen; where there is nothing to copy, this costs nothing.
        for name, value in self._inputs.items():
            self._binding.bind_ortvalue_input(name, value)
        self._session.run_with_iobinding(self._binding)


class HostSession:
    """A session over arrays in the host's memory, for providers that compute there.

    Parameters
    ----------
    session
        What is run.
    inputs
        Arrays of the host's, by name; those that the graph has not are left out, and for what is
        not among them there are new ones.
    """

    def __init__(
        self, session: ort.InferenceSession, inputs: Mapping[str, NDArray[np.float32]]
    ) -> None:
        self.inputs = arrays_for(session.get_inputs(), inputs)
        self.outputs = arrays_for(session.get_outputs(), {})
        bound = [
            {name: on_device(array) for name, array in arrays.items()}
            for arrays in (self.inputs, self.outputs)
        ]
        self._bound = BoundSession(session, *bound)

    def run(self) -> None:
        """Compute the outputs of what lies in the inputs."""
        self._bound.run()


class Stepping:
    """A session whose outputs ``next_...`` are its inputs the next time, in two places by turns.

    Parameters
    ----------
    session, provider
        What is run, and where.
    state
        What it steps on, by name, as it is at first.
    fixed
        The other inputs.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        provider: Provider,
        state: Mapping[str, NDArray[np.float32]],
        fixed: Mapping[str, NDArray[np.float32] | ort.OrtValue],
    ) -> None:
        self._fixed = {
            name: on_device(value, provider) if isinstance(value, np.ndarray) else value
            for name, value in fixed.items()
        }
        told = [one for one in session.get_outputs() if not one.name.startswith("next_")]
        self.results = arrays_for(told, {})
        results = {name: on_device(array) for name, array in self.results.items()}
        self._places = [
            {name: on_device(value.copy(), provider) for name, value in state.items()}
            for _ in range(2)
        ]
        here, there = self._places
        self._bound = [
            BoundSession(
                session,
                {**before, **self._fixed},
                {f"next_{name}": value for name, value in after.items()} | results,
            )
            for before, after in ((here, there), (there, here))
        ]

    def put(self, name: str, value: NDArray[np.float32]) -> None:
        """Set one of the fixed inputs."""
        self._fixed[name].update_inplace(np.ascontiguousarray(value))

    def run(self) -> None:
        """Take one step; what it tells beside the state lies in `results`."""
        self._bound[0].run()
        self._bound.reverse()
        self._places.reverse()

    def restore(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Step on from another state."""
        for name, value in state.items():
            self._places[0][name].update_inplace(np.ascontiguousarray(value))

    def state(self, name: str) -> NDArray[np.float32]:
        """Return a copy of what it steps on, as it is now."""
        return np.array(self._places[0][name].numpy())


def on_device(array: NDArray[np.float32], provider: Provider | None = None) -> ort.OrtValue:
    """Return `array` where `provider` takes it; in the host's memory it is the array's own."""
    device = "cpu" if provider is None else provider.device
    # Not ascontiguousarray, which gives a scalar an axis.
    return ort.OrtValue.ortvalue_from_numpy(np.asarray(array, order="C"), device, 0)


def arrays_for(
    values: Iterable[ort.NodeArg], given: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Return an array for each of a graph's inputs or outputs, by name: the one given, or zeros."""
    return {
        value.name: given[value.name]
        if value.name in given
        else np.zeros([int(extent) for extent in value.shape], np.float32)
        for value in values
    }
