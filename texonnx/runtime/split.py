"""The split objective: features in the runtime, sorting on the host, the gradient in the runtime.

Used where the runtime works in the host's memory: nothing is copied between the three.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.objective.split import SplitGraphs
from texonnx.runtime.binding import HostSession
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.sessions import Opener
from texonnx.runtime.sorted_distance import sorted_distance
from texonnx.system.machine import cores


class SplitObjective:
    """Loss and gradient of an objective with a loss that sorts.

    Parameters
    ----------
    graphs
        The two halves.
    targets
        What the graphs take beside the image, by name; read anew at every evaluation.
    open_session
        Starts a session of a graph.
    """

    def __init__(
        self,
        graphs: SplitGraphs,
        targets: Mapping[str, NDArray[np.float32]],
        open_session: Opener,
    ) -> None:
        features = open_session(graphs.features)
        pullback = open_session(graphs.pullback)
        self._weights = graphs.sorting_weights
        self._targets = {layer: targets[name] for layer, name in graphs.sorted_targets.items()}
        self._pool = ThreadPoolExecutor(
            features.get_session_options().intra_op_num_threads or cores()
        )
        self._forward = HostSession(features, {})
        self._backward = HostSession(
            pullback, {**self._forward.inputs, **self._forward.outputs, **targets}
        )
        self._others = self._backward.outputs.get(
            "layer_losses", np.zeros(graphs.parts, np.float32)
        )

    def __call__(self, image: Image) -> Evaluation:
        """Evaluate at `image`, [1, 3, H, W] in [0, 1]."""
        self._forward.inputs["image"][...] = image
        self._forward.run()
        sorted_losses = [
            sorted_distance(
                _matrix(self._forward.outputs[f"features.{layer}"]),
                self._targets[layer],
                weight,
                _matrix(self._backward.inputs[f"cotangent.{layer}"]),
                self._pool,
            )
            for layer, weight in self._weights.items()
        ]
        self._backward.run()
        losses = self._others.astype(np.float64)
        losses[: len(sorted_losses)] += sorted_losses
        parts = losses.astype(np.float32)
        return Evaluation(
            Losses(float(parts.sum()), parts), self._backward.outputs["gradient"].copy()
        )


def _matrix(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """View feature maps [1, N, H, W] as the matrix F [N, M]."""
    return maps.reshape(maps.shape[1], -1)
