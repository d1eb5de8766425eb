"""The exemplar's statistics, computed once a scale."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.artifacts.objective import Size
from texonnx.images import Image


def target_statistics(
    session: ort.InferenceSession, exemplar: Image, size: Size
) -> dict[str, NDArray[np.float32]]:
    """Return every target statistic of `exemplar` for an output of `size`, by name.

    `session` runs the targets graph.
    """
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {"exemplar": exemplar, "output_size": np.array(size, np.int64)})
    # What the session returns lies in its memory, all of which would be kept for it.
    return {name: value.copy() for name, value in zip(names, values, strict=True)}
